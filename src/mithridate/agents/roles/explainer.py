"""The explainer: prose about a finding, from its record alone."""

import re
from typing import Annotated

from pydantic import BaseModel, Field

from mithridate.agents.conversation import Conversation, Tally, data
from mithridate.agents.desk import Desk
from mithridate.model.exchange import DataClass, Role, Segment

NEEDS = frozenset({DataClass.FINDINGS})
_NUMBER = re.compile(r"\d+(?:\.\d+)?|0x[0-9a-fA-F]+")
_CALLED = re.compile(r"\b([A-Za-z_][A-Za-z0-9_]*)\s*\(\)|`([^`]+)`|\b([\w./-]+\.(?:c|h|cc|cpp|hpp|py))\b")


class Explanation(BaseModel):
    """The explainer's answer."""

    text: Annotated[str, Field(min_length=20, max_length=1500)]


def explain(desk: Desk, finding: str, record: str, tally: Tally) -> str:
    """Prose for a finding, "" when there is none that says nothing beyond `record`."""
    conversation = Conversation(
        desk=desk,
        role=Role.EXPLAINER,
        thread=f"explainer {finding}",
        shape=Explanation,
        instruments=(),
        needs=NEEDS,
        rounds=3,
        tally=tally,
    )
    answer = conversation.say([Segment(None, "The record:\n"), *data(DataClass.FINDINGS, "record", record)])
    if answer is None:
        return ""
    if foreign(answer.text, record):
        tally.dropped += 1
        return ""
    return answer.text.strip()


def foreign(text: str, record: str) -> list[str]:
    """Numbers, functions, files and quoted names in a text that its record does not hold."""
    called = {name for found in _CALLED.findall(text) for name in found if name}
    return sorted({one for one in {*_NUMBER.findall(text), *called} if one not in record})
