"""Turns what the observer saw into entry points, each with its door file (docs/input-document.md) below the build directory."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.languages.python.call_shapes import Shape, recorded_calls
from mithridate.languages.python.look import Sight, plain, source_of
from mithridate.languages.python.observer import OWN
from mithridate.languages.python.targets import targets
from mithridate.languages.python.text import texts
from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Build, Flavour, Skipped
from mithridate.sandbox.leavings import remove_tree

MAXIMUM_TARGETS = 400
"""Functions that one process serves."""

MANY_ROUTES = 60
PARTS = 2
"""Doors that an application is split into from so many routes on."""

_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_IMPORT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(\(\))?")
_LONGEST = 400
_ASIDE = re.compile(r"(?i)tests?|testing|testdata|fixtures|docs?|benchmarks?|bench|examples?|samples?|demos?|\..*")
_ASIDE_SCRIPT = re.compile(r"(?i)test_.*\.py|.*_tests?\.py|(setup|conftest|noxfile|fabfile|conf|versioneer|manage)\.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An entry point's name and kind, and the content of its door file."""

    name: str
    kind: EntryKind
    boundary: Boundary
    content: Mapping[str, object]


def doors(build: Build, sight: Sight, *, is_library: bool) -> tuple[tuple[Door, ...], tuple[Skipped, ...]]:
    """One door for each application, program and existing target, and one for the functions of each package (or part of one).

    Functions are a documented way in when the project `is_library`: packaged for others to call, or nothing but packages,
    without an application or a program. Those of an application or of scripts are called by the project alone, with what it
    chooses, and are left out. So are those in a file with handlers of an application, which is entered by its routes.
    """
    skipped: list[Skipped] = []
    whole = [door for record in _whole(sight.found["application"]) if (door := _application(build, record, skipped))]
    found = [part for door in whole for named in _known(_named(door, whole)) for part in _parts(named)]
    programs = [door for record in sight.found["program"] if (door := _program(build, record, skipped))]
    found += [_harness(build, name, content) for name, content in targets(sight.found["target"], skipped)]
    served = {route.get("file") for record in sight.found["application"] for route in _routes(record) if isinstance(route, dict)}
    callable_ = [f for f in sight.found["function"] if f.get("file") not in served]
    packaged = [f for f in callable_ if _in_package(f)]
    if is_library:
        found += _functions(build, callable_, skipped, Boundary.REAL)  # before programs, which mostly call the same
    elif packaged and not found and not programs:  # a package that nothing else here enters
        found += _functions(build, packaged, skipped, Boundary.REAL)
    elif callable_:
        why = "the project is not packaged for others to call: it alone decides what they are given"
        skipped.append(Skipped(what=f"{build.component.id}: {len(callable_)} functions", reason=why))
    found += programs
    return tuple({door.name: door for door in reversed(found)}.values())[::-1], tuple(skipped)


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
    content = {
        **_base(build, record),
        "kind": kind,
        "import": where,
        "framework": plain(record.get("framework")),
        "routes": _routes(record),
        **({"accounts": True} if record.get("accounts") is True else {}),
    }
    return Door(name=where, kind=EntryKind.APPLICATION, boundary=Boundary.REAL, content=content)


def _known(door: Door) -> list[Door]:
    """An application as everybody meets it; and one with accounts also as an ordinary user does, which its name says."""
    if not door.content.get("accounts"):
        return [door]
    return [door, replace(door, name=f"{door.name} (logged in)", content={**door.content, "signed_in": True})]


def _parts(door: Door) -> list[Door]:
    """An application with many routes as several doors, each with a part of them, so that several cores work on it.

    One in which clients make themselves known stays whole: each part would need the routes for that.
    """
    routes = _routes(door.content)
    needed = any(isinstance(route, dict) and route.get("entrance") for route in routes) and not door.content.get("signed_in")
    if len(routes) < MANY_ROUTES or needed:
        return [door]
    return [
        replace(door, name=f"{door.name} (part {part + 1} of {PARTS})", content={**door.content, "share": [part, PARTS]})
        for part in range(PARTS)
    ]


def _whole(records: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    """Applications with all of their routes, which may come in several records; one that another contains is left out."""
    merged: dict[object, dict[str, object]] = {}
    for record in records:
        routes = record.get("routes")
        given = [r for r in routes if isinstance(r, dict)] if isinstance(routes, list) else []
        kept = merged.setdefault(_identity(record), {**record, "routes": []})
        kept["routes"] = [*_routes(kept), *given]
    distinct: list[tuple[frozenset[str], dict[str, object]]] = []
    # Of one application under several names an attribute is opened, not a factory, and the interface without an event loop.
    ordered = sorted(
        merged.values(), key=lambda r: (-len(_routes(r)), str(r.get("import")).endswith("()"), r.get("kind") != "wsgi")
    )
    for record in ordered:
        told = frozenset(json.dumps(route, sort_keys=True) for route in _routes(record)) or frozenset({_identity(record)})
        if not any(told <= other and record.get("framework") == kept.get("framework") for other, kept in distinct):
            distinct.append((told, record))
    return sorted((record for _, record in distinct), key=_identity)


def _identity(record: Mapping[str, object]) -> str:
    """What makes two records ones about the same application: several projects in one tree may use one name."""
    return json.dumps([record.get(member) for member in ("import", "environment", "paths")], sort_keys=True)


def _named(door: Door, others: Sequence[Door]) -> Door:
    """The door, with its project's directory in its name when another has the same name."""
    if sum(other.name == door.name for other in others) < 2:
        return door
    paths = texts(door.content.get("paths"))
    return replace(door, name=f"{door.name} in {paths[0].removeprefix('/src').lstrip('/') or '.'}" if paths else door.name)


def _in_package(record: Mapping[str, object]) -> bool:
    return "." in str(record.get("target", "")).partition(":")[0] or str(record.get("file")).endswith("/__init__.py")


def _routes(record: Mapping[str, object]) -> list[object]:
    routes = record.get("routes")
    return routes if isinstance(routes, list) else []


def _program(build: Build, record: Mapping[str, object], skipped: list[Skipped]) -> Door | None:
    where = record.get("import")
    if not isinstance(where, str) or not where or len(where) > _LONGEST or not where.isprintable():
        skipped.append(Skipped(what=f"program {plain(where)}", reason="the observer's description of it is not understood"))
        return None
    name = plain(record.get("name"), 100) or where
    if _is_aside(str(record.get("file") or where), source_of(build)):
        skipped.append(Skipped(what=f"program {plain(where)}", reason="a script that tests, builds or documents the project"))
        return None
    content = {**_base(build, record), "kind": "program", "import": where, "program": dict(record)}
    return Door(name=f"{name} (program)", kind=EntryKind.COMMAND, boundary=Boundary.REAL, content=content)


def _is_aside(file: str, source: str) -> bool:
    """True for a script that an outsider's data never reaches: among tests, or the project's own tool for building it."""
    inner = file.removeprefix(f"{source}/").split("/")
    return any(_ASIDE.fullmatch(part) for part in inner[:-1]) or bool(_ASIDE_SCRIPT.fullmatch(inner[-1]))


def _harness(build: Build, name: str, content: Mapping[str, object]) -> Door:
    made = {**content, **_base(build, content)}
    return Door(name=name, kind=EntryKind.HARNESS, boundary=Boundary.REAL, content=made)


def _functions(build: Build, records: Sequence[Mapping[str, object]], skipped: list[Skipped], boundary: Boundary) -> list[Door]:
    """One door a package, so that one process serves all of its functions; several for large packages."""
    known = {str(r["target"]): r for r in records if isinstance(r.get("target"), str) and _TARGET.fullmatch(str(r["target"]))}
    described = sum(isinstance(r.get("target"), str) and bool(_TARGET.fullmatch(str(r["target"]))) for r in records)
    if described < len(records):
        left = f"{build.component.id}: {len(records) - described} functions"
        skipped.append(Skipped(what=left, reason="the observer's description of them is not understood"))
    if not known:
        return []
    calls = recorded_calls(build.directory / "src" / build.component.path, known)
    found: list[Door] = []
    for group, names in _groups(sorted(known)).items():
        for number, start in enumerate(range(0, len(names), MAXIMUM_TARGETS)):
            part = names[start : start + MAXIMUM_TARGETS]
            title = f"{group} (functions)" if number == 0 else f"{group} (functions {number + 1})"
            places = dict.fromkeys(path for name in part for path in texts(known[name].get("paths")))
            content = {
                **_base(build, {"paths": list(places)}),
                "kind": "call",
                "targets": part,
                "functions": [dict(known[name]) for name in part],
                "examples": {n: e for n in part if (e := [s["args"] for s in calls.get(n, ()) if _is_positional(s)])},
                "calls": {n: calls[n] for n in part if n in calls},
            }
            found.append(Door(name=title, kind=EntryKind.FUNCTION, boundary=boundary, content=content))
    return found


def _groups(names: Sequence[str]) -> dict[str, list[str]]:
    """Targets by top-level package, those of its uppermost modules first: what others are to call is seldom far below."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (name.partition(":")[0].count("."), name)):
        groups.setdefault(name.partition(":")[0].partition(".")[0], []).append(name)
    return groups


def _base(build: Build, record: Mapping[str, object]) -> dict[str, object]:
    environment = record.get("environment")
    given = environment.items() if isinstance(environment, dict) else ()
    named = {k: v for k, v in given if isinstance(k, str) and isinstance(v, str)}
    return {
        "paths": list(texts(record.get("paths"))) or _default_paths(build),
        "environment": {**named, **build.component.env},
        "writable": record.get("writable") is not False,
    }


def _default_paths(build: Build) -> list[str]:
    source = source_of(build)
    usual = Path(build.directory / "src" / build.component.path, "src")
    return [source, f"{source}/src"] if usual.is_dir() and not usual.is_symlink() else [source]


def _is_positional(shape: Shape) -> bool:
    return not shape["kwargs"] and "construct" not in shape
