"""What is known about a published flaw: where it is, of what kind, and whether a finding points at it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

NEAR_LINES = 10
"""A finding this many lines from a known place, or fewer, points at it."""

FAMILIES: Mapping[str, frozenset[int]] = {
    "bounds": frozenset(
        {
            118,
            119,
            120,
            121,
            122,
            123,
            124,
            125,
            126,
            127,
            129,
            131,
            134,
            170,
            193,
            466,
            680,
            785,
            786,
            787,
            788,
            805,
            806,
            823,
            839,
        }
        | {1284, 1285}
    ),
    "lifetime": frozenset({415, 416, 590, 672, 761, 762, 763, 825, 562}),
    "pointer": frozenset({476, 690, 822, 824, 588, 587, 465, 843, 704}),
    "numeric": frozenset({128, 131, 190, 191, 192, 194, 195, 196, 197, 680, 681, 682, 704, 1335, 839}),
    "division": frozenset({369}),
    "uninitialised": frozenset({457, 824, 908, 909, 665}),
    "resources": frozenset({400, 401, 404, 407, 409, 674, 770, 771, 772, 789, 834, 835, 1325}),
    "assertion": frozenset({617, 248, 754, 755, 391}),
    "injection": frozenset({20, 22, 23, 36, 73, 77, 78, 88, 89, 94, 502}),
}
CONSEQUENCES: Mapping[str, frozenset[str]] = {
    "numeric": frozenset({"bounds", "division", "resources"}),
    "uninitialised": frozenset({"bounds", "pointer", "lifetime"}),
    "injection": frozenset({"bounds", "pointer"}),
    "pointer": frozenset({"bounds"}),
    "lifetime": frozenset({"bounds", "pointer"}),
}
"""What a sanitizer sees when a flaw of the family on the left is run (a wrapped length shows as an overflow)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Lines `line` to `end` (1-based; 0 when unknown) of a file, and the function around them ("" when unknown)."""

    file: str
    function: str = ""
    line: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One known flaw. `cwe` is empty when nobody published one; `origin` says where the places come from."""

    id: str
    cwe: tuple[int, ...]
    places: tuple[Place, ...]
    cve: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One prepared pair of trees (or one tree, when nobody published a fixed twin) and what is known about it."""

    id: str
    kind: str
    vulnerable: Path
    fixed: Path | None
    truths: tuple[Truth, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """One entry of the list of published flaws, as it is."""

    id: str
    kind: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A textual fact, "" when the entry lacks it."""
        value = self.facts.get(name)
        return value if isinstance(value, str) else ""

    @property
    def cwe(self) -> tuple[int, ...]:
        """The CWE numbers in facts such as "CWE-787/125" or "CWE-122,CWE-783"."""
        return tuple(int(n) for n in re.findall(r"\d+", self.text("cwe")))

    @property
    def files(self) -> tuple[str, ...]:
        """The files that hold the flaw."""
        return tuple(f for f in self.text("file").split(",") if f)

    @property
    def lines(self) -> tuple[int, ...]:
        """The published lines of the flaw, in its first file."""
        return tuple(n for n in self.facts.get("line") or [] if isinstance(n, int))


def read_published(path: Path) -> list[Published]:
    """The entries of a `public-cases.json`."""
    return [Published(c["id"], c["kind"], c) for c in json.loads(path.read_text())]


def write_case(case: Case, path: Path) -> None:
    """Write a case's description; tree paths are kept relative to the file."""
    data = asdict(case)
    data["vulnerable"] = case.vulnerable.name
    data["fixed"] = case.fixed.name if case.fixed else None
    path.write_text(json.dumps(data, indent=1) + "\n")


def read_case(path: Path) -> Case:
    """Read what `write_case` wrote."""
    data = json.loads(path.read_text())
    truths = tuple(
        Truth(
            id=t["id"],
            cwe=tuple(t["cwe"]),
            places=tuple(Place(**p) for p in t["places"]),
            cve=t["cve"],
            origin=t["origin"],
        )
        for t in data["truths"]
    )
    return Case(
        id=data["id"],
        kind=data["kind"],
        vulnerable=path.parent / data["vulnerable"],
        fixed=path.parent / data["fixed"] if data["fixed"] else None,
        truths=truths,
        notes=tuple(data["notes"]),
    )


def families(cwes: Iterable[int]) -> frozenset[str]:
    """The names of the families that any of the CWEs belongs to."""
    numbers = set(cwes)
    return frozenset(name for name, members in FAMILIES.items() if members & numbers)


def same_file(one: str, other: str) -> bool:
    """True when one path ends with the other, by whole components ("/src/a/b.c" and "a/b.c")."""
    a, b = Path(one).parts, Path(other).parts
    shared = min(len(a), len(b))
    return shared > 0 and a[-shared:] == b[-shared:]


def bare_name(function: str) -> str:
    """A function's name without arguments, template arguments and scopes: `a::b<int>::c(int)` is `c`."""
    without = re.sub(r"<[^<>]*>|\(.*\)", "", function.replace("(anonymous namespace)::", ""))
    return without.rsplit("::", 1)[-1].strip()


def points_at(place: Place, file: str, line: int, function: str) -> bool:
    """True when the code location lies in the place's function, or within NEAR_LINES of its lines, in the same file."""
    if place.file and not same_file(place.file, file):
        return False
    if place.function and bare_name(place.function) == bare_name(function):
        return True
    if "-" in place.function and not place.file:  # no function: the published place is a source file's name
        return Path(file).stem == place.function
    return bool(place.file) and 0 < place.line <= line + NEAR_LINES and line - NEAR_LINES <= max(place.end, place.line)
