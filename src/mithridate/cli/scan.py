"""`mithridate scan`: hunt, prove and report on one source tree."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mithridate.cli.options import (
    FormatOption,
    HomeOption,
    ModelsOption,
    OutOption,
    PatchSearchOption,
    ReplaysOption,
    SandboxOption,
    as_path,
    default_jobs,
    home_directory,
    listed_models,
    parse_duration,
    parse_gibibytes,
    parse_optional_duration,
)


def scan(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", parser=as_path, show_default=False, help="A source tree or an archive.")
    ],
    out: OutOption = None,
    budget: Annotated[
        float,
        typer.Option(
            metavar="DURATION",
            envvar="MITHRIDATE_BUDGET",
            parser=parse_duration,
            help="Wall time of the hunt, shared by all entry points: 90s, 10m, 2h.",
        ),
    ] = "10m",  # type: ignore[assignment]  # Typer parses defaults as it parses input
    build_timeout: Annotated[
        float,
        typer.Option(
            metavar="DURATION",
            envvar="MITHRIDATE_BUILD_TIMEOUT",
            parser=parse_duration,
            help="Wall time for building one component in one flavour; three flavours are built.",
        ),
    ] = "15m",  # type: ignore[assignment]
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N", envvar="MITHRIDATE_JOBS", min=1, max=1024, show_default=False, help="Cores to use (default: all)."
        ),
    ] = None,
    sandbox: SandboxOption = "bubblewrap",
    scope: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="MITHRIDATE_SCOPE",
            parser=as_path,
            show_default=False,
            help="The scope to work under (default: the one that lies in PATH).",
        ),
    ] = None,
    report_format: FormatOption = None,
    replays: ReplaysOption = 10,
    seed: Annotated[int, typer.Option(metavar="N", envvar="MITHRIDATE_SEED", min=0, help="Makes mutation repeatable.")] = 1,
    hang: Annotated[
        float,
        typer.Option(
            metavar="DURATION",
            envvar="MITHRIDATE_HANG",
            parser=parse_duration,
            help="CPU time after which an input that is still worked on counts as one that never ends; engines wait half as "
            "long.",
        ),
    ] = "10s",  # type: ignore[assignment]
    memory: Annotated[
        int,
        typer.Option(
            metavar="GIB",
            envvar="MITHRIDATE_PROGRAM_MEMORY",
            parser=parse_gibibytes,
            help="Memory in GiB that an input may make a program take; more counts as a flaw.",
        ),
    ] = "2",  # type: ignore[assignment]
    engine: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            envvar="MITHRIDATE_ENGINE",
            show_default=False,
            help="Use only this engine; may be given again (default: libfuzzer and afl++).",
        ),
    ] = None,
    patch: Annotated[
        float,
        typer.Option(
            "--patch",
            metavar="DURATION",
            envvar="MITHRIDATE_PATCH",
            parser=parse_optional_duration,
            help="Wall time for patches: of what holds up the hunt, then of all findings; 0 for none.",
        ),
    ] = "5m",  # type: ignore[assignment]
    patch_search: PatchSearchOption = "0",  # type: ignore[assignment]
    stop_at_first: Annotated[
        bool,
        typer.Option(
            "--stop-at-first",
            envvar="MITHRIDATE_STOP_AT_FIRST",
            help="End the hunt with the round that brings a flaw, before the budget is used up.",
        ),
    ] = False,
    no_source: Annotated[
        bool, typer.Option("--no-source", envvar="MITHRIDATE_NO_SOURCE", help="Keep source code out of reports and bundles.")
    ] = False,
    models: ModelsOption = None,
    replay_models: Annotated[
        str,
        typer.Option(
            metavar="RUN",
            envvar="MITHRIDATE_REPLAY_MODELS",
            show_default=False,
            help="Ask no model; take the answers from the record of this run.",
        ),
    ] = "",
    home: HomeOption = None,
) -> int:
    """Hunt for flaws, prove each one, and report.

    Needs a scope (`mithridate scope init`). Ends with 10 when something was proved and 0 when nothing was.
    """
    from mithridate.policy.scope import require

    permitted = require(path, scope)
    permitted.require_sandbox(sandbox)
    place = home_directory(home)
    listed = listed_models(models, place) if permitted.models else ""

    # The pipeline loads DBOS, SQLAlchemy and pydantic: not for --help, and not to say that there is no scope.
    from mithridate import pipeline
    from mithridate.cli.interrupt import interruptible
    from mithridate.cli.presenting import present
    from mithridate.cli.progress import watching
    from mithridate.model.run import RunOptions

    given = RunOptions(
        target=str(path.absolute()),
        out=str(out.absolute()) if out else "",
        budget_s=budget,
        build_timeout_s=build_timeout,
        jobs=jobs or default_jobs(),
        replays=replays,
        sandbox=sandbox,
        seed=seed,
        memory_bytes=memory,
        hang_cpu_s=hang,
        unit_timeout_s=hang / 2,
        include_source=not no_source,
        stop_after_first_proof=stop_at_first,
        patch_s=0.0 if no_source else patch,
        patch_search_s=patch_search,
        models=listed,
        models_replayed=replay_models,
    )
    if engine:
        given = replace(given, engines=tuple(dict.fromkeys(engine)))
    with interruptible() as cancel:
        with watching(path.resolve().name, cancel) as observer:
            report = pipeline.scan(given, permitted, place, observer, cancel)
        return present(report, report_format)
