"""Python: find projects, make their environments, and list where data enters."""

import os
from collections.abc import Sequence
from pathlib import Path

from mithridate.languages.c.configuration import read_configuration
from mithridate.languages.python.build import build_component
from mithridate.languages.python.declared import declared
from mithridate.languages.python.detect import detect
from mithridate.languages.python.doors import doors, write_doors
from mithridate.languages.python.environment import EnvironmentLimits
from mithridate.languages.python.interpreter import Interpreter, find_interpreter
from mithridate.languages.python.look import look
from mithridate.languages.python.observer import RUNTIME
from mithridate.languages.python.settings import IndexSettings, owner_settings
from mithridate.model.entry import Binary, EntryPoint
from mithridate.model.project import Build, BuildFailure, Component, Flavour, Project, Skipped
from mithridate.sandbox.interface import Sandbox


class PythonLanguage:
    """Implements Language for Python.

    `build_s` bounds each environment and `seconds` the look at what can be entered (both wall time). `settings` say where
    packages come from; by default what the owner's uv and pip are configured for. `runtime` is the observer's directory.
    """

    name = "python"
    flavours: tuple[Flavour, ...] = (Flavour.PLAIN,)

    def __init__(
        self,
        build_s: float = EnvironmentLimits().wall_s,
        seconds: float = 300.0,
        settings: IndexSettings | None = None,
        runtime: Path = RUNTIME,
    ) -> None:
        self._limits = EnvironmentLimits(wall_s=build_s)
        self._seconds = seconds
        self._settings = settings
        self._runtime = runtime
        self._found: Interpreter | None = None

    def toolchain(self) -> dict[str, str]:
        """See Language.toolchain."""
        return dict(self._interpreter().versions)

    def flags(self, flavour: Flavour) -> tuple[str, ...]:  # noqa: ARG002
        """None: Python code is not compiled."""
        return ()

    def detect(self, project: Project) -> tuple[tuple[Component, ...], tuple[Skipped, ...]]:
        """See Language.detect."""
        return detect(project)

    def build(
        self, project: Project, component: Component, flavour: Flavour, sandbox: Sandbox, cache: Path
    ) -> Build | BuildFailure:
        """See Language.build. Packages are fetched on this side, as data; all that runs of them runs in the sandbox."""
        settings = self._settings or owner_settings(os.environ, _wheelhouse(project.tree))
        return build_component(project, component, flavour, sandbox, cache, self._interpreter(), settings, limits=self._limits)

    def entry_points(
        self,
        project: Project,
        builds: Sequence[Build],
        sandbox: Sandbox,
        work: Path,  # noqa: ARG002
    ) -> tuple[tuple[EntryPoint, ...], tuple[Skipped, ...]]:
        """See Language.entry_points. Door files are written below the build directory, where every run of an input finds them."""
        plain = next((build for build in builds if build.flavour is Flavour.PLAIN), None)
        if plain is None:
            return (), ()
        sight = look(plain, sandbox, self._runtime, self._seconds)
        found, skipped = doors(plain, sight, is_library=is_library(project.tree, plain.component))
        return write_doors(plain, found), (*sight.skipped, *skipped)

    def binary(self, build: Build, entry: EntryPoint, program: str, sandbox: Sandbox, work: Path) -> Binary | None:  # noqa: ARG002
        """The PLAIN binary of an entry point in a fresh build, for replaying a bundle; None when the build lacks it."""
        sight = look(build, sandbox, self._runtime, self._seconds)
        found, _ = doors(build, sight, is_library=is_library(build.directory / "src", build.component))
        return next((e.binary(Flavour.PLAIN) for e in write_doors(build, found) if e.name == entry.name), None)

    def _interpreter(self) -> Interpreter:
        if self._found is None:
            self._found = find_interpreter()
        return self._found


def is_library(tree: Path, component: Component) -> bool:
    """True when the component is packaged or installed, so that others call what it offers."""
    return declared(tree, component.path).packaged


def _wheelhouse(tree: Path) -> Path | None:
    """The directory that mithridate.toml names; it lies in the project, and a link in it must not lead out."""
    named = read_configuration(tree).wheelhouse
    if not named:
        return None
    real = (tree / named).resolve()
    return real if real.is_dir() and real.is_relative_to(tree.resolve()) else None
