"""The ranker: which files deserve the hunt, from 1 to 5, with a reason."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from mithridate.agents.conversation import Conversation, Tally, data, of_file
from mithridate.agents.desk import Desk
from mithridate.agents.grounds import Reading
from mithridate.model.exchange import DataClass, Role, Segment

NEEDS = frozenset({DataClass.NAMES})
_MOST_FILES = 400
_OUTLINED = 60
_DECLARATIONS = 25


class Ranked(BaseModel):
    """One file."""

    file: Annotated[str, Field(max_length=1024)]
    score: Annotated[int, Field(ge=1, le=5)]
    reason: Annotated[str, Field(max_length=300)]


class Ranking(BaseModel):
    """The ranker's answer."""

    files: Annotated[list[Ranked], Field(max_length=_MOST_FILES)]


def rank(desk: Desk, grounds: Reading, tally: Tally) -> Sequence[Ranked]:
    """The ranked files that exist, the best first, each once; none when nobody answers."""
    known = list(grounds.files())[:_MOST_FILES]
    told = data(DataClass.NAMES, "files", "\n".join(known))
    for file in known[:_OUTLINED]:
        declared = "\n".join(f"{line}: {text}" for line, text in list(grounds.outline(file))[:_DECLARATIONS])
        told += of_file(DataClass.SIGNATURES, file, declared) if declared else []
    conversation = Conversation(
        desk=desk,
        role=Role.RANKER,
        thread="ranker",
        shape=Ranking,
        instruments=(),
        needs=NEEDS,
        rounds=2,
        tally=tally,
    )
    answer = conversation.say([Segment(None, "The files of the project:\n"), *told])
    if answer is None:
        return ()
    real = {ranked.file: ranked for ranked in reversed(answer.files) if ranked.file in known}
    return sorted(real.values(), key=lambda ranked: (-ranked.score, ranked.file))
