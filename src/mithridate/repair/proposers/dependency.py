"""Dependencies with published flaws: the pinned requirement raised to the first fixed version that the project's bounds allow."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mithridate.model.patch import Proposal
from mithridate.repair.diff import made
from mithridate.repair.interface import Subject, Workbench
from mithridate.repair.python.advisories import Advisory

_FILES = re.compile(
    r"(?:^|/)(?:[\w.-]*(?:requirements|constraints)[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.(?:txt|in)|pyproject\.toml|setup\.(?:cfg|py))$"
)
_NOT_HERE = frozenset({".git", ".venv", "venv", "node_modules", ".tox", "site-packages"})
_LARGEST_BYTES = 1 << 20
_SPECIFIER = r"(?:===|==|~=|>=|<=|!=|>|<)\s*[\w.*+!-]+"


@dataclass(frozen=True, slots=True)
class _Bound:
    """A requirement for the package: [start, end) of its specifiers in a file. `caret`: they are Poetry's."""

    path: str
    start: int
    end: int
    specifiers: SpecifierSet
    text: str
    caret: bool
    hashed: bool


class DependencyProposer:
    """Bumps for the packages that advisories name. Lock files are left to the tool that writes them."""

    name = "dependency"
    lowest_rank = -math.inf

    def __init__(self, advisories: Sequence[Advisory] = ()) -> None:
        self._advisories = advisories

    def propose(self, subject: Subject, bench: Workbench) -> Iterator[Proposal]:  # noqa: ARG002 (others look at the bench)
        """One proposal for each package that the project requires in a version that is affected."""
        yield from self.bumps(subject.project.tree)

    def bumps(self, tree: Path) -> Iterator[Proposal]:
        """The same for a tree, without a finding."""
        texts = _texts(tree)
        for package in dict.fromkeys(advisory.package for advisory in self._advisories):
            mine = [advisory for advisory in self._advisories if advisory.package == package]
            proposal = _bumped(package, mine, texts)
            if proposal is not None:
                yield proposal


def _bumped(package: str, advisories: Sequence[Advisory], texts: Mapping[str, str]) -> Proposal | None:
    bounds = [bound for path, text in texts.items() for bound in _bounds(package, path, text)]
    raised = [bound for bound in bounds if _lowest(bound) is not None and not bound.hashed]
    lowest = min((version for bound in raised if (version := _lowest(bound)) is not None), default=None)
    if lowest is None or not any(advisory.affects(lowest) for advisory in advisories):
        return None
    for target in sorted({fix for advisory in advisories for fix in advisory.fixes if fix > lowest}):
        if any(advisory.affects(target) for advisory in advisories) or target.is_prerelease:
            continue
        if any(not _others(bound).contains(target, prereleases=True) for bound in bounds):
            continue
        if any(bound.hashed and not bound.specifiers.contains(target) for bound in bounds):
            return None  # hashes of another file would be needed, which only the tool that downloads it can write
        changes = _changes(raised, target, texts)
        named = ", ".join(sorted({advisory.id for advisory in advisories if advisory.affects(lowest)}))
        return Proposal(
            proposer=DependencyProposer.name,
            cause=f"{package} {lowest} is affected by {named}",
            fix=f"require {package} {target}, the first fixed version within the project's bounds",
            diff=made({path: (texts[path].encode(), after.encode()) for path, after in changes.items()}),
        )
    return None


def _changes(bounds: Sequence[_Bound], target: Version, texts: Mapping[str, str]) -> dict[str, str]:
    changed: dict[str, str] = {}
    for bound in sorted(bounds, key=lambda b: b.start, reverse=True):
        lowest = _lowest(bound)
        if lowest is not None and lowest < target:
            text = changed.get(bound.path, texts[bound.path])
            changed[bound.path] = text[: bound.start] + _raised(bound, target) + text[bound.end :]
    return changed


def _raised(bound: _Bound, target: Version) -> str:
    """The specifiers with the lower bound, or the pin, at the target; everything else as it is written."""
    if bound.caret:
        return re.sub(r"\d[\w.+-]*", str(target), bound.text, count=1)

    def put(found: re.Match[str]) -> str:
        return f"{found[1]}{target}" if found[1].strip() in ("==", "===", "~=", ">=") else found[0]

    return re.sub(r"((?:===|==|~=|>=|<=|!=|>|<)\s*)[\w.*+!-]+", put, bound.text)


def _lowest(bound: _Bound) -> Version | None:
    """The lowest version that the requirement allows, by its pin or lower bound."""
    for each in bound.specifiers:
        if each.operator in ("==", "===", "~=", ">="):
            try:
                return Version(each.version.removesuffix(".*"))
            except InvalidVersion:
                return None
    return None


def _others(bound: _Bound) -> SpecifierSet:
    """What the requirement asks besides its lower bound or pin. Poetry's caret keeps the first number that is not zero."""
    kept = [each for each in bound.specifiers if each.operator not in ("==", "===", "~=", ">=")]
    return SpecifierSet(",".join(str(each) for each in kept))


def _bounds(package: str, path: str, text: str) -> Iterator[_Bound]:
    name = re.sub(r"-", r"[-_.]+", re.escape(canonicalize_name(package)).replace(r"\-", "-"))
    plain = re.compile(
        rf"(?<![\w.-]){name}\s*(?:\[[\w\s,.-]*\])?\s*\(?\s*(?P<spec>{_SPECIFIER}(?:\s*,\s*{_SPECIFIER})*)", re.IGNORECASE
    )
    for found in plain.finditer(text):
        line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        if "#" in line:
            continue
        specifiers = _set(found["spec"])
        if specifiers is not None:
            rest = text[found.end() :].split("\n")
            following = "".join(rest[: 1 + next((i for i, one in enumerate(rest) if not one.rstrip().endswith("\\")), 0)])
            yield _Bound(path, *found.span("spec"), specifiers, found["spec"], False, "--hash" in following)
    if path.endswith("pyproject.toml"):
        poetry = re.compile(
            rf"""^{name}\s*=\s*(?:\{{[^\n}}]*?version\s*=\s*)?["'](?P<spec>[~^]?\d[\w.+-]*)["']""", re.IGNORECASE | re.MULTILINE
        )
        for found in poetry.finditer(text):
            specifiers = _set(_of_poetry(found["spec"]))
            if specifiers is not None:
                yield _Bound(path, *found.span("spec"), specifiers, found["spec"], True, False)


def _of_poetry(text: str) -> str:
    """`^1.2` as `>=1.2,<2`, `~1.2` as `>=1.2,<1.3`, a bare version as a pin."""
    version = text.lstrip("~^")
    numbers = [int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3]]
    if text.startswith("^"):
        at = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
    elif text.startswith("~"):
        at = min(1, len(numbers) - 1)
    else:
        return f"=={version}"
    above = [*numbers[:at], numbers[at] + 1]
    return f">={version},<{'.'.join(map(str, above))}"


def _set(text: str) -> SpecifierSet | None:
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None


def _texts(tree: Path) -> dict[str, str]:
    """The files that may hold requirements."""
    found = {}
    for path in sorted(tree.rglob("*")):
        shown = path.relative_to(tree).as_posix()
        if not _FILES.search(shown) or path.is_symlink() or not path.is_file() or _NOT_HERE & set(path.parts):
            continue
        if path.stat().st_size <= _LARGEST_BYTES and path.resolve().is_relative_to(tree.resolve()):
            try:
                found[shown] = path.read_bytes().decode()
            except UnicodeDecodeError:
                continue
    return found
