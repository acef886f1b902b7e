"""The patch author: edits that mend a finding, made anew after each failure that the gate reports."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, Field

from mithridate.agents.conversation import Conversation, Tally, data, of_file
from mithridate.agents.desk import Desk
from mithridate.agents.grounds import Reading
from mithridate.agents.instruments import numbered, reading
from mithridate.model.exchange import DataClass, Role, Segment

NEEDS = frozenset({DataClass.NAMES, DataClass.EXCERPTS, DataClass.FINDINGS})
_AROUND = 60
_PLACES = 4


class Edit(BaseModel):
    """Lines of a file, and what stands there afterwards. `old` must stand in the file exactly once."""

    file: Annotated[str, Field(max_length=1024)]
    old: Annotated[str, Field(min_length=1, max_length=16 << 10)]
    new: Annotated[str, Field(max_length=16 << 10)]


class Change(BaseModel):
    """The author's answer: cause and fix in one sentence each, and the edits."""

    cause: Annotated[str, Field(min_length=1, max_length=300)]
    fix: Annotated[str, Field(min_length=1, max_length=300)]
    edits: Annotated[list[Edit], Field(min_length=1, max_length=12)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wound:
    """What the author is told of a finding: what was violated, and the frames (file, line) where, the innermost first."""

    finding: str
    told: str
    places: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class PatchAuthor:
    """Writes changes for one finding, in one conversation."""

    desk: Desk
    grounds: Reading
    wound: Wound
    rounds: int
    tally: Tally
    _conversation: Conversation[Change] = field(init=False)

    def __post_init__(self) -> None:
        self._conversation = Conversation(
            desk=self.desk,
            role=Role.PATCH_AUTHOR,
            thread=f"patch {self.wound.finding}",
            shape=Change,
            instruments=reading(self.grounds),
            needs=NEEDS,
            rounds=self.rounds,
            tally=self.tally,
        )

    def first(self) -> Change | None:
        """The first change."""
        told = [Segment(None, "What was seen:\n"), *data(DataClass.FINDINGS, "violation", self.wound.told)]
        for file, line in self.wound.places[:_PLACES]:
            begin = max(1, line - _AROUND)
            lines = self.grounds.read(file, begin, line + _AROUND)
            told += of_file(DataClass.EXCERPTS, file, numbered(lines, begin)) if lines else []
        return self._conversation.say(told)

    def again(self, step: str, evidence: str, *, shows_inputs: bool) -> Change | None:
        """Another change, after what the gate said of the last one. `shows_inputs`: the evidence quotes bytes of inputs."""
        kind = DataClass.PROOFS if shows_inputs else DataClass.FINDINGS
        told = [Segment(None, "This change did not pass: "), Segment(DataClass.FINDINGS, f"{step}\n")]
        return self._conversation.say([*told, *data(kind, "check", evidence)])
