"""Entry points, and one input through one of them."""

import base64
import binascii
from pathlib import Path

from mithridate.mcp.abilities.runs import entry_points_of_run, part
from mithridate.mcp.catalogue import Doors, OneInput
from mithridate.mcp.shapes import Answer, Json
from mithridate.mcp.work import Work
from mithridate.model.entry import EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.violation import Violation
from mithridate.report.json_v1 import stack_document, violation_document
from mithridate.sandbox.leavings import read_plain
from mithridate.stages.trial import Trial, Tried

_SAID = 16 << 10


def list_entry_points(asked: Doors, work: Work) -> Answer:
    """Of a run, or of a project."""
    if (asked.run is None) == (asked.project is None):
        raise UsageError("give either run or project")
    if asked.run is not None:
        return entry_points_of_run(asked.run, asked, work)
    with _trial(asked.project or "", work) as trial:
        opened = trial.open()
    rows: list[Json] = [_door(entry) for entry in part(opened.entries, asked)]
    skipped: list[Json] = [{"what": one.what, "reason": one.reason} for one in part(opened.skipped, asked)]
    return {
        "project": opened.project.name,
        "snapshot": opened.project.snapshot,
        "entry_points": rows,
        "in_all": len(opened.entries),
        "skipped": skipped,
    }


def run_input(asked: OneInput, work: Work) -> Answer:
    """A verdict, and what there is to see."""
    data = _data(asked, work)
    with _trial(asked.project, work) as trial:
        opened = trial.open()
        entry = next((e for e in opened.entries if e.id == asked.entry_point), None)
        if entry is None:
            raise UsageError(f"the project has no entry point {asked.entry_point!r}", hint="list_entry_points names them")
        tried = trial.run(entry, data, asked.replays)
    return {"snapshot": opened.project.snapshot, "entry_point": entry.id, "size": len(data), **_told(tried)}


def _trial(project: str, work: Work) -> Trial:
    target = work.confinement.existing(project)
    settings = work.settings
    scope = work.scope_of(target)
    return Trial(target, scope, work.stores, settings.sandbox, settings.jobs, work.observer, work.allowance)


def _door(entry: EntryPoint) -> Json:
    return {
        "id": entry.id,
        "component": entry.component,
        "language": entry.language,
        "kind": entry.kind.value,
        "boundary": entry.boundary.value,
        "arguments": list(entry.arguments),
        "takes": "an input document (docs/input-document.md)" if entry.observed else "bytes",
    }


def _data(asked: OneInput, work: Work) -> bytes:
    given = [form for form in (asked.text, asked.base64, asked.file) if form is not None]
    if len(given) != 1:
        raise UsageError("give the input in one form: text, base64 or file")
    most = work.settings.input_bytes
    if asked.file is not None:
        place = work.confinement.existing(asked.file)
        work.scope_of_file(place)
        data = _content(place, most + 1)
    elif asked.base64 is not None:
        try:
            data = base64.b64decode(asked.base64, validate=True)
        except (ValueError, binascii.Error):
            raise UsageError("the input is not Base64") from None
    else:
        data = (asked.text or "").encode("utf-8", "surrogatepass")
    if len(data) > most:
        raise UsageError(f"the input has more than {most} bytes")
    return data


def _content(place: Path, most: int) -> bytes:
    try:
        return read_plain(place, most)
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror or 'it is no plain file'}") from None


def _told(tried: Tried) -> Answer:
    verdict = "unknown" if tried.failure else "fired" if tried.violations else "clean"
    told: Answer = {
        "verdict": verdict,
        "fired": tried.fired,
        "replays": tried.replays,
        "violations": [_violation(v) for v in tried.violations],
        "failure": f"{tried.failure.tool}: {tried.failure.why}" if tried.failure else None,
        "coverage": None,
    }
    if (seen := tried.coverage) is not None:
        share = round(seen.covered / seen.edges, 6) if seen.edges else None
        told["coverage"] = {"covered": seen.covered, "of": seen.edges or None, "share": share, "unit": seen.unit}
        if seen.files:
            told["files_entered"] = list(seen.files)
    if (done := tried.execution) is not None:
        told["ended"] = {
            "how": done.ending.value,
            "exit_code": done.exit_code,
            "signal": done.signal,
            "wall_s": round(done.wall_s, 3),
            "cpu_s": round(done.cpu_s, 3),
        }
        told["stdout"], told["stderr"] = _said(done.stdout), _said(done.stderr)
    if tried.answers:
        told["answers"] = [{"phase": a.phase, "step": a.step, **_plain(dict(a.said))} for a in tried.answers]
    return told


def _violation(violation: Violation) -> Json:
    return {
        **_plain(violation_document(violation)),
        "signature": violation.signature,
        "stack": stack_document(violation.frames),
        "allocation": stack_document(violation.allocation),
        "deallocation": stack_document(violation.deallocation),
    }


def _plain(value: object) -> dict[str, Json]:
    assert isinstance(value, dict)
    return value


def _said(output: bytes) -> str:
    return output[:_SAID].decode("utf-8", "backslashreplace")
