"""The patch author as one more proposer: it hears from the gate what was wrong with its last change, and writes another."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mithridate.agents.roles.patch_author import Change, PatchAuthor, Wound
from mithridate.model.diff import made
from mithridate.model.exchange import Role
from mithridate.model.patch import GateStep, Outcome, Patch, Proposal
from mithridate.prove.wording import project_path
from mithridate.repair.interface import Subject, Workbench
from mithridate.stages.grounds import Snapshot, shown
from mithridate.stages.minds import Minds

_SENTENCES = 6
_LONGEST = 400
_QUOTING = frozenset({GateStep.PROOFS, GateStep.VARIANTS, GateStep.OUTPUTS})
"""Steps whose evidence quotes bytes of inputs."""


@dataclass(slots=True)
class Author:
    """Implements Proposer. `told` is to be given every patch that the gate has judged."""

    minds: Minds
    name: str = "patch-author"
    lowest_rank: float = 5.0
    _heard: Patch | None = field(default=None)

    def told(self, patch: Patch) -> None:
        """What the gate said."""
        self._heard = patch

    def propose(self, subject: Subject, _bench: Workbench) -> Iterator[Proposal]:
        """One change after another, as many as the owner allows, until one is validated or the author has no more."""
        grounds = Snapshot(subject.project.tree)
        author = PatchAuthor(
            self.minds.desk,
            grounds,
            _wound(subject),
            self.minds.models.rounds,
            self.minds.tally(Role.PATCH_AUTHOR),
        )
        change = author.first()
        for number in range(self.minds.models.patch_rounds):
            if change is None:
                return
            diff = _diff(grounds, change)
            if isinstance(diff, str) and diff.startswith("--- "):
                self._heard = None
                yield Proposal(
                    proposer=self.name,
                    cause=_sentence(change.cause),
                    fix=_sentence(change.fix),
                    diff=diff,
                    rank=self.lowest_rank + number,
                )
                step, evidence = _failure(self._heard)
            else:
                step, evidence = GateStep.APPLIES, diff
            if number + 1 < self.minds.models.patch_rounds:
                change = author.again(step, evidence, shows_inputs=step in _QUOTING)


def _wound(subject: Subject) -> Wound:
    violation = subject.violation
    frames = [*violation.frames, *violation.allocation[:2], *violation.deallocation[:2]]
    places = dict.fromkeys((project_path(f.file), f.line) for f in frames if f.in_project and f.line)
    return Wound(finding=subject.finding, told=shown(violation), places=tuple(places))


def _diff(grounds: Snapshot, change: Change) -> str:
    """The change as a diff, or one sentence why it is none."""
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    for edit in change.edits:
        content = after[edit.file] if edit.file in after else grounds.content(edit.file)
        if content is None or edit.file not in grounds.files():
            return f"{edit.file[:80]!r} is no source file of the snapshot"
        before.setdefault(edit.file, content)
        old = edit.old.encode("utf-8", "surrogateescape")
        count = content.count(old)
        if count != 1:
            return f"the lines to be changed stand in {edit.file} {count} times, not once"
        after[edit.file] = content.replace(old, edit.new.encode("utf-8", "surrogateescape"))
    return made({file: (before[file], after[file]) for file in before}) or "it changes nothing"


def _failure(patch: Patch | None) -> tuple[GateStep, str]:
    if patch is None:
        return GateStep.APPLIES, "it is the same as one before"
    failed = next((record for record in patch.gate if record.outcome is Outcome.FAILED), None)
    if failed is None:
        return GateStep.SMALLEST, "it passed what was looked at, and another was preferred"
    return failed.step, "\n".join(sentence[:_LONGEST] for sentence in failed.evidence[:_SENTENCES])


def _sentence(text: str) -> str:
    return " ".join(text.split())
