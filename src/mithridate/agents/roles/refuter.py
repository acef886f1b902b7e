"""The refuter: in a fresh conversation it tries to show that a claim is false. Its word is noted, and decides nothing."""

from typing import Annotated

from pydantic import BaseModel, Field

from mithridate.agents.conversation import Conversation, Tally, data, of_file
from mithridate.agents.desk import Desk
from mithridate.agents.grounds import Grounds
from mithridate.agents.instruments import numbered, reading, running
from mithridate.model.exchange import DataClass, Role, Segment
from mithridate.model.lead import Lead

NEEDS = frozenset({DataClass.NAMES, DataClass.EXCERPTS, DataClass.FINDINGS})
_AROUND = 60


class Doubt(BaseModel):
    """The refuter's answer."""

    doubted: bool
    reason: Annotated[str, Field(min_length=1, max_length=600)]


def refute(desk: Desk, grounds: Grounds, lead: Lead, rounds: int, tally: Tally) -> Doubt | None:
    """What speaks against a lead; None when nobody answers."""
    begin = max(1, lead.line - _AROUND)
    lines = grounds.read(lead.file, begin, lead.line + _AROUND) or []
    claim = f"{lead.file}:{lead.line} {lead.function}\n{lead.claim}"
    conversation = Conversation(
        desk=desk,
        role=Role.REFUTER,
        thread=f"refuter {lead.id}",
        shape=Doubt,
        instruments=(*reading(grounds), *running(grounds)),
        needs=NEEDS,
        rounds=rounds,
        tally=tally,
    )
    return conversation.say(
        [
            Segment(None, "The claim:\n"),
            *data(DataClass.FINDINGS, "claim", claim),
            *of_file(DataClass.EXCERPTS, lead.file, numbered(lines, begin)),
        ]
    )
