"""Prepares one component: reads what it declares, fetches that, makes its environment in the sandbox; or finds it made before."""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mithridate.languages.c.build_cache import exclusive, fresh_directories, read_marker, write_marker
from mithridate.languages.python.declared import CYTHON, Declared, declared
from mithridate.languages.python.environment import ENVIRONMENT, Environment, EnvironmentLimits
from mithridate.languages.python.interpreter import Interpreter
from mithridate.languages.python.lock import Lock, find_lock
from mithridate.languages.python.look import look
from mithridate.languages.python.native import extensions
from mithridate.languages.python.observer import OWN, USER_BASE
from mithridate.languages.python.sanitized import Compiler, find_compiler, instrumented, write_preload
from mithridate.languages.python.settings import IndexSettings
from mithridate.languages.python.too_new import bounds as bounds_for
from mithridate.model.project import Build, BuildFailure, Component, Flavour, Project, Skipped
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import remove_tree
from mithridate.store.space import require_space

CACHE_VERSION = 4
"""Raise it when environments made by older code must not be reused."""

ANY_PYTHON = "any-python"
"""Among a component's options in mithridate.toml: do not compare the interpreter with requires-python."""

LIMITS = EnvironmentLimits()
_HOUSES = "python-houses"
_OLDER = 8
"""How many times older requirements are tried."""
_OLDER_S = 300.0
_LOOK_S = 60.0
"""Wall seconds for seeing what cannot be imported."""


def build_component(
    project: Project,
    component: Component,
    flavour: Flavour,
    sandbox: Sandbox,
    cache: Path,
    interpreter: Interpreter,
    settings: IndexSettings,
    *,
    limits: EnvironmentLimits = LIMITS,
    cancel: threading.Event | None = None,
) -> Build | BuildFailure:
    """Make the environment of `component` below `cache`, or reuse the one of the same content, interpreter and lock.

    Requirements that cannot be had, and a project's own build that fails, are in `Build.incomplete`: code runs from its sources.
    A BuildFailure is only an interpreter that the project excludes. All flavours are one build: Python is not compiled
    for a search. Raises Interrupted when `cancel` is set; SandboxUnavailable when nothing can run.
    """
    wanted = declared(project.tree, component.path, tuple(o for o in component.options if o != ANY_PYTHON))
    if ANY_PYTHON not in component.options and not wanted.python.contains(interpreter.version, prereleases=True):
        return _excluded(component, flavour, interpreter, wanted)
    compiler = find_compiler(cache) if extensions(project.tree / component.path) else None

    def made(wanted: Declared) -> tuple[Build, tuple[str, ...]]:
        asked = hashlib.sha256(
            repr((wanted, interpreter.identity, settings.arguments)).encode("utf-8", "surrogateescape")
        ).hexdigest()
        with exclusive(cache, f"python-{asked[:32]}", cancel):
            lock = find_lock(wanted, interpreter, settings, cache)
        key = build_key(project, component, interpreter, lock, compiler)
        with exclusive(cache, key, cancel):  # another run may have made it while we waited
            build = read_marker(cache / key)
            if build is None:
                build = _make(project, component, sandbox, cache, interpreter, wanted, lock, compiler, key, limits, cancel)
            return build, _too_new(build, lock, sandbox)

    return replace(_borne(made, wanted), flavour=flavour)


def _borne(made: Callable[[Declared], tuple[Build, tuple[str, ...]]], wanted: Declared) -> Build:
    """The environment whose requirements the project bears: older ones are taken while the newest lack what it imports.

    When no older ones help, it is the environment with the newest.
    """
    first, newer = made(wanted)
    deadline = time.monotonic() + _OLDER_S
    bounds: dict[str, str] = {}
    for _ in range(_OLDER):
        if not newer or time.monotonic() > deadline:
            break
        before = dict(bounds)
        bounds.update((bound.partition("<")[0], bound) for bound in newer)
        if bounds == before:
            break
        build, newer = made(replace(wanted, constraints=(*wanted.constraints, *bounds.values())))
        if not newer:
            told = Skipped(what="the newest requirements", reason=f"the project needs older ones: {', '.join(bounds.values())}")
            return replace(build, incomplete=(*build.incomplete, told))
    return first


def _too_new(build: Build, lock: Lock, sandbox: Sandbox) -> tuple[str, ...]:
    """Bounds for requirements that lack what the project imports; what was seen is kept beside the build."""
    kept = build.directory / "log/too-new.txt"
    try:
        return tuple(kept.read_text("utf-8").split())
    except OSError:
        pass
    found: tuple[str, ...] = ()
    if lock.wheels or lock.sdists:
        found = bounds_for(look(build, sandbox, seconds=_LOOK_S).skipped, build.directory / "build/env")
    kept.write_text("\n".join(found), "utf-8")
    return found


def build_key(
    project: Project, component: Component, interpreter: Interpreter, lock: Lock, compiler: Compiler | None = None
) -> str:
    """The cache key: everything that decides what an environment holds."""
    parts = (
        *(CACHE_VERSION, project.snapshot, component.id, component.path, component.configure, component.build),
        *(component.options, sorted(component.env.items()), interpreter.identity, interpreter.versions["uv"], lock.digest),
        compiler.identity if compiler else "",
    )
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _make(
    project: Project,
    component: Component,
    sandbox: Sandbox,
    cache: Path,
    interpreter: Interpreter,
    wanted: Declared,
    lock: Lock,
    compiler: Compiler | None,
    key: str,
    limits: EnvironmentLimits,
    cancel: threading.Event | None,
) -> Build:
    started = time.monotonic()
    directory = cache / key
    fresh_directories(directory, project.tree, ())
    (directory / "build/env").mkdir()
    environment = Environment(
        component=component,
        directory=directory,
        house=cache / _HOUSES / key,
        interpreter=interpreter,
        sandbox=sandbox,
        limits=limits,
        version=wanted.version,
        cancel=cancel,
        compiler=compiler,
        requires=wanted.build if wanted.build is not None and CYTHON in wanted.build else (),
    )
    try:
        failed = environment.make(lock, is_built=wanted.build is not None)
        remove_tree(directory / "build" / OWN)  # ours alone: nothing that a build put there in advance
        _show_packages(directory, interpreter)
        if compiler is not None:
            modules = instrumented(directory)
            if modules:
                write_preload(directory, compiler, modules)
            elif not failed:
                failed = (_without_modules(component),)
        require_space(cache)  # else want of it may be why something failed
    except BaseException:
        remove_tree(directory)
        raise
    finally:
        remove_tree(environment.house)
    (directory / "log/environment.txt").write_text(environment.log, "utf-8", "replace")
    build = Build(
        component=component,
        flavour=Flavour.PLAIN,
        key=key,
        directory=directory,
        links=(),
        archives=(),
        includes=(),
        warnings=0,
        cached=False,
        wall_s=time.monotonic() - started,
        incomplete=(*wanted.skipped, *lock.skipped, *failed),
    )
    write_marker(build)
    return build


def _show_packages(directory: Path, interpreter: Interpreter) -> None:
    """Make the user's site-packages of the interpreter a link to the environment, as both are called inside the sandbox."""
    minor = ".".join(interpreter.version.split(".")[:2])
    place = directory / USER_BASE.lstrip("/") / f"lib/python{minor}/site-packages"
    place.parent.mkdir(parents=True)
    place.symlink_to(ENVIRONMENT)


def _without_modules(component: Component) -> Skipped:
    why = "its build made no extension module of them; what runs is the Python part alone"
    return Skipped(what=f"{component.id}: its native sources", reason=why)


def _excluded(component: Component, flavour: Flavour, interpreter: Interpreter, wanted: Declared) -> BuildFailure:
    return BuildFailure(
        component=component,
        flavour=flavour,
        step="environment",
        first_error=f"the project takes Python {wanted.python} and this machine has Python {interpreter.version}",
        hint=(
            "run Mithridate where /usr/bin/python3 is one of these; or, if the project runs with this one all the same, write a "
            f'[[component]] with path = "{component.path}", system = "python" and options = ["{ANY_PYTHON}"] into mithridate.toml'
        ),
        log="",
    )
