"""`mithridate ledger`: what was disclosed to models, exactly."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mithridate.cli.options import HomeOption, TableFormatOption, home_directory
from mithridate.model.errors import NothingToAnalyse, PolicyRefusal


def ledger(
    run: Annotated[str, typer.Argument(metavar="[RUN]", show_default=False, help="Only what this run disclosed.")] = "",
    show: Annotated[
        bool, typer.Option("--show", envvar="MITHRIDATE_SHOW", help="Print the very bytes of each request again.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", envvar="MITHRIDATE_VERIFY", help="Check that nothing was changed, removed or added.")
    ] = False,
    table_format: TableFormatOption = None,
    home: HomeOption = None,
) -> None:
    """Say exactly what was disclosed to models: what, to whom, when, for what, at what cost.

    With --verify it ends with 4 when the ledger does not hold, and with 3 when nothing was ever sent.
    """
    from mithridate.cli.known import require_known
    from mithridate.cli.output import data, words
    from mithridate.policy.audit import records
    from mithridate.policy.audit import verify as check
    from mithridate.policy.ledger import ANSWERED, LEDGER_FILE, REFUSED, SENT
    from mithridate.report.visible import visible

    place = home_directory(home)
    log = place / LEDGER_FILE
    if verify:
        result = check(log)
        if result.bad is not None:
            raise PolicyRefusal(f"{log}, line {result.bad.line}: {result.bad.why}", hint=f"the {result.records} before it hold")
        if not result.records:
            raise NothingToAnalyse("nothing was ever sent to a model")
        words(f"the ledger holds: {result.records} records, the last is {result.head}")
        return
    found = [record for record in records(log, run) if record.action in {SENT, ANSWERED, REFUSED}]
    if run and not found:
        require_known(run, place)
    if table_format is not None:
        data(json.dumps([asdict(record) for record in found], indent=2))
        return
    sent = [record for record in found if record.action == SENT]
    for record in found:
        facts = record.facts
        told = f"{record.time[:19]}Z  {record.run}  {facts.get('provider')}  {facts.get('role')}  {facts.get('purpose')}"
        match record.action:
            case action if action == SENT:
                kinds = facts.get("classes")
                listed = ", ".join(map(str, kinds)) if isinstance(kinds, list) and kinds else "nothing of the project"
                whom = f"{facts.get('operator')} in {facts.get('jurisdiction')}, retention: {facts.get('retention')}"
                data(visible(f"{told}  sent {facts.get('bytes')} bytes ({listed}) to {facts.get('host')} ({whom})"))
                data(visible(f"    sha256 {facts.get('sha256')}, {facts.get('redactions')} secrets taken out"))
            case action if action == ANSWERED:
                cost = f"{facts.get('input_tokens')} + {facts.get('output_tokens')} tokens, {facts.get('eur')} EUR"
                data(visible(f"{told}  {facts.get('outcome')}: {cost}"))
            case _:
                data(visible(f"{told}  not sent: {facts.get('why')}"))
        if show and record.action == SENT:
            data(visible(_body(place, record.run, str(facts.get("sha256")))))
    total = sum(int(str(record.facts.get("bytes", 0))) for record in sent)
    words(f"{len(sent)} requests, {total} bytes" if sent else "nothing was sent to a model")


def _body(home: Path, run: str, digest: str) -> str:
    from mithridate.store.exchanges import Exchanges
    from mithridate.store.home import Home
    from mithridate.store.seal import Seal

    return Exchanges(Home(home).run(run), Seal(home, sealing=False)).sent(digest).decode("utf-8", "replace")
