"""Proofs and findings: what we say, and only with evidence."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from mithridate.model.violation import Violation


class ControlTier(IntEnum):
    """How much of the violation the attacker steers (DESIGN.md, "Control tiers")."""

    STOPS_PROGRAM = 1
    UNCONTROLLED_READ = 2
    CONTROLLED_READ = 3
    CONTROLLED_WRITE = 4
    CONTROLLED_EXECUTION = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The tier and the observations behind it, each one sentence a person can check by replaying."""

    tier: ControlTier
    evidence: tuple[str, ...]
    perturbations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NegativeControl:
    """An input that must not fire the violation, and whether it did."""

    name: str
    blob: str
    size: int
    fired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowPatch:
    """What was done to the tree so that a proof fires in it: `diff` (relative to the snapshot) silences the flaws in front.

    `behind` are the signatures of those flaws.
    """

    behind: tuple[str, ...]
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """An input that fired `fired` of `replays` times in fresh sandboxes with one signature; equal, or it is no proof."""

    entry_id: str
    signature: str
    violation: Violation
    blob: str
    size: int
    original_size: int
    replays: int
    fired: int
    controls: tuple[NegativeControl, ...]
    control: Control
    engine: str
    found_s: float
    report: str
    bundle: str = ""
    through: str = ""
    """For an input document: the request, call or command line that carries the attack, in words, e.g. "`POST /login`"."""
    carriers: tuple[str, ...] = ()
    """For an input document: the inputs that carry attacker data, in words, e.g. "the form field `name`"."""
    shadow: ShadowPatch | None = None
    """Not None: it fires with this patch applied; on the snapshot another flaw comes first. Lines are those of the snapshot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaky:
    """A candidate that did not fire every time; kept with its rate, never called a proof."""

    entry_id: str
    signature: str
    violation: Violation
    blob: str
    replays: int
    fired: int
    why: str = ""


class FindingStatus(StrEnum):
    """PROVED: a replayable input backs it. OBSERVED: a weak practice seen executed."""

    PROVED = "proved"
    OBSERVED = "observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One CVSS 4.0 base metric, its value and the reason for it."""

    name: str
    value: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """CVSS 4.0 base score (0.0 to 10.0), its vector, and why each metric has its value."""

    cvss: float
    vector: str
    rating: str
    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """What was a finding of its own until the patch of another was seen to silence its every proof."""

    id: str
    title: str
    cwe: int
    file: str
    line: int
    function: str
    signatures: tuple[str, ...]
    """Those of its proofs, which are now among the proofs of the finding that it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One root cause, with at least one proof.

    `behind`: the ids of the findings that had to be patched before it could be shown at all; () when one of its proofs fires on
    the snapshot. `symptoms`: what one patch silences together with it.
    """

    id: str
    title: str
    cwe: int
    cwe_name: str
    status: FindingStatus
    severity: Severity
    file: str
    line: int
    function: str
    explanation: str
    proofs: tuple[Proof, ...]
    behind: tuple[str, ...] = ()
    symptoms: tuple[Symptom, ...] = ()

    def __post_init__(self) -> None:
        if not self.proofs or any(p.fired != p.replays or p.replays < 1 for p in self.proofs):
            raise ValueError("a finding needs proofs that fired every time")

    @property
    def control(self) -> Control:
        """The highest control that any of its proofs shows."""
        return max((p.control for p in self.proofs), key=lambda c: c.tier)
