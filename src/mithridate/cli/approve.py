"""`mithridate approve`: a person takes responsibility for a patch."""

from typing import Annotated

import typer

from mithridate.cli.options import HomeOption, home_directory


def approve(
    run: Annotated[str, typer.Argument(metavar="RUN", show_default=False, help="The run, as `mithridate runs` lists it.")],
    finding: Annotated[str, typer.Argument(metavar="FINDING", show_default=False, help="The finding whose patch is approved.")],
    which: Annotated[
        str,
        typer.Option(
            "--patch",
            metavar="NUMBER|HASH",
            envvar="MITHRIDATE_APPROVED_PATCH",
            show_default=False,
            help="Which patch, where several passed: its number among those, or the beginning of its diff's SHA-256.",
        ),
    ] = "",
    who: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="NAME",
            envvar="MITHRIDATE_APPROVED_BY",
            show_default=False,
            help="Who approves it (default: the account).",
        ),
    ] = "",
    home: HomeOption = None,
) -> int:
    """Approve the validated patch of a finding.

    Goes on the audit log. Only what passed the whole gate can be approved; read the diff and the gate's record first.
    """
    place = home_directory(home)

    from mithridate import pipeline
    from mithridate.cli.output import words
    from mithridate.policy.audit import actor

    by = who or actor()
    approved = pipeline.approve(run, finding, place, by, which).patches[finding][0].proposal
    words(f"on record: {by} approves the patch of {finding}, by {approved.proposer}, diff {approved.sha256}")
    return 0
