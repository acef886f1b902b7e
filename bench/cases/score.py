"""Score scans against what is known: which published flaws were proved, where, and whether the fixed twin is silent.

    python -m bench.cases.score --prepared DIR --runs DIR

A known flaw counts as found when a proved finding points at it (its function, or within ten lines), is of its CWE family, and
one of its proofs is silent on the fixed twin. Two looser hits are told apart and counted separately: the place lies on the
finding's stack rather than at its top, and the CWE is what a sanitizer sees of the flaw rather than the published one.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from bench.cases.truth import CONSEQUENCES, Case, Truth, families, points_at, read_case, same_file

STACK_FRAMES = 12
"""How many project frames of a finding's stacks are compared with a known place."""


class Where(IntEnum):
    """How a finding's location relates to a known place; higher is closer."""

    ELSEWHERE = 0
    UNPUBLISHED = 1
    STACK = 2
    LOCATION = 3


class Weakness(IntEnum):
    """How a finding's CWE relates to the published ones; higher is closer."""

    OTHER = 0
    UNPUBLISHED = 1
    CONSEQUENCE = 2
    FAMILY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The part of a finding in results.json that scoring needs. `found_s` are seconds into the hunt; `bundles` relative paths."""

    id: str
    title: str
    cwe: int
    file: str
    line: int
    function: str
    frames: tuple[tuple[str, int, str], ...]
    found_s: float | None
    bundles: tuple[str, ...]
    entry_point: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A finding that may be a known flaw. `silent_on_fixed` is None when the proof could not be replayed there."""

    truth: str
    finding: str
    title: str
    where: Where
    weakness: Weakness
    found_s: float | None
    silent_on_fixed: bool | None
    also_in_fixed: bool

    @property
    def counts(self) -> bool:
        """True when it is the known flaw and not something that both twins have."""
        placed = self.where >= Where.STACK or (self.where is Where.UNPUBLISHED and self.weakness is Weakness.FAMILY)
        return placed and self.weakness > Weakness.OTHER and self.silent_on_fixed is not False and not self.also_in_fixed

    @property
    def strict(self) -> bool:
        """True when it also is at the very place and of the very family."""
        return self.counts and self.where is Where.LOCATION and self.weakness in (Weakness.FAMILY, Weakness.UNPUBLISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One case's outcome. `unmatched` are findings that are no known flaw; of these `new` are silent on the fixed twin."""

    case: str
    known: int
    matches: tuple[Match, ...]
    findings: int
    findings_fixed: int | None
    unmatched: tuple[str, ...]
    new: tuple[str, ...]

    def found(self, *, strict: bool = False) -> list[str]:
        """The ids of the known flaws that were found."""
        return sorted({m.truth for m in self.matches if (m.strict if strict else m.counts)})

    @property
    def seconds(self) -> float | None:
        """Seconds into the hunt until the first known flaw was found."""
        return min((m.found_s for m in self.matches if m.counts and m.found_s is not None), default=None)


def read_findings(results: Mapping[str, Any]) -> list[Finding]:
    """The proved findings of a results.json."""
    return [_finding(f) for f in results.get("findings", []) if f.get("status") == "proved"]


def _finding(data: Mapping[str, Any]) -> Finding:
    at, proofs = data.get("location") or {}, data.get("proofs") or []
    stacks = [*(data.get("stack") or [])[:STACK_FRAMES], *(data.get("deallocation") or [])[:STACK_FRAMES]]
    times = [p["found_s"] for p in proofs if p.get("found_s") is not None]
    return Finding(
        id=str(data["id"]),
        title=str(data.get("title", "")),
        cwe=int(str(data.get("cwe") or 0).upper().removeprefix("CWE-")),
        file=at.get("file") or "",
        line=at.get("line") or 0,
        function=at.get("function") or "",
        frames=tuple((f.get("file") or "", f.get("line") or 0, f.get("function") or "") for f in stacks),
        found_s=min(times, default=None),
        bundles=tuple(p["bundle"] for p in proofs if p.get("bundle")),
        entry_point=str(data.get("entry_point", "")),
    )


def where(finding: Finding, truth: Truth) -> Where:
    """Whether the finding's location, or else its stack, lies at one of the flaw's places."""
    if not truth.places:
        return Where.UNPUBLISHED
    if any(points_at(p, finding.file, finding.line, finding.function) for p in truth.places):
        return Where.LOCATION
    if any(points_at(p, file, line, function) for p in truth.places for file, line, function in finding.frames):
        return Where.STACK
    return Where.ELSEWHERE


def weakness(finding: Finding, truth: Truth) -> Weakness:
    """Whether the finding's CWE is of the flaw's family, or what a sanitizer sees of it."""
    if not truth.cwe:
        return Weakness.UNPUBLISHED
    ours, theirs = families([finding.cwe]), families(truth.cwe)
    if ours & theirs or finding.cwe in truth.cwe:
        return Weakness.FAMILY
    if any(ours & CONSEQUENCES.get(family, frozenset()) for family in theirs):
        return Weakness.CONSEQUENCE
    return Weakness.OTHER


def same(one: Finding, other: Finding) -> bool:
    """True when findings of two twins are one flaw: the same function of the same file, and the same family."""
    return (
        one.function == other.function and same_file(one.file, other.file) and bool(families([one.cwe]) & families([other.cwe]))
    )


def score(
    case: Case,
    vulnerable: Mapping[str, Any],
    fixed: Mapping[str, Any] | None,
    silent_on_fixed: Mapping[str, bool | None],
) -> Score:
    """Compare the scans of both twins with what is known. `silent_on_fixed` says so of a finding's proofs, by its id."""
    ours, theirs = read_findings(vulnerable), read_findings(fixed or {})
    matches = []
    for finding in ours:
        for truth in case.truths:
            place, kind = where(finding, truth), weakness(finding, truth)
            if place is Where.ELSEWHERE or kind is Weakness.OTHER:
                continue
            matches.append(
                Match(
                    truth=truth.id,
                    finding=finding.id,
                    title=finding.title,
                    where=place,
                    weakness=kind,
                    found_s=finding.found_s,
                    silent_on_fixed=silent_on_fixed.get(finding.id),
                    also_in_fixed=silent_on_fixed.get(finding.id) is None and any(same(finding, t) for t in theirs),
                )
            )
    matched = {m.finding for m in matches if m.counts}
    unmatched = [f for f in ours if f.id not in matched]
    return Score(
        case=case.id,
        known=len(case.truths),
        matches=tuple(matches),
        findings=len(ours),
        findings_fixed=len(theirs) if fixed is not None else None,
        unmatched=tuple(f"{f.id}: {f.title}" for f in unmatched),
        new=tuple(f.id for f in unmatched if silent_on_fixed.get(f.id)),
    )


def as_json(outcome: Score) -> dict[str, Any]:
    """The score as plain data, with what follows from its matches."""
    data = asdict(outcome)
    for match, original in zip(data["matches"], outcome.matches, strict=True):
        match |= {"where": original.where.name.lower(), "weakness": original.weakness.name.lower()}
        match |= {"counts": original.counts, "strict": original.strict}
    return data | {"found": outcome.found(), "found_strict": outcome.found(strict=True), "seconds": outcome.seconds}


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table of score lines (see `as_json`; run.py adds what it knows of the scans)."""
    head = [
        "case",
        "known flaws found",
        "at the very place",
        "seconds",
        "findings",
        "on the fixed twin",
        "only before the fix",
        "remarks",
    ]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in sorted(rows, key=lambda r: str(r["case"])):
        found = ", ".join(row["found"]) if row["known"] > 1 else ("yes" if row["found"] else "no")
        strict = str(len(row["found_strict"])) if row["known"] > 1 else ("yes" if row["found_strict"] else "no")
        seconds = f"{row['seconds']:.0f}" if row["seconds"] is not None else ""
        fixed = "" if row["findings_fixed"] is None else str(row["findings_fixed"])
        cells = [
            row["case"],
            found or "none",
            strict,
            seconds,
            str(row["findings"]),
            fixed,
            str(len(row["new"])),
            row.get("remark", ""),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    hits = sum(1 for r in rows if r["found"])
    strict_hits = sum(1 for r in rows if r["found_strict"])
    lines += [
        "",
        f"{hits} of {len(rows)} cases with a known flaw found, {strict_hits} of them at the very place and of the very family.",
    ]
    return "\n".join(lines) + "\n"


def read_run(case: Case, folder: Path) -> Score | None:
    """Score the scans that run.py left in `folder`; None when the vulnerable tree was not scanned to its end."""
    loaded = {side: _load(folder / side / "results.json") for side in ("vulnerable", "fixed")}
    replays = _load(folder / "replays.json") or {}
    if loaded["vulnerable"] is None:
        return None
    return score(case, loaded["vulnerable"], loaded["fixed"], replays)


def _load(path: Path) -> dict[str, Any] | None:
    data = json.loads(path.read_text()) if path.is_file() else None
    return data if isinstance(data, dict) else None


def prepared(directory: Path, prefixes: Iterable[str] = ()) -> list[Case]:
    """The cases that prepare.py laid out, in the order of their ids; with prefixes, only those whose ids start so."""
    cases = [read_case(p) for p in sorted(directory.glob("*/case.json"))]
    wanted = tuple(prefixes)
    return [c for c in cases if not wanted or c.id.startswith(wanted)]


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.cases.score", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--prepared", type=Path, required=True, help="what prepare.py wrote")
    parser.add_argument("--runs", type=Path, required=True, help="what run.py wrote")
    parser.add_argument("--json", action="store_true", help="one JSON line a case instead of the table")
    arguments = parser.parse_args(argv)
    scores = [s for c in prepared(arguments.prepared) if (s := read_run(c, arguments.runs / c.id))]
    rows = [as_json(s) for s in scores]
    print("\n".join(json.dumps(r) for r in rows) if arguments.json else table(rows), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
