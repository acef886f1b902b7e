"""Patches: a diff, the reason for it, and the record of the gate that it went through."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class PatchStatus(StrEnum):
    """How far a patch has come (DESIGN.md, "patch").

    PROPOSED: a proposer made it, and a step of the gate stopped it or has not seen it. PLAUSIBLE: it applies, builds, and every
    proof is silent. VALIDATED: every step of the gate let it pass. APPROVED: a person said so.
    """

    PROPOSED = "proposed"
    PLAUSIBLE = "plausible"
    VALIDATED = "validated"
    APPROVED = "approved"


HOLDS = frozenset({PatchStatus.VALIDATED, PatchStatus.APPROVED})
"""Passed the whole gate."""


class GateStep(StrEnum):
    """The steps of the gate, in their order."""

    APPLIES = "applies"
    BUILDS = "builds"
    PROOFS = "proofs"
    VARIANTS = "variants"
    TESTS = "tests"
    OUTPUTS = "outputs"
    SYMPTOM = "symptom"
    SMALLEST = "smallest"


class Outcome(StrEnum):
    """PASSED and FAILED say what they mean. EMPTY: there was nothing to compare, which is said and counts as neither."""

    PASSED = "passed"
    FAILED = "failed"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """What one step of the gate saw: sentences that a person can check, numbers included; how long it took in seconds."""

    step: GateStep
    outcome: Outcome
    evidence: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change that somebody suggests. `diff` is a unified diff with paths a/… and b/… relative to the project's root.

    `cause` and `fix` are one sentence each, without the project's name. `condition` is the guard in the project's language, when
    the change is one. `rank` orders the proposals of one finding: the lower is tried first. `functions` are those it changes.
    """

    proposer: str
    cause: str
    fix: str
    diff: str
    condition: str = ""
    rank: float = 1.0
    functions: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """SHA-256 of the diff, by which a person names it."""
        return hashlib.sha256(self.diff.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionTest:
    """A diff that adds a test of the proof. `entered`: the project's own suite runs it. `checked`: it was seen to fail before the
    patch and to pass after; `evidence` says what was seen."""

    diff: str
    entered: bool
    checked: bool
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A proposal with the gate's record. `added` and `removed` count its lines; `test` goes with it where one was made."""

    finding: str
    proposal: Proposal
    status: PatchStatus
    gate: tuple[StepRecord, ...]
    added: int
    removed: int
    test: RegressionTest | None = None

    @property
    def commit(self) -> str:
        """The diff of a commit: the change, and the test that is known to tell before from after."""
        return self.proposal.diff + (self.test.diff if self.test is not None and self.test.checked else "")

    @property
    def stopped_by(self) -> GateStep | None:
        """The step that did not let it pass."""
        return next((record.step for record in self.gate if record.outcome is Outcome.FAILED), None)
