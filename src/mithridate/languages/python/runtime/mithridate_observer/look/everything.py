"""`run.py look ROOT`: reads all files and imports what is meant to be imported, in processes of their own with a time limit.

Most modules import in no time what others have imported before, so a process takes many, one after the other; one that ends it is
imported again by itself. Modules that make web applications go first: a large project may not be through in time.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from ..accessors.install import install as install_accessors
from ..child import PRIVATE, address_space, confine
from ..command_line import Limits
from ..doors.django import has_accounts, without_servers
from ..doors.routes import routes_of
from ..observed import error_text
from ..places import Places
from ..records import Records, take_standard_output
from ..targets import resolving, stand_in
from ..tree import Tree
from ..waiting import Waiting
from . import applications, functions, programs
from .modules import Source, native_modules, sources

_SETTINGS = re.compile(r"""DJANGO_SETTINGS_MODULE["'\s,)=\]]+["']([\w.]+)["']""")
_DJANGO = "django.core.wsgi:get_wsgi_application()"
_MEMORY_MIB = 4096
_TOGETHER = 256
_BUSY = 3
"""How many seconds of wall time a second of work may take, on a machine that does other things."""

Project = tuple[Path, str]
"""A Django project: the directory on the import path, and the name of its settings."""


def look(root: Path, each_s: float) -> int:
    """Write one record a line; 0 always, as what cannot be imported is a `skipped` record."""
    records = Records(take_standard_output())
    tree = Tree(str(root), writable=True)
    try:
        _Look(tree, records, each_s).run()
    finally:
        tree.remove()
    return 0


class _Look:
    """Works on a copy of the tree, which imported code may write to."""

    def __init__(self, tree: Tree, records: Records, each_s: float) -> None:
        self._tree, self._each_s = tree, each_s
        self._out = records
        self._records: Records | _Kept = records
        self._places = Places(tree)
        self._dump = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as this process)

    def run(self) -> None:
        """Programs as they are found, then modules, then fuzz targets."""
        found = list(sources(self._tree.place))
        passed_over = _other_roots(found)
        self._tree.settle()
        sys.dont_write_bytecode = True
        sys.argv = [sys.argv[0]]  # what is imported may read it, and gets no arguments at a door either
        install_accessors(self._places)
        for program in programs.declared(self._tree.place):
            self._records.write({"program": program})
        fuzzing = {source.path for source in found if any(t["kind"] == "atheris" for t in functions.targets(source, ""))}
        for source in found:
            shown = self._places.shown(str(source.path)) or str(source.path)
            if source.tree is None:
                self._skip(shown, source.why, [])
                continue
            if source.path in fuzzing:
                continue  # what it runs and offers is its target
            for program in programs.scripts(source, shown):
                self._records.write({"program": {**program, "paths": [self._root(source)]}})
        projects = _projects(found)
        for project in projects:
            self._in_process(f"the Django project {project[1]}", partial(self._django, *project))
        self._tree.remember()
        if str(self._tree.place) not in sys.path:
            sys.path.append(str(self._tree.place))  # files in a folder that is no package import what lies beside that folder
        imported = [
            *(source for source in found if source.imported and source.path not in fuzzing),
            *native_modules(self._tree.place),
        ]
        groups: dict[Project | None, list[Source]] = {}
        for source in (each for each in imported if (each.root, each.name.partition(".")[0]) not in passed_over):
            groups.setdefault(_project_of(source, projects), []).append(source)
        for settings, several in groups.items():
            for part in _parts(several):
                self._modules(part, settings)
        for source in found:
            shown = self._places.shown(str(source.path)) or str(source.path)
            if named := list(functions.targets(source, shown)):
                self._in_process(f"fuzz targets in {shown}", partial(self._targets, source, named))
                self._tree.put_back()

    def _modules(self, several: list[Source], settings: Project | None) -> None:
        """Import them in one process. One that ends it has a process of its own then, and those after it a new one."""
        while several:
            done = self._together(several, settings)
            self._tree.put_back()
            for source in several[done : done + 1]:
                self._in_process(source.name, partial(self._import, source, settings))
                self._tree.put_back()
            several = several[done + 1 :]

    def _together(self, several: list[Source], settings: Project | None) -> int:
        """How many of them one process imported before it ended."""

        def work(records: Records) -> None:
            for number, source in enumerate(several):
                try:
                    kept = self._records = _Kept()
                    self._import(source, settings)
                except BaseException as error:  # noqa: BLE001 (SystemExit too: imported code may do anything)
                    self._skip(source.name, error_text(error), self._places.of_error(error))
                for record in kept.records:
                    records.write(record)
                records.write_line(PRIVATE + json.dumps({"more": True, "imported": number + 1}).encode() + b"\n")

        done: int = 0
        with self._process(work, len(several)) as waiting:
            outcome = waiting.outcome()
            while outcome.told.get("more"):
                done = int(outcome.told["imported"])
                waiting.wall_s = self._each_s  # what the first one imports, others find imported
                try:
                    outcome = waiting.outcome()
                except ChildProcessError:  # it ended as soon as it had told
                    return done
        return len(several) if outcome.told else done

    def _in_process(self, name: str, work: Callable[[], None]) -> None:
        """Do `work` in a process of its own, whose records are written at once."""

        def alone(records: Records) -> None:
            self._records = records
            try:
                work()
            except BaseException as error:  # noqa: BLE001 (SystemExit too: imported code may do anything)
                self._skip(name, error_text(error), self._places.of_error(error))

        with self._process(alone, 1) as waiting:
            outcome = waiting.outcome()
        if not outcome.told:
            self._dump.seek(0)
            frames = self._places.of_dump(self._dump.read(1 << 20).decode("utf-8", "replace"))
            self._skip(name, f"the process that imported it ended: {outcome.ended}", frames)

    @contextlib.contextmanager
    def _process(self, work: Callable[[Records], None], modules: int) -> Iterator[Waiting]:
        """Fork one that does `work`, with the time that so many modules may take."""
        reading, writing = os.pipe()
        self._dump.seek(0)
        self._dump.truncate()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os.setsid()
            confine(Limits(self._each_s * modules, self._each_s * _BUSY, _MEMORY_MIB), self._dump, address_space())
            records = Records(writing)
            work(records)
            records.write_line(PRIVATE + b'{"ended": "done"}\n')
            os._exit(0)
        os.close(writing)
        try:
            yield Waiting(pid, reading, self._out, self._each_s * _BUSY)
        finally:
            os.close(reading)

    def _import(self, source: Source, settings: Project | None) -> None:
        shown = self._places.shown(str(source.path)) or str(source.path)
        _enter(source.root)
        if settings is not None:
            _enter(settings[0])
            os.environ["DJANGO_SETTINGS_MODULE"] = settings[1]
            _set_up_django()
            os.chdir(settings[0])
        module = import_module(source.name)
        if self._places.shown(getattr(module, "__file__", None) or "") is None:
            raise ImportError(f"{source.name} is the name of another module that is loaded already, as of the standard library")
        root = self._root(source)
        self._records.write({"module": {"name": source.name, "file": shown, "paths": [root]}})
        for application in applications.applications(module, self._places):
            accounts = {"accounts": True} if application["framework"] == "django" and has_accounts() else {}
            self._application({**application, **accounts}, root, settings)
        for application in applications.made(module, self._places):
            self._application(application, root, settings)
        for function in functions.functions(module, self._places):
            self._records.write({"function": {**function, "paths": [root]}})

    def _targets(self, source: Source, named: list[dict[str, Any]]) -> None:
        """Import the file of fuzz targets and tell of those to which bytes can be given."""
        stand_in.install()
        resolving.prepare(str(self._tree.scratch))
        if (self._tree.place / "src").is_dir():
            sys.path.append(str(self._tree.place / "src"))
        _enter(source.root)
        import_module(source.name)
        for target in named:
            try:
                resolving.one_input(target["import"] + (resolving.PROPERTY if target["kind"] == resolving.HYPOTHESIS else ""))
            except Exception as error:  # noqa: BLE001 (the others of the file may do)
                self._skip(f"fuzz target {target['import']}", error_text(error), self._places.of_error(error))
            else:
                self._records.write({"target": {**target, "paths": self._roots(source)}})

    def _django(self, root: Path, settings: str) -> None:
        _enter(root)
        os.chdir(root)
        os.environ["DJANGO_SETTINGS_MODULE"] = settings
        without_servers()
        application = import_module("django.core.wsgi").get_wsgi_application()
        routes = routes_of(application, self._places)
        accounts = {"accounts": True} if has_accounts() else {}
        told = {**accounts, "kind": "wsgi", "framework": "django", "import": _DJANGO, "file": "", "line": 0, "routes": routes}
        self._application(told, self._places.shown(str(root)) or str(root), (root, settings))

    def _application(self, told: dict[str, Any], root: str, settings: Project | None) -> None:
        """Write an application; routes that one line does not hold follow in further records of the same `import`."""
        environment = {"DJANGO_SETTINGS_MODULE": settings[1]} if settings is not None else {}
        routes = told["routes"]
        for start in range(0, max(len(routes), 1), 200):
            self._records.write(
                {"application": {**told, "paths": [root], "environment": environment, "routes": routes[start : start + 200]}}
            )

    def _root(self, source: Source) -> str:
        """The directory to put on the import path for a file, by its name in records."""
        return self._places.shown(str(source.root)) or str(source.root)

    def _roots(self, source: Source) -> list[str]:
        """The same for a file that uses the project from outside of it, as tests do."""
        place = self._tree.place
        roots = [source.root, *(each for each in (place / "src", place) if each.is_dir())]
        return list(dict.fromkeys(self._places.shown(str(each)) or str(each) for each in roots))

    def _skip(self, name: str, why: str, frames: list[dict[str, Any]]) -> None:
        self._records.write({"skipped": {"what": name, "reason": why, "frames": frames}})


def _parts(several: list[Source]) -> Iterator[list[Source]]:
    """What is imported together: files that are imported from one directory, those that make web applications first.

    Beside files of another directory they would find that one's modules under their own names.
    """
    by_root: dict[tuple[bool, Path], list[Source]] = {}
    for source in several:
        by_root.setdefault((not _makes_application(source), source.root), []).append(source)
    for _, part in sorted(by_root.items(), key=lambda each: each[0][0]):
        for start in range(0, len(part), _TOGETHER):
            yield part[start : start + _TOGETHER]


def _makes_application(source: Source) -> bool:
    if source.tree is None:
        return False
    called = (each.func for each in ast.walk(source.tree) if isinstance(each, ast.Call))
    names = (each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in called)
    return any(name in applications.MAKERS for name in names)


def _other_roots(found: list[Source]) -> set[tuple[Path, str]]:
    """Packages, with the folder that they lie in, of which another folder has the same, one that this interpreter reads."""
    broken: dict[str, dict[Path, int]] = {}
    for source in found:
        if "." in source.name or source.path.name == "__init__.py":
            roots = broken.setdefault(source.name.partition(".")[0], {})
            roots[source.root] = roots.get(source.root, 0) + (source.tree is None)
    other: set[tuple[Path, str]] = set()
    for package, roots in broken.items():
        chosen = min(roots, key=lambda root: (roots[root], str(root)))
        other.update((root, package) for root in roots if root != chosen)
    return other


class _Kept:
    """Records that are held back."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def write(self, record: dict[str, Any]) -> None:
        """Keep a record."""
        self.records.append(record)


def _enter(root: Path) -> None:
    if str(root) in sys.path:
        sys.path.remove(str(root))
    sys.path.insert(0, str(root))
    os.chdir(root)


def _set_up_django() -> None:
    without_servers()
    import_module("django").setup()


def _projects(found: list[Source]) -> list[Project]:
    """The Django projects of a tree, the least deep first: where each lies, and its settings' name, as manage.py tells it, or
    wsgi.py or asgi.py where no manage.py does."""
    told = [source for source in found if source.path.name in ("manage.py", "wsgi.py", "asgi.py") and source.tree is not None]
    projects: dict[Path, str] = {}
    for source in sorted(told, key=lambda each: (each.path.name != "manage.py", len(each.path.parts))):
        text = ast.unparse(source.tree) if source.tree is not None else ""
        match = _SETTINGS.search(text)
        if match:
            projects.setdefault(source.path.parent if source.path.name == "manage.py" else source.root, match[1])
    return sorted(projects.items(), key=lambda each: len(each[0].parts))


def _project_of(source: Source, projects: list[Project]) -> Project | None:
    """The innermost Django project around a file; for one that lies in none, the tree's first."""
    around = [project for project in projects if source.path.is_relative_to(project[0])]
    return around[-1] if around else projects[0] if projects else None
