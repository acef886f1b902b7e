"""Runs and what they found, from their reports."""

from collections.abc import Sequence
from typing import TypeVar, cast

from mithridate.mcp.catalogue import OfRun, OneFinding, OneReport, Page
from mithridate.mcp.confinement import Confinement
from mithridate.mcp.shapes import Answer, Json
from mithridate.mcp.work import Work
from mithridate.model.errors import MithridateError, PolicyRefusal
from mithridate.model.exchange import DataClass
from mithridate.model.run import RunReport
from mithridate.report.json_v1 import document
from mithridate.stages.conclude import PATCHES, write
from mithridate.stages.evidence import PROOFS
from mithridate.stages.repair import finding_of

_T = TypeVar("_T")


def list_runs(asked: Page, work: Work) -> Answer:
    """Those that are served; of one that may not be read, why not, and nothing else."""
    mine = [run for run in work.stores.runs.list() if work.served(run.target)]
    rows: list[Json] = []
    for run in part(mine, asked):
        if refused := _refused(run.id, work):
            rows.append({"run": run.id, "refused": refused})
            continue
        rows.append(
            {
                "run": run.id,
                "started": run.started.isoformat(timespec="seconds"),
                "target": run.target,
                "state": run.state.value,
                "findings": None if _refused(run.id, work, frozenset({DataClass.FINDINGS})) else run.findings,
                "refused": None,
            }
        )
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
    for folder in (place, place / PROOFS, place / PATCHES):
        if link := next((p for p in folder.glob("*") if p.is_symlink()), None):
            raise PolicyRefusal(f"{link} is a link, and nothing is written through one", hint="choose another directory")
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


def _refused(run: str, work: Work, gives: frozenset[DataClass] | None = None) -> str | None:
    try:
        work.run(run, gives)
    except MithridateError:  # whose words name the target
        return f"no scope in force lets {work.settings.agent!r} see it"
    return None
