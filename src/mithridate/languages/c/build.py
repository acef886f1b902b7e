"""Builds one component in one flavour, in the sandbox, from a private copy of the snapshot; or finds that it was built before."""

import hashlib
import os
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mithridate.languages.c import diagnosis
from mithridate.languages.c.bare import header_directories
from mithridate.languages.c.build_cache import exclusive, fresh_directories, read_marker, write_marker
from mithridate.languages.c.build_steps import Attempt, Step, attempts
from mithridate.languages.c.calls import include_flags, links, read_calls
from mithridate.languages.c.detect import alternatives
from mithridate.languages.c.elf import Image
from mithridate.languages.c.flags import flavour_flags
from mithridate.languages.c.link import OWN_OUTPUT
from mithridate.languages.c.products import archives, is_program, on_host
from mithridate.languages.c.sources import SourceTree, read_tree, ships_fuzz_target
from mithridate.languages.c.toolchain import Toolchain
from mithridate.languages.c.wrapper import compiler_env, install_wrapper, wrapper_script
from mithridate.model.errors import Interrupted
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.model.project import Build, BuildFailure, BuildSystem, Component, Flavour, Link, Project, Skipped
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import remove_tree
from mithridate.store.space import require_space

LOG = "/log"
BUILD_S = 900.0
"""Wall seconds that one component may take in one flavour, unless the owner says otherwise."""

CACHE_VERSION = 4
"""Raise it when builds made by older code must not be reused."""

_SMALL_FILES = 20_000
_SMALL_BYTES = 256 << 20
_LOG_CHARACTERS = 64_000
_DATA_PLACE = re.compile(rb"(?:^|\0|[=:])/usr/local/(?:share|etc)/(?!locale\b|man\b|doc\b|info\b)")
"""A path under the prefix that all build systems take by themselves."""
LISTED_FAILURES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildLimits:
    """Bounds of one build: wall seconds for all attempts together; processes and bytes for each step."""

    wall_s: float = BUILD_S
    processes: int = 1024
    memory_bytes: int = 6 << 30
    disk_bytes: int = 2 << 30
    output_bytes: int = 8 << 20
    scratch_bytes: int = 1 << 30


def build_component(
    project: Project,
    component: Component,
    flavour: Flavour,
    sandbox: Sandbox,
    cache: Path,
    toolchain: Toolchain,
    *,
    neighbours: Sequence[Component] = (),
    limits: BuildLimits = BuildLimits(),
    jobs: int | None = None,
    cancel: threading.Event | None = None,
) -> Build | BuildFailure:
    """Build `component` below `cache`, or reuse the build of the same content, flavour, flags and tools.

    Tries the component's build system and then its alternatives, each in several ways; the first that yields a program or an
    archive wins, and what it could not build is in `Build.incomplete`. When none does, the failure of the first system is
    returned, since that is the one its owner knows. In a large project the other components (`neighbours`) are not copied.
    Raises Interrupted when `cancel` is set; SandboxUnavailable when nothing can run.
    """
    leave_out = _leave_out(project, component, neighbours)
    key = build_key(project, component, flavour, toolchain, leave_out)
    directory = cache / key
    found = read_marker(directory)
    if found is not None:
        return found
    with exclusive(cache, key, cancel):
        found = read_marker(directory)  # another run may have built it while we waited
        if found is not None:
            return found
        work = Work(
            project=project,
            flavour=flavour,
            sandbox=sandbox,
            directory=directory,
            key=key,
            toolchain=toolchain,
            wrapper=install_wrapper(cache),
            tree=read_tree(project.tree),
            leave_out=leave_out,
            limits=limits,
            jobs=jobs or len(os.sched_getaffinity(0)),
            deadline=time.monotonic() + limits.wall_s,
            cancel=cancel,
        )
        try:
            built = _first_success(work, component)
        except BaseException:
            remove_tree(directory)
            raise
        if isinstance(built, BuildFailure):
            require_space(cache)  # else want of it may be why
            remove_tree(directory)  # a failed build may have left gigabytes
        return built


def build_key(
    project: Project, component: Component, flavour: Flavour, toolchain: Toolchain, leave_out: Sequence[str] = ()
) -> str:
    """The cache key: everything that decides what a build gives. `leave_out` are the directories that are not copied."""
    parts = (
        *(CACHE_VERSION, project.snapshot, component.id, component.path, component.system, component.configure, component.build),
        *(component.options, sorted(component.env.items()), flavour, flavour_flags(flavour), toolchain.identity),
        *(tuple(leave_out), toolchain.cc, toolchain.cxx, hashlib.sha256(wrapper_script()).hexdigest()),
    )
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All that one build needs to know."""

    project: Project
    flavour: Flavour
    sandbox: Sandbox
    directory: Path
    key: str
    toolchain: Toolchain
    wrapper: Mount
    tree: SourceTree
    leave_out: tuple[str, ...]
    limits: BuildLimits
    jobs: int
    deadline: float
    cancel: threading.Event | None

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """The private copies, writable, and the compiler wrapper."""
        places = (("src", "/src"), ("build", "/build"), ("log", LOG))
        return (*(Mount(source=self.directory / name, target=target, writable=True) for name, target in places), self.wrapper)


@dataclass(frozen=True, slots=True)
class Failed:
    """A step that did not end well."""

    step: str
    execution: Execution

    @property
    def output(self) -> str:
        """Errors first."""
        return _text(self.execution)

    def why(self, limits: BuildLimits) -> str:
        """The first error, or the limit that was hit."""
        reasons = {
            Ending.WALL_LIMIT: f"took longer than {limits.wall_s:.0f} s",
            Ending.CPU_LIMIT: f"took longer than {limits.wall_s:.0f} s",
            Ending.MEMORY_LIMIT: f"used more than {limits.memory_bytes >> 20} MiB of memory",
            Ending.PROCESS_LIMIT: f"started more than {limits.processes} processes",
            Ending.OUTPUT_LIMIT: f"printed more than {limits.output_bytes * 16 >> 20} MiB",
            Ending.DISK_LIMIT: f"wrote more than {limits.disk_bytes >> 20} MiB",
        }
        limit = reasons.get(self.execution.ending)
        if limit:
            return f"the build {limit} and was stopped"
        number = self.execution.signal
        how = f"was ended by signal {number}" if number else f"ended with exit code {self.execution.exit_code}"
        return diagnosis.first_error(self.output) or f"the {self.step} step {how} and no error message"


def _first_success(work: Work, component: Component) -> Build | BuildFailure:
    first: BuildFailure | None = None
    for candidate in (component, *alternatives(work.project, component)):
        result = _build_with(work, candidate, is_chosen=candidate is component)
        if isinstance(result, Build):
            if first is not None:
                what = f"{component.id}: build with {component.system}"
                failed = Skipped(what=what, reason=f"{first.first_error} ({first.hint}) Built with {candidate.system} instead.")
                result = replace(result, incomplete=(failed, *result.incomplete))
            write_marker(result)
            return result
        first = first or result
        if time.monotonic() > work.deadline:
            break
    assert first is not None
    return replace(first, component=component)


def _build_with(work: Work, component: Component, *, is_chosen: bool) -> Build | BuildFailure:
    """Go down the ladder of attempts for one build system."""
    first: Failed | None = None
    for attempt in attempts(component, work.tree):
        started = time.monotonic()
        fresh_directories(work.directory, work.project.tree, work.leave_out)
        _write_files(work.directory, attempt.files)
        failed, output = run_steps(work, component, attempt)
        built = collect(work, component, attempt, failed, output, time.monotonic() - started, is_chosen=is_chosen)
        if built is not None:
            _install_data(work, component, attempt, built)
            return built
        if failed is None:
            failed = Failed("build", nothing_built(output))
        first = first or failed
        if time.monotonic() > work.deadline or failed.execution.ending not in (Ending.EXITED, Ending.SIGNALLED):
            break  # what ran into a limit once will do so again
    assert first is not None
    return failure(work, component, first)


def failure(work: Work, component: Component, failed: Failed) -> BuildFailure:
    """What a step that did not end well means for the component."""
    return BuildFailure(
        component=component,
        flavour=work.flavour,
        step=failed.step,
        first_error=failed.why(work.limits),
        hint=diagnosis.hint(failed.output, component.path),
        log=failed.output[-_LOG_CHARACTERS:],
    )


def run_steps(work: Work, component: Component, attempt: Attempt) -> tuple[Failed | None, str]:
    """Run the steps until one fails; the failure, and the output of the last step that ran."""
    output = ""
    for number, step in enumerate(attempt.steps):
        execution = _run_step(work, component, attempt, step, is_own=number >= attempt.compiles_from)
        output = _text(execution)
        if execution.ending is Ending.CANCELLED:
            raise Interrupted(f"Stopped while building {component.id}.")
        if not execution.ok:
            return Failed(step.name, execution), output
    return None, output


def _run_step(work: Work, component: Component, attempt: Attempt, step: Step, *, is_own: bool) -> Execution:
    env = compiler_env(work.flavour, work.toolchain, log=LOG if is_own else "", first=attempt.first)
    bounds = work.limits
    return work.sandbox.run(
        Command(
            argv=("/bin/sh", "-c", step.script), env={**env, "JOBS": str(work.jobs), "HOME": "/tmp", **component.env}, cwd="/src"
        ),
        work.mounts,
        Limits(
            wall_s=max(1.0, work.deadline - time.monotonic()),
            memory_bytes=bounds.memory_bytes,
            processes=bounds.processes,
            output_bytes=bounds.output_bytes,
            scratch_bytes=bounds.scratch_bytes,
            disk_bytes=bounds.disk_bytes,
        ),
        cancel=work.cancel,
    )


def _install_data(work: Work, component: Component, attempt: Attempt, built: Build) -> None:
    """Let the build system install its data files where some program looks for such; without them it may never read its input."""
    programs = [path for link in built.links if (path := on_host(work.directory, link.output)) is not None]
    if attempt.install and any(_DATA_PLACE.search(b"\0".join(Image.load(path).strings())) for path in programs):
        _run_step(work, component, attempt, Step("install", attempt.install), is_own=False)


def collect(
    work: Work,
    component: Component,
    attempt: Attempt,
    failed: Failed | None,
    output: str,
    wall_s: float,
    *,
    is_chosen: bool,
) -> Build | None:
    """The Build when the attempt left a program or an archive; sources compiled as a last resort count only with a program.

    A project of headers alone has nothing to build; it counts when it ships a fuzz target.
    """
    calls = read_calls(work.directory / "log")
    programs = tuple(link for link in links(calls) if _exists(work.directory, link))
    libraries = archives(work.directory)
    targets = failed is None and attempt.without_tests and ships_fuzz_target(work.tree, component.path)
    compiled = libraries and not attempt.without_tests and (is_chosen or component.system is not BuildSystem.BARE)
    if not targets and (not calls or not (programs or compiled)):
        return None
    remove_tree(work.directory / OWN_OUTPUT.lstrip("/"))  # ours alone: nothing that a build put there in advance
    return Build(
        component=component,
        flavour=work.flavour,
        key=work.key,
        directory=work.directory,
        links=programs,
        archives=libraries,
        includes=include_flags(calls) or tuple(f"-I{d}" for d in header_directories(work.tree, component.path)),
        warnings=diagnosis.warnings(output),
        cached=False,
        wall_s=wall_s,
        incomplete=_incomplete(work, component, failed),
        attempt=attempt.label,
    )


def _incomplete(work: Work, component: Component, failed: Failed | None) -> tuple[Skipped, ...]:
    if failed is None:
        return ()
    reason = failed.why(work.limits)
    targets = diagnosis.failed_targets(failed.output)[:LISTED_FAILURES]
    return tuple(
        Skipped(what=f"{component.id}: {target}", reason=reason) for target in targets or (f"part of the {failed.step}",)
    )


def _exists(directory: Path, link: Link) -> bool:
    path = on_host(directory, link.output)
    return path is not None and is_program(path)


def nothing_built(output: str) -> Execution:
    """A build that says it went well and made nothing."""
    return Execution(
        ending=Ending.EXITED,
        exit_code=0,
        signal=None,
        stdout=output.encode("utf-8", "replace"),
        stderr=b"error: the build made no program and no static library\n",
        truncated=False,
        wall_s=0.0,
        cpu_s=0.0,
        peak_memory_bytes=0,
    )


def _leave_out(project: Project, component: Component, neighbours: Sequence[Component]) -> tuple[str, ...]:
    """In a large project, the other components that neither hold this one nor lie in it."""
    if project.files <= _SMALL_FILES and project.size_bytes <= _SMALL_BYTES:
        return ()
    own = component.path
    others = {n.path for n in neighbours if n.path not in (".", own)}
    return tuple(p for p in sorted(others) if own != "." and not own.startswith(f"{p}/") and not p.startswith(f"{own}/"))


def _write_files(directory: Path, files: dict[str, str]) -> None:
    for inside, text in files.items():
        path = directory / inside.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))


def _text(execution: Execution) -> str:
    """Errors first: the first one counts, and the order between the two streams is lost anyway."""
    return (execution.stderr + b"\n" + execution.stdout).decode("utf-8", "replace")
