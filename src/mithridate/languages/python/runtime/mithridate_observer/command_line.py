"""The observer's commands and their options."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Of one run: CPU seconds, wall-clock seconds, MiB of memory beyond what the open door holds."""

    cpu_s: float
    wall_s: float
    memory_mib: int


@dataclass(frozen=True)
class DoorFile:
    """What DOOR.json says about how to get in."""

    kind: str
    imported: str
    paths: tuple[str, ...]
    environment: dict[str, str]
    writable: bool
    targets: tuple[str, ...]
    heard: bool
    share: tuple[int, int] = (0, 1)
    """Which part of how many: routes of the other parts are not told."""
    signed_in: bool = False
    """Clients are known to the application from the start, as an ordinary user."""


@dataclass(frozen=True)
class Options:
    """One `batch` command line."""

    door: DoorFile
    inputs: tuple[Path, ...]
    limits: Limits
    coverage: bool
    heard: bool
    seed: int | None
    root: str
    reopened: bool
    records: int | None
    together: int = 1
    """How many documents one process may carry out, one after another."""
    at: tuple[str, int] | None = None
    """The line (file, number) at which it is told how things stand; coverage is not counted then."""


KINDS = ("wsgi", "asgi", "call", "program", "target")


class BadUsage(Exception):
    """The command line or DOOR.json cannot be understood."""


def run(arguments: list[str]) -> int:
    """Carry out `batch`, `look` or `fuzz`; words about bad usage go to standard error."""
    parsed = _parser().parse_args(arguments)
    try:
        if parsed.command == "look":
            from .look import everything

            return everything.look(Path(parsed.root), parsed.each)
        if parsed.command == "fuzz":
            from .targets import driving

            return driving.fuzz(_door(parsed.door), parsed.target, parsed.finds, parsed.options, parsed.root)
        from . import batch

        return batch.run(_options(parsed))
    except BadUsage as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    batch = commands.add_parser("batch", help="open the door once and run each input document in a process of its own")
    batch.add_argument("door", type=Path)
    batch.add_argument("inputs", nargs="*", type=Path)
    batch.add_argument("--each", type=float, default=5.0, help="CPU seconds of one run")
    batch.add_argument("--wall", type=float, default=10.0, help="wall-clock seconds of one run")
    batch.add_argument("--memory", type=int, default=2048, help="MiB that one run may take beyond the open door's")
    batch.add_argument("--coverage", action="store_true", help="count the lines of project code that each step covers")
    batch.add_argument("--heard", action="store_true", help="hand out strings that tell what they are compared with")
    batch.add_argument("--together", type=int, default=1, help="documents that one process may carry out, one after another")
    batch.add_argument("--at", default="", metavar="FILE:LINE", help="tell how things stand where runs come by a line")
    batch.add_argument("--seed", type=int, default=None, help="draw the same tokens again")
    batch.add_argument("--root", default="/src", help="where the project lies")
    batch.add_argument("--reopened", action="store_true", help=argparse.SUPPRESS)
    batch.add_argument("--records", type=int, default=None, help=argparse.SUPPRESS)
    look = commands.add_parser("look", help="list applications, functions and programs of a tree")
    look.add_argument("root")
    look.add_argument("--each", type=float, default=20.0, help="wall-clock seconds to import one module")
    fuzz = commands.add_parser("fuzz", help="let Atheris search one target of a door; further options are libFuzzer's")
    fuzz.add_argument("door", type=Path)
    fuzz.add_argument("target")
    fuzz.add_argument("finds", type=Path, help="directory for inputs that raised something")
    fuzz.add_argument("--root", default="/src", help="where the project lies")
    fuzz.add_argument("options", nargs=argparse.REMAINDER)
    return parser


def _options(parsed: argparse.Namespace) -> Options:
    door = _door(parsed.door)
    return Options(
        door=door,
        inputs=tuple(_inputs(parsed.inputs)),
        limits=Limits(parsed.each, parsed.wall, parsed.memory),
        coverage=parsed.coverage,
        heard=parsed.heard or door.heard,
        seed=parsed.seed,
        root=parsed.root,
        reopened=parsed.reopened,
        records=parsed.records,
        together=max(1, parsed.together),
        at=_place(parsed.at),
    )


def _place(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    file, _, line = text.rpartition(":")
    if not file or not line.isdecimal():
        raise BadUsage(f"{text!r} is not FILE:LINE")
    return file, int(line)


def _inputs(given: list[Path]) -> list[Path]:
    """The files given, a directory standing for its files in order of name; absolute, as the working directory will change."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += sorted(each for each in path.iterdir() if each.is_file())
        else:
            found.append(path)
    return [path.absolute() for path in found]


def _door(path: Path) -> DoorFile:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadUsage(f"cannot read {path}: {error}") from error
    if not isinstance(told, dict) or told.get("kind") not in KINDS:
        raise BadUsage(f"{path} is not a door: kind must be one of {', '.join(KINDS)}")
    environment = told.get("environment") or {}
    paths, targets = told.get("paths") or [], told.get("targets") or []
    if not (isinstance(environment, dict) and isinstance(paths, list) and isinstance(targets, list)):
        raise BadUsage(f"{path} is not a door: environment must be an object, paths and targets lists")
    return DoorFile(
        kind=told["kind"],
        imported=str(told.get("import") or ""),
        paths=tuple(str(each) for each in paths),
        environment={str(name): str(value) for name, value in environment.items()},
        writable=bool(told.get("writable")),
        targets=tuple(str(each) for each in targets),
        heard=bool(told.get("heard")),
        share=_share(told.get("share")),
        signed_in=told.get("signed_in") is True,
    )


def _share(told: Any) -> tuple[int, int]:
    if isinstance(told, list) and len(told) == 2 and all(isinstance(each, int) for each in told) and 0 <= told[0] < told[1]:
        return told[0], told[1]
    return 0, 1
