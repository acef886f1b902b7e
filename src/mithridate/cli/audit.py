"""`mithridate audit`: check and show the record of every action."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mithridate.cli.options import NO_HELP_YET, HomeOption, TableFormatOption, home_directory
from mithridate.model.errors import NothingToAnalyse, PolicyRefusal

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, add_completion=False, context_settings={"default_map": NO_HELP_YET}
)


@app.command()
def verify(
    contains: Annotated[
        str,
        typer.Option(
            metavar="HASH", envvar="MITHRIDATE_CONTAINS", show_default=False, help="A hash noted earlier must still be there."
        ),
    ] = "",
    home: HomeOption = None,
) -> None:
    """Check that nothing was changed, removed or added.

    Names the first record that does not hold.
    Prints the number of records and the hash of the last one. Note that hash elsewhere: a later --contains shows whether the
    whole log was replaced, which nothing in the log itself can show. Ends with 4 when the log does not hold, and 3 when
    there is none.
    """
    from mithridate.cli.output import data, words
    from mithridate.policy.audit import verify as check

    log = _log(home)
    result = check(log, contains.strip().lower())
    if result.bad is not None:
        raise PolicyRefusal(
            f"{log}, line {result.bad.line}: {result.bad.why}", hint=f"the {result.records} records before it hold"
        )
    if not result.records:
        raise NothingToAnalyse(f"there is no audit log in {log.parent} yet")
    data(f"{result.records} {result.head}")
    words("the audit log holds")


@app.command()
def show(
    run: Annotated[
        str, typer.Option(metavar="ID", envvar="MITHRIDATE_RUN", show_default=False, help="Only the records of this run.")
    ] = "",
    table_format: TableFormatOption = None,
    home: HomeOption = None,
) -> None:
    """Print the records, oldest first.

    Does not check them: `audit verify` does.
    """
    from mithridate.cli.known import require_known
    from mithridate.cli.output import data
    from mithridate.policy.audit import records
    from mithridate.report.visible import visible

    log = _log(home)
    found = list(records(log, run))
    if run and not found:
        require_known(run, log.parent)
    if table_format is not None:
        data(json.dumps([asdict(record) for record in found], indent=2))
        return
    for record in found:
        facts = " ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in record.facts.items())
        parts = (f"{record.seq:>5}", record.time[:19] + "Z", record.actor, record.run or "-", record.action, facts)
        data(visible("  ".join(parts).rstrip()))


def _log(home: Path | None) -> Path:
    from mithridate.policy.audit import AUDIT_FILE

    return home_directory(home) / AUDIT_FILE
