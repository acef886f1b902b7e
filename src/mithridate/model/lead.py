"""Leads: suspected flaws at a place. Never findings; what a run learns about each is its verdict."""

from dataclasses import dataclass
from enum import StrEnum


class LeadVerdict(StrEnum):
    """What a run learnt about a lead (DESIGN.md, "verdict on a lead")."""

    PROVED = "proved"
    REFUTED = "refuted"
    REACHED = "reached"
    UNREACHED = "unreached"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A claim that can be shown to be false, by `source`. `inputs` are store digests of what it gave, `entry_id` what they are
    for ("" for every entry point). `verdict` rests on `evidence`, one sentence."""

    id: str
    source: str
    file: str
    line: int
    function: str
    cwe: int | None
    claim: str
    entry_id: str = ""
    inputs: tuple[str, ...] = ()
    verdict: LeadVerdict = LeadVerdict.UNDECIDED
    evidence: str = ""
