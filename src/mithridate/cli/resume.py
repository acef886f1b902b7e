"""`mithridate resume`: go on with a run that was interrupted."""

from typing import Annotated

import typer

from mithridate.cli.options import FormatOption, HomeOption, home_directory


def resume(
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", show_default=False, help="The run (default: the newest interrupted one).")
    ] = None,
    report_format: FormatOption = None,
    home: HomeOption = None,
) -> int:
    """Go on with an interrupted run.

    Nothing that was done is done again. Ends like `scan`.
    """
    from mithridate import pipeline
    from mithridate.cli.interrupt import interruptible
    from mithridate.cli.presenting import present
    from mithridate.cli.progress import watching

    place = home_directory(home)
    with interruptible() as cancel:
        with watching(run or "the newest interrupted run", cancel) as observer:
            report = pipeline.resume(run or "", place, observer, cancel)
        return present(report, report_format)
