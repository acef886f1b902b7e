"""`mithridate patch`: propose repairs for what a run proved, and judge them."""

from pathlib import Path
from typing import Annotated

import typer

from mithridate.cli.options import (
    FormatOption,
    HomeOption,
    OutOption,
    PatchSearchOption,
    SandboxOption,
    as_path,
    default_jobs,
    home_directory,
    parse_duration,
)


def patch(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            show_default=False,
            help="A run, as `mithridate runs` lists it; a .proof file; with --proof a tree.",
        ),
    ],
    finding: Annotated[
        str, typer.Argument(metavar="[FINDING]", show_default=False, help="One finding (default: all that were proved).")
    ] = "",
    proof: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="MITHRIDATE_PROOF",
            parser=as_path,
            show_default=False,
            help="An input that is known to fire: RUN is then a source tree, which is built and entered with it.",
        ),
    ] = None,
    command: Annotated[
        str,
        typer.Option(
            metavar="LINE",
            envvar="MITHRIDATE_COMMAND",
            show_default=False,
            help="With --proof, how the program is called: its name and arguments, @@ for the input, @out for a file that it may "
            "write, as in 'imgconvert -f png @@ @out'. Without: every program, as it was seen to read its input.",
        ),
    ] = "",
    budget: Annotated[
        float,
        typer.Option(
            metavar="DURATION", envvar="MITHRIDATE_PATCH_BUDGET", parser=parse_duration, help="Wall time for each finding."
        ),
    ] = "10m",  # type: ignore[assignment]
    search: PatchSearchOption = "0",  # type: ignore[assignment]
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N", envvar="MITHRIDATE_JOBS", min=1, max=1024, show_default=False, help="Cores to use (default: all)."
        ),
    ] = None,
    apply: Annotated[
        bool,
        typer.Option(
            "--apply",
            envvar="MITHRIDATE_APPLY",
            help="Put the validated patches on a new branch of the project's git repository; its working tree is left alone.",
        ),
    ] = False,
    advisory: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            envvar="MITHRIDATE_ADVISORY",
            parser=as_path,
            show_default=False,
            help="A published advisory (OSV): raise the requirement that it names; may be given again.",
        ),
    ] = None,
    no_test: Annotated[
        bool,
        typer.Option("--no-test", envvar="MITHRIDATE_NO_TEST", help="Make no regression test."),
    ] = False,
    scope: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="MITHRIDATE_SCOPE",
            parser=as_path,
            show_default=False,
            help="The scope to work under, with --proof.",
        ),
    ] = None,
    sandbox: SandboxOption = "bubblewrap",
    report_format: FormatOption = None,
    out: OutOption = None,
    home: HomeOption = None,
) -> int:
    """Propose patches and send each through the gate.

    A patch is validated when it applies, builds, silences every proof and its variants, and leaves the project's tests and
    outputs as they were. Ends with 10 when every finding asked for has a validated patch, else with 0.
    """
    from mithridate.model.errors import UsageError

    if proof is not None and not proof.is_file():
        raise UsageError(f"there is no file {proof}")
    if command and proof is None:
        raise UsageError("--command says how --proof is read", hint="give the input with --proof FILE")
    place = home_directory(home)

    from mithridate import pipeline
    from mithridate.cli.interrupt import interruptible
    from mithridate.cli.patching import present_patches, show
    from mithridate.cli.progress import watching
    from mithridate.policy.scope import require
    from mithridate.stages.repair import PatchOptions

    options = PatchOptions(
        seconds=budget,
        jobs=jobs or default_jobs(),
        test=not no_test,
        advisories=tuple(advisory or ()),
        wanted_search_s=search,
    )
    if run.endswith(".proof"):
        if not Path(run).is_file():
            raise UsageError(f"there is no bundle {run}")
        with interruptible() as cancel, watching(Path(run).name, cancel) as observer:
            made = pipeline.patch_bundle(Path(run), place, sandbox, options, observer, cancel)
        return show(made, report_format)
    with interruptible() as cancel, watching(run, cancel) as observer:
        if proof is not None:
            known = require(Path(run), scope)
            report = pipeline.patch_with(Path(run), proof, known, place, options, observer, cancel, command)
        else:
            report = pipeline.patch(run, finding, place, options, observer, cancel)
    if out is not None:
        pipeline.report(report.run, place, out)
    branch = pipeline.apply_patches(report, finding) if apply else ""
    return present_patches(report, finding, report_format, branch, proof)
