"""`mithridate report`: show a finished run again."""

from typing import Annotated

import typer

from mithridate.cli.options import FormatOption, HomeOption, OutOption, home_directory


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", show_default=False, help="The run, as `mithridate runs` lists it.")],
    report_format: FormatOption = None,
    out: OutOption = None,
    home: HomeOption = None,
) -> int:
    """Show a finished run, or write its files.

    Ends like `scan`: with 10 when something was proved.
    """
    place = home_directory(home)

    from mithridate import pipeline
    from mithridate.cli.presenting import present

    return present(pipeline.report(run, place, out), report_format)
