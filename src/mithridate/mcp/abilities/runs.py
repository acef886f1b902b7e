"""Runs and what they found, from their reports."""

from collections.abc import Sequence
from typing import TypeVar, cast

from mithridate.mcp.catalogue import OfRun, OneFinding, OneReport, Page
from mithridate.mcp.confinement import Confinement
from mithridate.mcp.work import Answer, Json, Work
from mithridate.model.errors import MithridateError, PolicyRefusal
from mithridate.model.run import RunReport
from mithridate.report.json_v1 import document
from mithridate.stages.conclude import write
from mithridate.stages.repair import finding_of

_T = TypeVar("_T")


def list_runs(asked: Page, work: Work) -> Answer:
    """Those that are served; each says whether it may be read, and why not."""
    mine = [run for run in work.stores.runs.list() if work.served(run.target)]
    rows: list[Json] = [
        {
            "run": run.id,
            "started": run.started.isoformat(timespec="seconds"),
            "target": run.target,
            "state": run.state.value,
            "findings": run.findings,
            "refused": _refused(run.id, work),
        }
        for run in part(mine, asked)
    ]
    return {"runs": rows, "in_all": len(mine)}


def list_findings(asked: OfRun, work: Work) -> Answer:
    """Each in a few words."""
    made = _findings(work.report(asked.run))
    rows: list[Json] = [
        {
            **{name: f[name] for name in ("id", "title", "cwe", "cwe_name", "status", "location", "entry_point")},
            "cvss": _of(f["severity"], "cvss"),
            "control_tier": _of(f["control"], "tier"),
            "proofs": len(cast(list[Json], f["proofs"])),
            "patch": _of(f["patch"], "status"),
        }
        for f in part(made, asked)
    ]
    return {"run": asked.run, "findings": rows, "in_all": len(made)}


def list_skipped(asked: OfRun, work: Work) -> Answer:
    """What was not examined."""
    skipped = work.report(asked.run).skipped
    rows: list[Json] = [{"what": one.what, "reason": one.reason} for one in part(skipped, asked)]
    return {"run": asked.run, "skipped": rows, "in_all": len(skipped)}


def entry_points_of_run(run: str, asked: Page, work: Work) -> Answer:
    """How each closed."""
    entries = cast(list[Json], document(work.report(run))["entry_points"])
    return {"run": run, "entry_points": list(part(entries, asked)), "in_all": len(entries)}


def read_finding(asked: OneFinding, work: Work) -> Answer:
    """As results.json has it."""
    report = work.report(asked.run)
    wanted = finding_of(report, asked.finding).id
    return {"run": asked.run, "finding": next(f for f in _findings(report) if f["id"] == wanted)}


def write_report(asked: OneReport, work: Work) -> Answer:
    """Only below the directory that the server was given for that."""
    report = work.report(asked.run)
    out = work.settings.out
    if out is None:
        raise PolicyRefusal("this server writes no reports", hint="start it with --out DIR")
    place = Confinement((out,)).path(asked.directory)
    write(report, work.stores.home.run(asked.run), place)
    names: list[Json] = [str(p) for p in sorted(place.rglob("*")) if p.is_file() and not p.name.startswith(".")]
    return {"run": asked.run, "directory": str(place), "files": names}


def part(rows: Sequence[_T], asked: Page) -> Sequence[_T]:
    """The rows that were asked for."""
    return rows[asked.offset : asked.offset + asked.limit]


def _findings(report: RunReport) -> list[dict[str, Json]]:
    return cast(list[dict[str, Json]], document(report)["findings"])


def _of(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, dict) else None


def _refused(run: str, work: Work) -> str | None:
    try:
        work.run(run)
    except MithridateError as error:
        return str(error)
    return None
