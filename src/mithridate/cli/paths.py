"""`mithridate paths`: how attackers could chain what files say of an estate, and the cheapest cut."""

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mithridate.cli.options import HomeOption, as_path, default_jobs, home_directory, parse_cost, parse_duration, parse_gibibytes

if TYPE_CHECKING:
    from mithridate.model.estate import Answer
    from mithridate.stages.estate import EstateOptions


_MOST_CHANGES = 1000


class PathsFormat(StrEnum):
    """What `mithridate paths --format` prints."""

    JSON = "json"
    MARKDOWN = "md"
    HTML = "html"
    NAVIGATOR = "navigator"


def paths(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE", show_default=False, help="Files, READER:FILE, or directories whose files some reader knows."
        ),
    ],
    start: Annotated[
        list[str] | None,
        typer.Option(
            "--from", metavar="NODE", envvar="MITHRIDATE_FROM", show_default=False, help="Where attackers start; or tag:NAME."
        ),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", metavar="NODE", envvar="MITHRIDATE_TO", show_default=False, help="What must not be reached; or tag:NAME."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            envvar="MITHRIDATE_OUT",
            parser=as_path,
            show_default=False,
            help="Write paths.json, paths.html, paths.md and navigator.json there.",
        ),
    ] = None,
    report_format: Annotated[
        PathsFormat | None,
        typer.Option("--format", envvar="MITHRIDATE_PATHS_FORMAT", show_default=False, help="Print this instead of a summary."),
    ] = None,
    shown: Annotated[
        int, typer.Option("--paths", metavar="N", envvar="MITHRIDATE_PATHS", min=1, max=50, help="Different paths to each goal.")
    ] = 3,
    changes: Annotated[
        int | None,
        typer.Option(
            "--changes",
            metavar="N",
            envvar="MITHRIDATE_CHANGES",
            min=1,
            max=_MOST_CHANGES,
            show_default="5; with --spend any number",
            help="How many best changes at most.",
        ),
    ] = None,
    spend: Annotated[
        float | None,
        typer.Option(
            "--spend",
            metavar="COST",
            envvar="MITHRIDATE_SPEND",
            parser=parse_cost,
            show_default=False,
            help="What the best changes may cost together.",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="WHAT",
            envvar="MITHRIDATE_WITHOUT",
            show_default=False,
            help="What if this were not so: a fact such as 'allow(zone:a, _, _, _, _)', or an action as reports print it.",
        ),
    ] = None,
    blast: Annotated[
        list[str] | None,
        typer.Option(
            "--blast", metavar="NODE", envvar="MITHRIDATE_BLAST", show_default=False, help="What holding this node would reach."
        ),
    ] = None,
    before: Annotated[
        list[str] | None,
        typer.Option(
            "--before",
            metavar="FILE",
            envvar="MITHRIDATE_BEFORE",
            show_default=False,
            help="Files of an earlier state of the estate: tell what has changed since.",
        ),
    ] = None,
    pack: Annotated[
        list[str] | None,
        typer.Option(
            "--pack",
            metavar="NAME",
            envvar="MITHRIDATE_PACK",
            show_default=False,
            help="Use only this rule pack (default: all).",
        ),
    ] = None,
    rules: Annotated[
        list[Path] | None,
        typer.Option(
            "--rules", metavar="FILE", envvar="MITHRIDATE_RULES", parser=as_path, show_default=False, help="A rule pack of yours."
        ),
    ] = None,
    assume: Annotated[
        bool,
        typer.Option("--assume", envvar="MITHRIDATE_ASSUME", help="Cut paths through flaws that nobody knows, too."),
    ] = False,
    patched: Annotated[
        bool,
        typer.Option("--patched", envvar="MITHRIDATE_PATCHED", help="Take proved flaws that have a validated patch as mended."),
    ] = False,
    seconds: Annotated[
        float,
        typer.Option(
            "--time",
            metavar="DURATION",
            envvar="MITHRIDATE_TIME",
            parser=parse_duration,
            help="Wall time of each exact search; what is not proved by then is told with its bound.",
        ),
    ] = "60s",  # type: ignore[assignment]  # Typer parses defaults as it parses input
    check: Annotated[
        bool, typer.Option("--check", envvar="MITHRIDATE_CHECK", help="Have the cut's certificate verified by code of its own.")
    ] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            metavar="FILE",
            envvar="MITHRIDATE_CERTIFICATE",
            parser=as_path,
            show_default=False,
            help="Ask nothing: verify the certificate in this paths.json.",
        ),
    ] = None,
    memory_bytes: Annotated[
        int,
        typer.Option(
            "--memory",
            metavar="GIB",
            envvar="MITHRIDATE_MEMORY",
            parser=parse_gibibytes,
            help="Memory that tables may take before they spill to disk.",
        ),
    ] = "4",  # type: ignore[assignment]
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N", envvar="MITHRIDATE_JOBS", min=1, max=1024, show_default=False, help="Cores to use (default: all)."
        ),
    ] = None,
    scope: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="MITHRIDATE_SCOPE",
            parser=as_path,
            show_default=False,
            help="The scope to work under (default: beside the files or in a directory above them).",
        ),
    ] = None,
    home: HomeOption = None,
) -> int:
    """Find attack paths through an estate, the cheapest cut, and the best changes.

    Estates are analysed as models, from exports; nothing is probed. Without --from and --to, lists what the files name.
    Ends with 10 when a goal is reached by what is known, and 0 when none is.
    """
    place = home_directory(home)
    from mithridate.cli.output import words
    from mithridate.model.errors import ExitCode, UsageError
    from mithridate.model.estate import GoalState
    from mithridate.stages import estate

    options = estate.EstateOptions(
        files=tuple(files),
        packs=tuple(pack or ()),
        rules=tuple(rules or ()),
        patched=patched,
        memory_bytes=memory_bytes,
        threads=jobs or default_jobs(),
    )
    if certificate is not None:
        words(estate.verify(options, certificate, scope, place))
        return ExitCode.NOTHING_PROVED
    if not start and not to:
        return _list(options, scope, place)
    if not start or not to:
        raise UsageError("both --from and --to are needed", hint="without either, mithridate paths lists nodes and tags")
    question = estate.question(
        start,
        to,
        paths=shown,
        changes=changes,
        spend=spend,
        without=without or (),
        blast=blast or (),
        assume=assume,
        seconds=seconds,
    )
    if out is not None:
        estate.require_writable(out)
    with estate.opened(options, scope, place, question.starts + question.blast) as opened:
        answer = opened.ask(question)
        if check:
            words(estate.checked(opened, answer))
    _show(answer, report_format)
    if before:
        earlier = replace(options, files=tuple(before), patched=False)
        _compare(estate.ask(earlier, question, scope, place), answer)
    if out is not None:
        for path in estate.write(answer, out):
            words(f"wrote {path}")
    return ExitCode.PROVED if any(g.state is GoalState.REACHED for g in answer.goals) else ExitCode.NOTHING_PROVED


def _show(answer: "Answer", wanted: PathsFormat | None) -> None:
    from rich.console import Console

    from mithridate.cli.output import data
    from mithridate.report.estate import explorer, json_v1, markdown, navigator, terminal

    match wanted:
        case None:
            terminal.print_answer(answer, Console(file=sys.stdout, highlight=False))
        case PathsFormat.JSON:
            data(json_v1.render(answer))
        case PathsFormat.MARKDOWN:
            data(markdown.render(answer))
        case PathsFormat.HTML:
            data(explorer.render(answer))
        case PathsFormat.NAVIGATOR:
            data(navigator.render(answer))


def _compare(before: "Answer", after: "Answer") -> None:
    from rich.console import Console

    from mithridate.report.estate.comparing import difference, print_difference

    print_difference(difference(before, after), Console(stderr=True, highlight=False))


def _list(options: "EstateOptions", scope: Path | None, home: Path) -> int:
    from mithridate.cli.output import data, table, words
    from mithridate.report.estate.joining import joining
    from mithridate.stages import estate

    with estate.opened(options, scope, home) as opened:
        summary = opened.summary()
        rows: list[tuple[str, ...]] = [(what, name, str(count)) for what, name, count in estate.contents(opened)]
    data(table(("what", "name", "how many"), rows))
    for told in joining(summary):
        words(told.sentence)
    passed = sum(r.passed_over for r in summary.readings)
    words(f"{len(summary.readings)} files read, {passed} records passed over; next: mithridate paths FILES --from NODE --to NODE")
    return 0
