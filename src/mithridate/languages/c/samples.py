"""Seeds from the project itself: data files of its tests, samples and corpora, and the dictionaries that it ships."""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.c.walk import head, regular_files

SMALL_BYTES = 256 << 10
LARGE_BYTES = 1 << 20
MAX_SAMPLES = 2000
MAX_TOTAL_BYTES = 64 << 20
MAX_FOR_PROGRAM = 400
MAX_ARCHIVE_ENTRIES = 5000
_CODE_RANK = 3

_CODE = re.compile(
    r"\.("
    r"c|h|cc|cpp|cxx|hpp|hh|hxx|inc|inl|s|asm|o|a|so|la|lo|m4|ac|am|in|cmake|mk|mak|build|vcxproj|sln|vcproj|dsp|dsw|"
    r"pro|rc|def|map|py|pyc|pl|pm|rb|go|rs|java|class|kt|swift|cs|ts|tsx|jsx|gradle|sh|bash|bat|cmd|ps1|spec|patch|"
    r"diff|orig|rej|po|pot|md|rst|adoc|texi|tex|man|[1-8]\w{0,6}|[ch]-\w+|dict|options|gitignore|gitattributes|gitmodules|"
    r"editorconfig|clang\-format|pc|cfg|ini|toml|yml|yaml|lock|log|html|htm|css|svg|js|json|txt|xml|csv|dtd|xsd|xsl|"
    r"sql|lua|awk|bc|conf|test|t|exp|out|ref|expected|el|vim|at|tcl|d"
    r")"
)
_TEXT_DATA = re.compile(
    r"\.("
    r"md|rst|tex|texi|ini|cfg|toml|yml|yaml|html|htm|css|svg|js|json|txt|xml|csv|dtd|xsd|xsl|sql|lua|awk|bc|conf|"
    r"patch|diff|po|pot|py|pl|rb|go|java|c|h|cpp|asm|s|sh|log|test|t|d|map|spec|1|man|adoc|def"
    r")"
)
_DATA_PLACE = re.compile(
    r"(^|[_.-])(tests?|testdata|testing|testsuite|t|samples?|examples?|corpus|corpora|data|fuzz\w*|seeds?|inputs?|pics?|images?|img|cases|"
    r"fixtures?|resources?|regress\w*|suite|files|testfiles|poc|pocs|polls?|crash\w*|demos?|contrib)([_.-]|\d*$)",
    re.IGNORECASE,
)
_SEED_PLACE = re.compile(r"(corpus|corpora|seeds?$|seed_|_seed)", re.IGNORECASE)
_BUILD_NAMES = re.compile(
    r"^(makefile.*|cmakelists\.txt|readme.*|license.*|copying.*|authors.*|changelog.*|changes.*|news.*|todo.*|install.*|configure.*|"
    r"config\.(guess|sub|h.*)|meson.*|dockerfile.*|version.*|thanks.*|\..*|.*~)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One seed. `path` is a readable host file; `place` where it came from, relative to the tree; `suffix` with its dot or ""."""

    path: Path
    place: str
    suffix: str
    size: int
    format: str
    rank: int


@dataclass(frozen=True, slots=True)
class Samples:
    """All seeds of a project, best first, and the paths of its AFL/libFuzzer dictionaries."""

    samples: tuple[Sample, ...]
    dictionaries: tuple[Path, ...] = ()

    def for_program(self, name: str, hints: Iterable[str] = (), limit: int = MAX_FOR_PROGRAM) -> list[Path]:
        """Seeds for the program or fuzz target `name`, the likeliest first.

        `hints` are words that tell what it reads: extensions or format names in its usage text, directories near its source.
        """
        words = {w.lower().lstrip(".") for w in hints if len(w) > 1}
        stem = _stem(name)
        ranked = sorted(self.samples, key=lambda s: (-_affinity(s, stem, words), s.rank, s.size, s.place))
        return [s.path for s in _spread(ranked, lambda s: (_affinity(s, stem, words) // 10, s.suffix, s.format))][:limit]

    def for_dictionary(self, name: str) -> list[Path]:
        """Dictionaries whose name fits the fuzz target or program `name`; all of them when the project ships only one."""
        stem = _stem(name)
        fitting = [d for d in self.dictionaries if _stem(d.stem) and (_stem(d.stem) in stem or stem in _stem(d.stem))]
        return fitting or (list(self.dictionaries) if len(self.dictionaries) == 1 else [])


def collect(tree: Path, globs: Sequence[str], unpacked: Path | None = None) -> Samples:
    """Find the seeds of the project at `tree`.

    `globs` are the owner's own choices, relative to `tree`; they come first. Seed archives are unpacked below `unpacked`
    (skipped when None). Size, number and content are bounded; equal contents are kept once.
    """
    chosen = {p for g in globs for p in _matches(tree, g)}
    found: list[Sample] = []
    oversized: list[Sample] = []
    dictionaries: list[Path] = []
    for path, size in regular_files(tree):
        place = path.relative_to(tree)
        if path.suffix == ".dict" and size <= LARGE_BYTES:
            dictionaries.append(path)
        rank = 0 if path in chosen else _rank(place)
        if rank is None or size == 0:
            continue
        archived = _seed_archive(place, size)
        if archived and unpacked is not None:
            found.extend(_unpack(path, place, unpacked))
        if not archived and size <= LARGE_BYTES:
            sample = Sample(path, str(place), path.suffix.lower(), size, magic(head(path, 64)), rank)
            (found if size <= SMALL_BYTES else oversized).append(sample)
    kept = _distinct(
        _spread(sorted(found or oversized, key=lambda s: (s.rank, s.size, s.place)), lambda s: (s.rank, s.suffix, s.format))
    )
    return Samples(tuple(kept), tuple(dictionaries))


def magic(start: bytes) -> str:
    """A short name for how a file begins: its first bytes when they look like a magic number, else "text" or "binary"."""
    if not start:
        return "empty"
    printable = sum(32 <= b < 127 or b in (9, 10, 13) for b in start)
    if printable == len(start):
        first = start.lstrip()[:5]
        return f"text:{first[:4].decode('latin-1')}" if first[:1] in b"<%#{[" else "text"
    return "binary:" + start[:4].hex()


def _rank(place: Path) -> int | None:
    """0 for corpora, 1 for data among tests and samples, 2 for data elsewhere, 3 for code among tests; None for the rest."""
    suffix = place.suffix.lower()
    if _BUILD_NAMES.match(place.name):
        return None
    folders = place.parts[:-1]
    if any(_SEED_PLACE.search(f) for f in folders) and suffix not in {".c", ".cc", ".cpp", ".h", ".sh", ".py"}:
        return 0
    in_data = any(_DATA_PLACE.search(f) for f in folders)
    if suffix != "" and not _CODE.fullmatch(suffix):
        return 1 if in_data else 2
    if in_data and (suffix == "" or _TEXT_DATA.fullmatch(suffix)):
        return 1 if suffix not in {".c", ".h", ".cpp", ".py", ".sh", ".pl", ".log", ".md"} else _CODE_RANK
    return None


def _matches(tree: Path, pattern: str) -> list[Path]:
    """Files of an owner's glob; absolute patterns and patterns that climb out of the tree match nothing."""
    relative = pattern.strip("/") + ("/**/*" if (tree / pattern).is_dir() else "")
    if ".." in Path(relative).parts or not pattern.strip("/"):
        return []
    return [p for p in tree.glob(relative) if p.is_file() and not p.is_symlink()]


def _seed_archive(place: Path, size: int) -> bool:
    named = place.name.endswith(("_seed_corpus.zip", "-seed-corpus.zip", "corpus.zip", "seeds.zip"))
    in_fuzz = place.suffix == ".zip" and any(re.search(r"fuzz|corpus", f, re.IGNORECASE) for f in place.parts[:-1])
    return (named or in_fuzz) and size <= MAX_TOTAL_BYTES


def _unpack(path: Path, place: Path, target: Path) -> list[Sample]:
    """Members of a seed archive, written under names of our own; nothing in the archive chooses a path or a size."""
    found: list[Sample] = []
    total = 0
    target.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist()[:MAX_ARCHIVE_ENTRIES]:
                if member.is_dir() or not 0 < member.file_size <= SMALL_BYTES or member.flag_bits & 1 or total > MAX_TOTAL_BYTES:
                    continue
                with archive.open(member) as stream:
                    content = stream.read(SMALL_BYTES + 1)
                if not 0 < len(content) <= SMALL_BYTES:
                    continue
                total += len(content)
                suffix = re.sub(r"[^.\w]", "", Path(member.filename).suffix.lower())[:8]
                file = target / f"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}{suffix}"
                file.write_bytes(content)
                found.append(Sample(file, f"{place}/{_visible(member.filename)}", suffix, len(content), magic(content[:64]), 0))
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return found
    return found


def _visible(name: str) -> str:
    return name.encode("ascii", "replace").decode()[:200]


def _spread(ranked: Iterable[Sample], group: Callable[[Sample], tuple[object, ...]]) -> list[Sample]:
    """The same samples, taking turns among their groups, so that a cut anywhere keeps variety; groups in order of first sight."""
    groups: dict[tuple[object, ...], list[Sample]] = {}
    for sample in ranked:
        groups.setdefault(group(sample), []).append(sample)
    major: dict[object, list[list[Sample]]] = {}
    for key, members in groups.items():
        major.setdefault(key[0], []).append(members)
    spread: list[Sample] = []
    for level in major.values():
        longest = max(len(m) for m in level)
        spread.extend(m[i] for i in range(longest) for m in level if i < len(m))
    return spread


def _distinct(samples: Iterable[Sample]) -> list[Sample]:
    """The first of each content, within the bounds on number and total size."""
    kept: list[Sample] = []
    seen: set[bytes] = set()
    total = 0
    for sample in samples:
        if len(kept) >= MAX_SAMPLES:
            break
        if total + sample.size > MAX_TOTAL_BYTES:
            continue
        content = head(sample.path, LARGE_BYTES)
        digest = hashlib.sha256(content).digest()
        if digest in seen or not content:
            continue
        seen.add(digest)
        total += sample.size
        kept.append(sample)
    return kept


def _stem(name: str) -> str:
    """A name without the words that all fuzz targets and corpora share, for comparing the two."""
    plain = re.sub(r"(seed|corpus|corpora|fuzz(er|ing)?|target|harness|test|main|_driver)s?", "", name.lower())
    return re.sub(r"[^a-z0-9]", "", plain)


def _affinity(sample: Sample, stem: str, words: set[str]) -> int:
    """How well a sample fits a program: corpus named after it, extension or format among the hints, name in its path."""
    parts = Path(sample.place).parts
    points = 0
    if sample.rank == _CODE_RANK:
        stem = ""
    if stem and any(_stem(part) == stem for part in parts[:-1]):
        points += 40
    if stem and len(stem) > 2 and any(len(_stem(p)) > 2 and (_stem(p) in stem or stem in _stem(p)) for p in parts):
        points += 20
    suffix = sample.suffix.lstrip(".")
    if suffix and suffix in words:
        points += 20
    elif suffix and len(suffix) > 2 and suffix in stem:
        points += 15
    if suffix and len(suffix) > 2 and suffix[:3] in stem.partition("2")[0]:  # what goes into bmp2tiff
        points += 10
    if words and any(p.lower() in words for p in parts[:-1]):
        points += 5
    return points
