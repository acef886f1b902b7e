"""Estates, as files describe them."""

from typing import cast

from mithridate.estate.readers import registry
from mithridate.mcp.catalogue import OneQuestion
from mithridate.mcp.shapes import Answer, Json
from mithridate.mcp.work import Work
from mithridate.model.errors import UsageError
from mithridate.model.run import StageStarted
from mithridate.report.estate.joining import joining
from mithridate.report.estate.json_v1 import document
from mithridate.stages import estate

_LONG = ("graph",)


def ask_estate(asked: OneQuestion, work: Work) -> Answer:
    """Paths, cut and changes; or, with no question, what can be asked about."""
    if bool(asked.starts) != bool(asked.goals):
        raise UsageError("both starts and goals are needed", hint="without either, what can be asked about is listed")
    files = tuple(_file(name, work) for name in asked.files)
    options = estate.EstateOptions(files=files, packs=tuple(asked.packs), patched=asked.patched, threads=work.settings.jobs)
    scope, home = work.settings.scope, work.settings.home
    work.observer(StageStarted(stage="read"))
    with estate.opened(options, scope, home, (*asked.starts, *asked.blast), work.require_shown) as opened:
        work.allowance.require()
        if not asked.starts:
            rows: list[Json] = [{"what": what, "name": name, "how_many": count} for what, name, count in estate.contents(opened)]
            return {"contents": rows, "joined": [told.sentence for told in joining(opened.summary())]}
        work.observer(StageStarted(stage="solve"))
        question = estate.question(
            asked.starts,
            asked.goals,
            paths=asked.paths,
            changes=asked.changes,
            spend=asked.spend,
            without=asked.without,
            blast=asked.blast,
            assume=asked.assume,
            seconds=max(1.0, min(60.0, work.allowance.left_s / 4)),
        )
        answer = opened.ask(question)
        work.allowance.require()
        told = document(answer)
        told["checked"] = estate.checked(opened, answer) if asked.check else None
    if not asked.graph:
        for name in _LONG:
            told.pop(name)
        cast(Answer, told["cut"]).pop("certificate")
    return told


def _file(name: str, work: Work) -> str:
    """The path as it is passed on, with its reader if one is named."""
    reader, colon, rest = name.partition(":")
    named = bool(colon) and any(r.name == reader for r in registry.READERS)
    place = work.confinement.existing(rest if named else name)
    work.scope_of_file(place)
    return f"{reader}:{place}" if named else str(place)
