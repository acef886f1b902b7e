"""The hunter: leads with a claim that can be shown to be false and, where it can, an input."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from mithridate.agents.conversation import Conversation, Tally, data, of_file
from mithridate.agents.desk import Desk
from mithridate.agents.grounds import Grounds, InputForm
from mithridate.agents.instruments import numbered, reading, running
from mithridate.model.exchange import DataClass, Role, Segment

NEEDS = frozenset({DataClass.NAMES, DataClass.EXCERPTS})
_WHOLE_LINES = 1500
_EXCERPT_LINES = 200
_INPUTS = 6


class Input(BaseModel):
    """An input, and how it is written down."""

    form: InputForm
    value: Annotated[str, Field(max_length=64 << 10)]


class Claim(BaseModel):
    """One lead. `line` is where it goes wrong."""

    file: Annotated[str, Field(max_length=1024)]
    line: Annotated[int, Field(ge=1)]
    function: Annotated[str, Field(max_length=200)] = ""
    cwe: Annotated[int, Field(ge=1, le=9999)] | None = None
    claim: Annotated[str, Field(min_length=1, max_length=600)]
    entry_point: Annotated[str, Field(max_length=1024)] = ""
    inputs: Annotated[list[Input], Field(max_length=_INPUTS)] = []


class Claims(BaseModel):
    """The hunter's answer."""

    leads: Annotated[list[Claim], Field(max_length=12)]


@dataclass(slots=True)
class Hunter:
    """Hunts through files, one conversation each."""

    desk: Desk
    grounds: Grounds
    rounds: int
    tally: Tally

    def look(self, file: str) -> list[Claim]:
        """What it claims about one file; nothing when nobody answers or what is said cannot be used."""
        lines = self.grounds.read(file, 1, _WHOLE_LINES)
        if not lines:
            return []
        conversation = Conversation(
            desk=self.desk,
            role=Role.HUNTER,
            thread=f"hunter {file}",
            shape=Claims,
            instruments=(*reading(self.grounds), *running(self.grounds)),
            needs=NEEDS,
            rounds=self.rounds,
            tally=self.tally,
        )
        answer = conversation.say([*self._doors(), Segment(None, "The file to look at:\n"), *_source(file, lines)])
        return answer.leads if answer is not None else []

    def _doors(self) -> list[Segment]:
        listed = "\n".join(f"{d.id}  ({d.kind}, {d.language}) {' '.join(d.arguments)}".rstrip() for d in self.grounds.doors())
        return [Segment(None, "Entry points:\n"), *data(DataClass.NAMES, "entry points", listed)]


def _source(file: str, lines: list[str]) -> list[Segment]:
    """The file: its beginning as an excerpt, the rest as a file, so that a provider that may see excerpts alone has something."""
    told = of_file(DataClass.EXCERPTS, file, numbered(lines[:_EXCERPT_LINES], 1), ", its first lines")
    if len(lines) > _EXCERPT_LINES:
        told += of_file(DataClass.FILES, file, numbered(lines[_EXCERPT_LINES:], _EXCERPT_LINES + 1), ", the rest")
    return told
