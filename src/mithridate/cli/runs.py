"""`mithridate runs`: what was run here."""

import json

from mithridate.cli.options import HomeOption, TableFormatOption, home_directory
from mithridate.cli.output import data, table, words


def runs(table_format: TableFormatOption = None, home: HomeOption = None) -> None:
    """List the runs, the newest first."""
    place = home_directory(home)

    from mithridate import pipeline

    found = pipeline.runs(place)
    if table_format is not None:
        rows = [
            {"run": r.id, "started": r.started.isoformat(), "target": r.target, "state": r.state, "findings": r.findings}
            for r in found
        ]
        data(json.dumps(rows, indent=2))
    elif not found:
        words("no runs yet; `mithridate scan PATH` starts one")
    else:
        lines: list[tuple[str, ...]] = [
            (r.id, f"{r.started:%Y-%m-%d %H:%M}Z", str(r.state), str(r.findings), r.target) for r in found
        ]
        data(table(("RUN", "STARTED", "STATE", "FINDINGS", "TARGET"), lines))
