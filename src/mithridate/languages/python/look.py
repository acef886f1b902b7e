"""Asks the observer inside the sandbox what of a project can be imported and entered, and reads its answer with care."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.python.observer import ENTRANCE, INTERPRETER, OBSERVER, RUNTIME
from mithridate.languages.python.sanitized import process_environment
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.model.project import Build, Skipped
from mithridate.sandbox.interface import Sandbox

_KINDS = ("application", "function", "program", "target", "module", "skipped")
_MAXIMUM = 20_000
_LIMITS = Limits(wall_s=600.0, memory_bytes=3 << 30, processes=256, output_bytes=32 << 20, scratch_bytes=1 << 30)


@dataclass(frozen=True, slots=True)
class Sight:
    """What was found, by kind: "application", "function", "program", "target", "module"; and what was not, with its reason."""

    found: Mapping[str, tuple[Mapping[str, object], ...]]
    skipped: tuple[Skipped, ...]


def look(build: Build, sandbox: Sandbox, runtime: Path = RUNTIME, seconds: float = _LIMITS.wall_s) -> Sight:
    """Import what can be imported of the build's component, in the sandbox, for at most `seconds` of wall time."""
    mounts = (
        Mount(source=build.directory / "src", target="/src"),
        Mount(source=build.directory / "build", target="/build"),
        Mount(source=runtime, target=OBSERVER),
    )
    command = Command(
        argv=(INTERPRETER, ENTRANCE, "look", source_of(build)),
        env={**process_environment(build.directory), **build.component.env},
    )
    limits = Limits(
        wall_s=seconds,
        memory_bytes=_LIMITS.memory_bytes,
        processes=_LIMITS.processes,
        output_bytes=_LIMITS.output_bytes,
        scratch_bytes=_LIMITS.scratch_bytes,
    )
    done = sandbox.run(command, mounts, limits)
    found: dict[str, list[Mapping[str, object]]] = {kind: [] for kind in _KINDS}
    for kind, record in _records(done.stdout):
        found[kind].append(record)
    skipped = [_skipped(record) for record in found.pop("skipped")]
    if not done.ok:
        skipped.append(Skipped(what=f"{build.component.id}: a look at what can be entered", reason=_why(done)))
    return Sight({kind: tuple(records) for kind, records in found.items()}, tuple(skipped))


def source_of(build: Build) -> str:
    """The component's folder inside the sandbox."""
    return "/src" if build.component.path == "." else f"/src/{build.component.path}"


def plain(value: object, limit: int = 300) -> str:
    """Text from inside the sandbox as one line that a terminal shows as it is."""
    text = value if isinstance(value, str) else ""
    return "".join(c if c.isprintable() else " " for c in text)[:limit]


def _records(output: bytes) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Lines that are records; the target's code ran in that process, so everything else is passed over."""
    for number, line in enumerate(output.split(b"\n")):
        if number >= _MAXIMUM:
            return
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            for kind in _KINDS:
                if isinstance(document.get(kind), dict):
                    yield kind, document[kind]


def _skipped(record: Mapping[str, object]) -> Skipped:
    return Skipped(
        what=plain(record.get("what")) or "part of the project", reason=plain(record.get("reason")) or "cannot be imported"
    )


def _why(done: Execution) -> str:
    if done.ending is Ending.EXITED:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        return plain(f"it ended with exit code {done.exit_code}: {''.join(last)}")
    return f"it was stopped ({done.ending}); what was found until then counts"
