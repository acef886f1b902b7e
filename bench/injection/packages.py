"""Published flaws of Python packages: the vulnerable and the fixed release scanned with equal budgets, from the package alone.

    python -m bench.injection.packages --out DIR NAME==VULNERABLE:FIXED[:CWE[:FILE[:FUNCTION]]] …
    python -m bench.injection.packages --out DIR --cases ../shared/bench/public-cases.json [--only ID …]
    python -m bench.injection.packages --out DIR --listed [--vulnerable-only]

Packages come from the index that pip is configured for: the wheel (`pip download --only-binary`), else the source archive's
file through the index's simple API, never built on this side; with native code the source archive first. Each is unpacked to a
tree and scanned by the program like any other. A known flaw counts as found when a proved finding points at its place, is of its
family, and one of its proofs is silent on the fixed release (bench/cases/score.py). Writes `packages.md` and `results.jsonl`.
"""

import argparse
import ast
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from bench.cases.run import Settings, run_case
from bench.cases.score import table
from bench.cases.truth import Case, Place, Published, Truth, read_published, same_file, write_case
from bench.machine import described

PURE, NATIVE = "python-pure", "python-native"
LIST = Path(__file__).with_name("pure-packages.txt")
"""Published flaws of pure-Python packages, a pair a line as on the command line, with the CVE behind it."""
_LARGEST = 512 << 20
_FILES = 50_000
_LONGEST_FILE = 1_000_000
"""Lines of C that Cython makes of a file, at most."""
_FETCH_S = 120
_KIN: tuple[frozenset[int], ...] = (
    frozenset({185, 400, 407, 625, 674, 730, 770, 776, 834, 835, 1325, 1333}),
    frozenset({22, 23, 24, 29, 36, 59, 73}),
    frozenset({74, 77, 78, 88}),
    frozenset({93, 113, 117, 444}),
    frozenset({79, 80, 83, 87}),
    frozenset({94, 95, 96, 1336}),
    frozenset({918, 441, 601}),
    frozenset({611, 776, 827}),
)
"""CWEs that databases use for one kind of flaw; which of them an entry got is chance."""


class Unobtainable(Exception):
    """A release that the index does not have in a form that can be unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A package with a release that has the flaw and one that has not."""

    id: str
    name: str
    vulnerable: str
    fixed: str
    native: bool
    truth: Truth


def from_words(words: str) -> Pair:
    """NAME==VULNERABLE:FIXED[:CWE[:FILE[:FUNCTION]]]; ValueError when it is none."""
    match = re.fullmatch(r"([\w.-]+)==([\w.!+-]+):([\w.!+-]+)(?::([\d/,]*))?(?::([^:]*))?(?::([^:]*))?", words)
    if match is None:
        raise ValueError(f"{words!r} is not NAME==VULNERABLE:FIXED[:CWE[:FILE[:FUNCTION]]]")
    name, vulnerable, fixed, cwe, file, function = match.groups(default="")
    ident = f"{name}-{vulnerable}".lower()
    numbers = tuple(int(n) for n in re.findall(r"\d+", cwe))
    truth = Truth(id=ident, cwe=kin(numbers), places=places(file, function), origin="the command line")
    return Pair(id=ident, name=name, vulnerable=vulnerable, fixed=fixed, native=False, truth=truth)


def from_published(case: Published) -> Pair | None:
    """An entry of the list of published flaws; None for other kinds."""
    match = re.fullmatch(r"PyPI ([\w.-]+)==.+", case.text("where"))
    if case.kind not in (PURE, NATIVE) or match is None:
        return None
    truth = Truth(
        id=case.id,
        cwe=kin(case.cwe),
        cve=case.text("cve"),
        places=places(case.text("file"), case.text("function")),
        origin="the list of published flaws",
    )
    return Pair(
        id=case.id,
        name=match[1],
        vulnerable=case.text("vulnerable"),
        fixed=case.text("fixed"),
        native=case.kind == NATIVE,
        truth=truth,
    )


def places(file: str, function: str) -> tuple[Place, ...]:
    """The places in a published entry: files of one directory in braces, functions with commas, remarks in parentheses."""
    names = [re.split(r"[\s(]", f.strip())[0].rpartition(".")[2] for f in function.split(",")] if function else [""]
    group = re.fullmatch(r"(.*)\{(.+)\}(.*)", file)
    files = [f"{group[1]}{inner}{group[3]}" for inner in group[2].split(",")] if group else [file]
    return tuple(Place(file=f, function=n) for f in files for n in names if f or n)


def whole(place: Place, tree: Path) -> tuple[Place, ...]:
    """A published place by the lines of the tree: a class is its methods; a folder its files; a file all that is in it, and so
    is one with a name that none of its functions has, as that of a pattern. Frames of Cython's code name the C file made of it.
    """
    if place.file.endswith(".pyx"):
        made = (place.file.removesuffix("pyx") + ending for ending in ("c", "cpp"))
        return (place, *(Place(file=file, line=1, end=_LONGEST_FILE) for file in made))
    files = [f for f in sorted(tree.rglob("*.py")) if _lies_at(f.relative_to(tree).as_posix(), place.file)] if place.file else []
    found: list[Place] = []
    for file in files:
        name = file.relative_to(tree).as_posix()
        text = file.read_bytes()
        try:
            nodes = list(ast.walk(ast.parse(text)))
        except (SyntaxError, ValueError, RecursionError):
            continue
        if any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == place.function for n in nodes):
            return (place,)
        classes = [n for n in nodes if isinstance(n, ast.ClassDef) and n.name == place.function]
        found += [Place(file=name, line=c.lineno, end=c.end_lineno or c.lineno) for c in classes] or [
            Place(file=name, line=1, end=text.count(b"\n") + 1)
        ]
    return tuple(found) or (place,)


def _lies_at(name: str, published: str) -> bool:
    """Whether a file is the published one, or in the published folder."""
    parts, wanted = Path(name).parts, Path(published).parts
    if published.endswith("/"):
        return any(parts[i : i + len(wanted)] == wanted for i in range(len(parts) - len(wanted)))
    return same_file(name, published)


def kin(cwe: Iterable[int]) -> tuple[int, ...]:
    """The numbers, and those that stand for the same kind of flaw."""
    numbers = set(cwe)
    return tuple(sorted(numbers.union(*(group for group in _KIN if group & numbers))))


def prepare(pair: Pair, into: Path) -> Case:
    """Lay out both releases as trees. Raises Unobtainable."""
    trees: dict[str, Path] = {}
    for side, version in (("vulnerable", pair.vulnerable), ("fixed", pair.fixed)):
        tree, archives = into / side, into / "archives"
        shutil.rmtree(tree, ignore_errors=True)
        archives.mkdir(parents=True, exist_ok=True)
        unpack(fetch(pair.name, version, archives, sources_first=pair.native), tree)
        trees[side] = tree
    kind = NATIVE if pair.native else PURE
    truth = replace(pair.truth, places=tuple(w for p in pair.truth.places for w in whole(p, trees["vulnerable"])))
    case = Case(id=pair.id, kind=kind, vulnerable=trees["vulnerable"], fixed=trees["fixed"], truths=(truth,))
    write_case(case, into / "case.json")
    return case


def fetch(name: str, version: str, into: Path, *, sources_first: bool = False) -> Path:
    """The file of a release: its wheel, or its source archive. Raises Unobtainable."""
    ways = (_source, _wheel) if sources_first else (_wheel, _source)
    whys: list[str] = []
    for way in ways:
        try:
            return way(name, version, into)
        except Unobtainable as error:
            whys.append(str(error))
    raise Unobtainable(f"{name} {version}: {'; '.join(whys)}")


def _wheel(name: str, version: str, into: Path) -> Path:
    before = set(into.iterdir())
    place = into / f"{name}-{version}-wheel"
    place.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", f"{name}=={version}"]
    done = subprocess.run([*_pip(command), "-d", str(place)], capture_output=True, text=True, check=False)
    found = sorted(place.glob("*.whl"))
    if done.returncode != 0 or not found:
        for path in set(into.iterdir()) - before:
            shutil.rmtree(path, ignore_errors=True)
        raise Unobtainable(f"no wheel ({(done.stderr.strip().splitlines() or ['pip said nothing'])[-1][:200]})")
    return found[0]


def _pip(command: list[str]) -> list[str]:
    """The same command with an interpreter that has pip; environments made by uv have none."""
    probe = subprocess.run([*command[:3], "--version"], capture_output=True, check=False)
    other = shutil.which("pip3") or shutil.which("pip")
    return command if probe.returncode == 0 or other is None else [other, *command[3:]]


def _source(name: str, version: str, into: Path) -> Path:
    spelled = re.sub(r"[-_.]+", "[-_.]+", name)
    page = f"{_index().rstrip('/')}/{re.sub(r'[-_.]+', '-', name).lower()}/"
    stem = re.compile(rf"{spelled}-{re.escape(version)}(\.tar\.gz|\.zip|\.tar\.bz2)", re.IGNORECASE)
    chosen = next(((url, digest) for file, url, digest in _files(page) if stem.fullmatch(file)), None)
    if chosen is None:
        raise Unobtainable("no source archive")
    url, digest = chosen
    data = _get(url)
    if digest and hashlib.sha256(data).hexdigest() != digest:
        raise Unobtainable("the source archive is not the one that the index describes")
    path = into / Path(urlsplit(url).path).name
    path.write_bytes(data)
    return path


def _files(page: str) -> list[tuple[str, str, str]]:
    """(file name, address, SHA-256 or "") of a project's page, in JSON (PEP 691) or HTML (PEP 503)."""
    data = _get(page, "application/vnd.pypi.simple.v1+json, text/html;q=0.5")
    try:
        told = json.loads(data)
        return [(f["filename"], urljoin(page, f["url"]), f.get("hashes", {}).get("sha256", "")) for f in told["files"]]
    except (ValueError, KeyError, TypeError):
        links = re.findall(r'<a[^>]*href="([^"]+)"[^>]*>([^<]+)</a>', data.decode(errors="replace"))
        return [(text.strip(), urljoin(page, href).partition("#")[0], href.partition("sha256=")[2][:64]) for href, text in links]


def _index() -> str:
    """The index that pip is configured for."""
    command = _pip([sys.executable, "-m", "pip", "config", "get", "global.index-url"])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stdout.strip():
        return done.stdout.strip()
    pips_own = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    return subprocess.run([sys.executable, "-c", pips_own], capture_output=True, text=True, check=True).stdout.strip()


def _get(url: str, accept: str = "*/*") -> bytes:
    if urlsplit(url).scheme not in ("http", "https"):
        raise Unobtainable(f"{url} is not on an index")
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=_FETCH_S) as answer:
            data: bytes = answer.read(_LARGEST + 1)
    except (urllib.error.URLError, OSError) as error:
        raise Unobtainable(str(error)[:200]) from error
    if len(data) > _LARGEST:
        raise Unobtainable(f"{url} is larger than {_LARGEST >> 20} MiB")
    return data


def unpack(archive: Path, tree: Path) -> None:
    """Regular files only, none outside of `tree`; the one directory that a source archive consists of is left out."""
    tree.mkdir(parents=True)
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            if len(members) > _FILES or sum(m.file_size for m in members) > 4 * _LARGEST:
                raise Unobtainable(f"{archive.name} unpacks to too much")
            opened.extractall(tree)
    else:
        with tarfile.open(archive) as packed:
            found = [m for m in packed.getmembers() if m.isfile() or m.isdir()]
            if len(found) > _FILES or sum(m.size for m in found) > 4 * _LARGEST:
                raise Unobtainable(f"{archive.name} unpacks to too much")
            packed.extractall(tree, members=found, filter="data")
    inside = list(tree.iterdir())
    if archive.suffix != ".whl" and len(inside) == 1 and inside[0].is_dir():
        moved = tree.with_name(f"{tree.name}.inner")
        inside[0].rename(moved)
        tree.rmdir()
        moved.rename(tree)


def pairs_of(arguments: argparse.Namespace) -> list[Pair]:
    """What the command line names."""
    found = [from_words(words) for words in arguments.packages]
    if arguments.cases:
        found += [pair for case in read_published(arguments.cases) if (pair := from_published(case)) is not None]
    if arguments.listed:
        lines = (line.partition("#")[0].strip() for line in LIST.read_text().splitlines())
        found += [from_words(words) for words in lines if words]
    return [p for p in found if not arguments.only or p.id in arguments.only]


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.injection.packages", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("packages", nargs="*", metavar="NAME==VULNERABLE:FIXED[:CWE[:FILE[:FUNCTION]]]")
    parser.add_argument("--cases", type=Path, help="a list of published flaws (public-cases.json); its Python packages are taken")
    parser.add_argument("--listed", action="store_true", help=f"the pairs of {LIST.name} as well")
    parser.add_argument(
        "--vulnerable-only", action="store_true", help="do not scan the fixed releases; replay proofs on them all the same"
    )
    parser.add_argument("--only", nargs="*", default=[], metavar="ID", help="only these of the list")
    parser.add_argument("--out", type=Path, required=True, help="where trees, results and the table go")
    parser.add_argument("--budget", type=int, default=300, metavar="SECONDS", help="of the hunt, for each tree (default 300)")
    parser.add_argument("--cores", type=int, default=1, help="for each scan (default 1)")
    parser.add_argument("--grace", type=int, default=900, metavar="SECONDS", help="for preparing and proving (default 900)")
    parser.add_argument("--replays", type=int, default=3, help="of each proof on the fixed release (default 3)")
    parser.add_argument("--program", default=str(Path(sys.executable).with_name("mithridate")), help="the program to run")
    parser.add_argument("--again", action="store_true", help="scan pairs that have a result already")
    parser.add_argument("--prepare-only", action="store_true", help="lay the trees out and stop")
    parser.add_argument("--keep", action="store_true", help="keep the homes of the scans")
    arguments = parser.parse_args(argv)
    out: Path = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        program=arguments.program,
        out=out / "runs",
        budget_s=arguments.budget,
        cores=arguments.cores,
        grace_s=arguments.grace,
        replays=arguments.replays,
        twins=not arguments.vulnerable_only,
        keep=arguments.keep,
    )
    lines = out / "results.jsonl"
    done: dict[str, Mapping[str, Any]] = {}
    if lines.is_file() and not arguments.again:
        done = {row["case"]: row for row in map(json.loads, lines.read_text().splitlines())}
    missing: dict[str, str] = {}
    for pair in pairs_of(arguments):
        if pair.id in done:
            continue
        print(f"{pair.id}: preparing", file=sys.stderr)
        try:
            case = prepare(pair, out / "trees" / pair.id)
        except Unobtainable as error:
            missing[pair.id] = str(error)
            print(f"{pair.id}: {error}", file=sys.stderr)
            continue
        if not arguments.prepare_only:
            done[pair.id] = run_case(case, settings)
            print(f"{pair.id}: found {', '.join(done[pair.id]['found']) or 'nothing known'}", file=sys.stderr)
            lines.write_text("".join(json.dumps(row) + "\n" for row in done.values()))
            (out / "packages.md").write_text(report(list(done.values()), missing, arguments.budget))
    print(report(list(done.values()), missing, arguments.budget), end="")
    return 0


def report(rows: Sequence[Mapping[str, Any]], missing: Mapping[str, str], budget_s: int) -> str:
    """The table, with what could not be obtained."""
    words = f"{described()}; {budget_s} s of hunt for each tree\n\n{table(rows)}"
    if missing:
        words += "\nNot obtained:\n" + "".join(f"- {ident}: {why}\n" for ident, why in sorted(missing.items()))
    return words


if __name__ == "__main__":
    sys.exit(main())
