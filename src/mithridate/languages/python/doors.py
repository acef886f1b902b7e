"""Turns what the observer saw into entry points, each with its door file (docs/input-document.md) below the build directory."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.python.call_shapes import Shape, recorded_calls
from mithridate.languages.python.look import Sight, plain, source_of
from mithridate.languages.python.text import texts
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Build, Flavour, Skipped
from mithridate.sandbox.leavings import remove_tree

OWN = ".mithridate"
"""Below the build directory: our own files, which nothing inside the sandbox could write."""
MAXIMUM_TARGETS = 400
"""Functions that one process serves."""

_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_IMPORT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(\(\))?")
_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An entry point's name and kind, and the content of its door file."""

    name: str
    kind: EntryKind
    boundary: Boundary
    content: Mapping[str, object]


def doors(build: Build, sight: Sight) -> tuple[tuple[Door, ...], tuple[Skipped, ...]]:
    """One door for each application, program and existing target, and one for the functions of each package (or part of one)."""
    skipped: list[Skipped] = []
    found = [door for record in sight.found["application"] if (door := _application(build, record, skipped))]
    found += [door for record in sight.found["program"] if (door := _program(build, record, skipped))]
    found += [door for record in sight.found["target"] if (door := _target(build, record, skipped))]
    found += _functions(build, sight.found["function"], sight, skipped)
    return tuple({door.name: door for door in found}.values()), tuple(skipped)


def write_doors(build: Build, found: Sequence[Door]) -> tuple[EntryPoint, ...]:
    """Write the door files and make the entry points. Two runs with the same build write the same."""
    folder = build.directory / "build" / OWN
    if folder.is_symlink() or not folder.is_dir():
        remove_tree(folder)
        folder.mkdir()
    entries: list[EntryPoint] = []
    for number, door in enumerate(found, 1):
        file = folder / f"door-{number}.json"
        partial = file.with_suffix(".new")
        partial.write_text(json.dumps(door.content, indent=1, sort_keys=True), "ascii")
        partial.replace(file)
        path = f"/build/{OWN}/{file.name}"
        binaries = tuple(
            Binary(flavour=flavour, directory=build.directory, path=path, in_process=False)
            for flavour in (Flavour.PLAIN, Flavour.FUZZ)
        )
        entries.append(
            EntryPoint(
                id=f"{build.component.id}/{door.name}",
                component=build.component.id,
                language="python",
                name=door.name,
                kind=door.kind,
                boundary=door.boundary,
                arguments=(),
                suffix=".json",
                binaries=binaries,
            )
        )
    return tuple(entries)


def _application(build: Build, record: Mapping[str, object], skipped: list[Skipped]) -> Door | None:
    kind, where = record.get("kind"), record.get("import")
    if kind not in ("wsgi", "asgi") or not isinstance(where, str) or not _IMPORT.fullmatch(where) or len(where) > _LONGEST:
        skipped.append(
            Skipped(what=f"web application {plain(where)}", reason="the observer's description of it is not understood")
        )
        return None
    routes = record.get("routes")
    content = {
        **_base(build, record),
        "kind": kind,
        "import": where,
        "framework": plain(record.get("framework")),
        "routes": [r for r in routes if isinstance(r, dict)] if isinstance(routes, list) else [],
    }
    return Door(name=where, kind=EntryKind.APPLICATION, boundary=Boundary.REAL, content=content)


def _program(build: Build, record: Mapping[str, object], skipped: list[Skipped]) -> Door | None:
    where = record.get("import") or record.get("target") or record.get("file")
    if not isinstance(where, str) or not where or len(where) > _LONGEST or not where.isprintable():
        skipped.append(Skipped(what=f"program {plain(where)}", reason="the observer's description of it is not understood"))
        return None
    name = plain(record.get("name"), 100) or where
    extra = {key: value for key, value in record.items() if key in ("file", "target", "module", "options", "name", "style")}
    content = {**_base(build, record), **extra, "kind": "program", "import": where}
    return Door(name=f"{name} (program)", kind=EntryKind.COMMAND, boundary=Boundary.REAL, content=content)


def _target(build: Build, record: Mapping[str, object], skipped: list[Skipped]) -> Door | None:
    where = record.get("target") or record.get("import")
    if not isinstance(where, str) or not _TARGET.fullmatch(where) or len(where) > _LONGEST:
        skipped.append(Skipped(what=f"fuzz target {plain(where)}", reason="the observer's description of it is not understood"))
        return None
    content = {**_base(build, record), **record, "kind": "target", "import": where, "targets": [where]}
    return Door(name=f"{where} (target)", kind=EntryKind.FUNCTION, boundary=Boundary.REAL, content=content)


def _functions(build: Build, records: Sequence[Mapping[str, object]], sight: Sight, skipped: list[Skipped]) -> list[Door]:
    """One door a package, so that one process serves all of its functions; large packages by their modules."""
    known = {str(r["target"]): r for r in records if isinstance(r.get("target"), str) and _TARGET.fullmatch(str(r["target"]))}
    if not known:
        return []
    directory = build.directory / "src" / build.component.path
    calls = recorded_calls(directory, {name: str(record.get("doc") or "") for name, record in known.items()})
    paths = _paths(build, sight)
    found: list[Door] = []
    for group, names in _groups(sorted(known)).items():
        for number, start in enumerate(range(0, len(names), MAXIMUM_TARGETS)):
            part = names[start : start + MAXIMUM_TARGETS]
            title = f"{group} (functions)" if number == 0 else f"{group} (functions {number + 1})"
            content = {
                **_base(build, {}),
                "paths": paths,
                "kind": "call",
                "targets": part,
                "functions": [dict(known[name]) for name in part],
                "examples": {n: e for n in part if (e := [s["args"] for s in calls.get(n, ()) if _is_positional(s)])},
                "calls": {n: calls[n] for n in part if n in calls},
            }
            found.append(Door(name=title, kind=EntryKind.FUNCTION, boundary=Boundary.REAL, content=content))
    if len(known) < len(records):
        left = len(records) - len(known)
        skipped.append(
            Skipped(what=f"{build.component.id}: {left} functions", reason="the observer's description is not understood")
        )
    return found


def _groups(names: Sequence[str]) -> dict[str, list[str]]:
    """Targets by top-level package; by module below it where there are more than one process serves."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition(":")[0].partition(".")[0], []).append(name)
    result: dict[str, list[str]] = {}
    for top, members in groups.items():
        for name in members:
            module = name.partition(":")[0]
            key = top if len(members) <= MAXIMUM_TARGETS else ".".join(module.split(".")[:2])
            result.setdefault(key, []).append(name)
    return result


def _base(build: Build, record: Mapping[str, object]) -> dict[str, object]:
    environment = record.get("environment")
    given = environment.items() if isinstance(environment, dict) else ()
    named = {k: v for k, v in given if isinstance(k, str) and isinstance(v, str)}
    return {
        "paths": list(texts(record.get("paths"))) or _default_paths(build),
        "environment": {**named, **build.component.env},
        "writable": record.get("writable") is not False,
    }


def _paths(build: Build, sight: Sight) -> list[str]:
    """Where functions are imported from: the places that the observer found modules in, else the usual ones."""
    named = [path for record in sight.found["module"] for path in texts(record.get("paths"))]
    return list(dict.fromkeys(named)) or _default_paths(build)


def _default_paths(build: Build) -> list[str]:
    source = source_of(build)
    usual = Path(build.directory / "src" / build.component.path, "src")
    return [source, f"{source}/src"] if usual.is_dir() and not usual.is_symlink() else [source]


def _is_positional(shape: Shape) -> bool:
    return not shape["kwargs"] and "construct" not in shape
