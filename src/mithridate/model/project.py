"""The source tree under analysis and what was built from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that was not examined, and why. A result, not an error: it reaches the report."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFailure:
    """A tool of ours broke. Never to be confused with a target that crashed."""

    tool: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A source tree frozen at one content hash. `tree` is our private copy, never the owner's directory."""

    name: str
    origin: str
    snapshot: str
    tree: Path
    files: int
    size_bytes: int


class BuildSystem(StrEnum):
    """What builds a component; BARE is our own rule for sources without a build file, CUSTOM the owner's commands,
    PYTHON an environment with what the project requires."""

    CMAKE = "cmake"
    MESON = "meson"
    AUTOTOOLS = "autotools"
    MAKE = "make"
    BARE = "bare"
    CUSTOM = "custom"
    PYTHON = "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A buildable part of a project in one language. `path` is relative to the project's root ("." is the root).

    `configure`, `build` are shell commands that replace detection's own when the owner gave them in mithridate.toml;
    `options` are extra arguments for the build system's configure step; `env` is added to the build's environment.
    """

    id: str
    language: str
    path: str
    system: BuildSystem
    configure: str = ""
    build: str = ""
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    harnesses: tuple[str, ...] = ()
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seeds: tuple[str, ...] = ()


class Flavour(StrEnum):
    """How a component is compiled.

    FUZZ: sanitizers, libFuzzer's coverage and comparison tracing, recovering so that the search goes on after a violation.
    AFL: the same with AFL++'s coverage. PLAIN: sanitizers only, halting; every proof is replayed on this one.
    """

    FUZZ = "fuzz"
    AFL = "afl"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link command that produced an executable (or compiled and linked in one go), as recorded by our compiler wrapper.

    `argv` starts with the wrapper's name ("cc" or "c++"); `cwd` and paths are as seen inside the sandbox;
    `output` is the absolute path of the executable inside the sandbox.
    """

    argv: tuple[str, ...]
    cwd: str
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A component built in one flavour. `directory` (host) holds `src/` and `build/`, mounted at /src and /build.

    `incomplete` is what of it could not be built, and why, when the rest was. `attempt` names the way in which it was built.
    """

    component: Component
    flavour: Flavour
    key: str
    directory: Path
    links: tuple[Link, ...]
    archives: tuple[str, ...]
    includes: tuple[str, ...]
    warnings: int
    cached: bool
    wall_s: float
    incomplete: tuple[Skipped, ...] = ()
    attempt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFailure:
    """A component that could not be built: the first error of the tool that failed and what the owner can set."""

    component: Component
    flavour: Flavour
    step: str
    first_error: str
    hint: str
    log: str
