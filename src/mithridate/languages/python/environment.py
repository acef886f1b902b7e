"""Makes the environment of a component inside the sandbox, without network: installs what was fetched, builds the rest."""

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.python.engines import ENGINES
from mithridate.languages.python.interpreter import Interpreter
from mithridate.languages.python.lock import Fetched, Lock
from mithridate.languages.python.observer import INTERPRETER
from mithridate.languages.python.sanitized import Compiler, first_error
from mithridate.model.errors import Interrupted
from mithridate.model.execution import Command, Ending, Execution, Limits, Mount
from mithridate.model.project import Component, Skipped
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import remove_tree

ENVIRONMENT = "/build/env"
"""Where installed packages lie inside the sandbox."""
WHEELS = "/wheels"
_UV = "/mithridate-uv"
_OWN = "/mithridate-python-build"
_SCRIPTS = Path(__file__).parent / "building"
_CACHE = "/build/.uv"
_LOG_CHARACTERS = 64_000
_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentLimits:
    """Bounds of one environment: wall seconds for all steps together; processes and bytes for each."""

    wall_s: float = 900.0
    processes: int = 1024
    memory_bytes: int = 6 << 30
    disk_bytes: int = 8 << 30
    output_bytes: int = 8 << 20
    scratch_bytes: int = 1 << 30


@dataclass(slots=True, kw_only=True)
class Environment:
    """One environment in the making. `directory` holds src/ and build/; `house` a directory with all fetched files.

    `compiler` is what the project's own extension modules are compiled with, None when it has none. `requires` is what builds the
    project beyond what front ends take for granted, () for nothing.
    """

    component: Component
    directory: Path
    house: Path
    interpreter: Interpreter
    sandbox: Sandbox
    limits: EnvironmentLimits
    version: str
    cancel: threading.Event | None
    compiler: Compiler | None = None
    requires: tuple[str, ...] = ()
    deadline: float = 0.0
    log: str = ""

    def make(self, lock: Lock, *, is_built: bool) -> tuple[Skipped, ...]:
        """Install the lock, then build the project when it has a build. What failed, and why; the rest is installed."""
        self.deadline = time.monotonic() + self.limits.wall_s
        collect(self.house, (*lock.wheels, *lock.sdists, *lock.tools, *lock.engines), self.house.parent.parent)
        skipped = self._wheels(lock.wheels)
        for sdist in lock.sdists:
            failed = self._install([f"{WHEELS}/{sdist.filename}"])
            if failed is not None:
                skipped.append(
                    Skipped(what=f"requirement {sdist.name}=={sdist.version}", reason=f"its build failed: {_error(failed)}")
                )
        for engine in lock.engines:
            failed = self._install([f"{WHEELS}/{engine.filename}"], target=ENGINES)
            if failed is not None:
                skipped.append(Skipped(what=f"engine {engine.name}=={engine.version}", reason=_error(failed)))
        if self.component.build:
            failed = self._run(("/bin/sh", "-c", self.component.build), cwd=self._source, compiler=self.compiler)
            if not failed.ok:
                skipped.append(Skipped(what=f"{self.component.id}: its build command", reason=self._why(failed)))
        elif is_built:
            skipped += self._project()
        remove_tree(self.directory / _CACHE.lstrip("/"))
        return tuple(skipped)

    def _wheels(self, wheels: Sequence[Fetched]) -> list[Skipped]:
        """All at once; when that fails, one at a time to find the broken ones."""
        skipped: list[Skipped] = []
        paths = {f"{WHEELS}/{w.filename}": w for w in wheels}
        for start in range(0, len(paths), _BATCH):
            batch = list(paths)[start : start + _BATCH]
            if self._install(batch) is None:
                continue
            for path in batch:
                failed = self._install([path])
                if failed is not None:
                    wheel = paths[path]
                    skipped.append(Skipped(what=f"requirement {wheel.name}=={wheel.version}", reason=_error(failed)))
        return skipped

    def _project(self) -> list[Skipped]:
        """Build and install the project, for its metadata, generated modules and native extensions; then put what the build made
        beside the sources, from where it is imported."""
        skipped: list[Skipped] = []
        failed = self._built(self.compiler)
        if failed is not None and self.compiler is not None:
            why = self._why(failed)
            if self._built(None) is None:
                reason = f"it is built without sanitizers, where only a crash shows, as its build with them failed: {why}"
                skipped, failed = [Skipped(what=f"{self.component.id}: its native code", reason=reason)], None
        if failed is not None:
            reason = f"its own build failed, so it is run from its sources: {self._why(failed)}"
            return [Skipped(what=f"{self.component.id}: what its build would add", reason=reason)]
        adopted = self._run((INTERPRETER, "-I", f"{_OWN}/adopt.py", self._source, ENVIRONMENT))
        if not adopted.ok:
            skipped.append(Skipped(what=f"{self.component.id}: what its build added", reason=_error(adopted)))
        return skipped

    def _built(self, compiler: Compiler | None) -> Execution | None:
        """Build the project and install it; the failure, or None."""
        leftovers = self.directory / "src" / self.component.path / "build"
        is_theirs = leftovers.exists() or leftovers.is_symlink()
        with self._stated():
            failed = self._install([self._source], compiler)
        if not is_theirs:
            remove_tree(leftovers)  # setuptools' copy of the sources, which would be looked at as if it were the project
        return failed

    @contextlib.contextmanager
    def _stated(self) -> Iterator[None]:
        """While it is built, a project that names no build system names that of `requires`, of which front ends do not know."""
        stating = self.directory / "src" / self.component.path / "pyproject.toml"
        if not self.requires or stating.exists() or stating.is_symlink():
            yield
            return
        backend = '"setuptools.build_meta:__legacy__"'
        stating.write_text(f"[build-system]\nrequires = {json.dumps(list(self.requires))}\nbuild-backend = {backend}\n", "ascii")
        try:
            yield
        finally:
            stating.unlink(missing_ok=True)

    @property
    def _source(self) -> str:
        return "/src" if self.component.path == "." else f"/src/{self.component.path}"

    def _why(self, failed: Execution) -> str:
        """Why the project's own build failed: the compiler's first error, where there is one."""
        said = first_error(failed.stderr + failed.stdout) if self.compiler else ""
        return said or _error(failed)

    def _install(self, what: Sequence[str], compiler: Compiler | None = None, *, target: str = ENVIRONMENT) -> Execution | None:
        """The failure, or None."""
        argv = (_UV, "pip", "install", "--quiet", "--python", INTERPRETER, "--target", target, "--no-deps")
        done = self._run((*argv, "--no-index", "--find-links", WHEELS, "--", *what), compiler=compiler)
        return None if done.ok else done

    def _run(self, argv: tuple[str, ...], cwd: str = "/tmp", compiler: Compiler | None = None) -> Execution:
        environment = {
            "UV_CACHE_DIR": _CACHE,
            "UV_NO_CONFIG": "1",
            "UV_OFFLINE": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "NO_COLOR": "1",
            "HOME": "/tmp",
            "SOURCE_DATE_EPOCH": "1000000000",
            "JOBS": str(len(os.sched_getaffinity(0))),
            **_version_variables(self.version),
            **(compiler.environment if compiler else {}),
            **self.component.env,
        }
        bounds = self.limits
        mounts = (
            Mount(source=self.directory / "src", target="/src", writable=True),
            Mount(source=self.directory / "build", target="/build", writable=True),
            Mount(source=self.house, target=WHEELS),
            Mount(source=self.interpreter.uv, target=_UV),
            Mount(source=_SCRIPTS, target=_OWN),
            *((compiler.mount,) if compiler else ()),
        )
        done = self.sandbox.run(
            Command(argv=argv, env=environment, cwd=cwd),
            mounts,
            Limits(
                wall_s=max(1.0, self.deadline - time.monotonic()),
                memory_bytes=bounds.memory_bytes,
                processes=bounds.processes,
                output_bytes=bounds.output_bytes,
                scratch_bytes=bounds.scratch_bytes,
                disk_bytes=bounds.disk_bytes,
            ),
            cancel=self.cancel,
        )
        if done.ending is Ending.CANCELLED:
            raise Interrupted(f"Stopped while preparing {self.component.id}.")
        self.log = (self.log + done.stderr.decode("utf-8", "replace"))[-_LOG_CHARACTERS:]
        return done


def collect(house: Path, files: Sequence[Fetched], cache: Path) -> None:
    """Make `house` a flat directory of the fetched `files`, as links to the same content."""
    remove_tree(house)
    house.mkdir(parents=True)
    for file in files:
        target = house / file.filename
        if not target.exists():
            os.link(file.path(cache), target)


def _version_variables(version: str) -> dict[str, str]:
    """Versions for build backends that would ask version control, which a snapshot has none of."""
    stated = version or "0.0.0"
    return dict.fromkeys(
        ("SETUPTOOLS_SCM_PRETEND_VERSION", "PBR_VERSION", "PDM_BUILD_SCM_VERSION", "HATCH_VCS_PRETEND_VERSION"), stated
    )


_LIMITS = {
    Ending.WALL_LIMIT: "took too long",
    Ending.CPU_LIMIT: "took too long",
    Ending.MEMORY_LIMIT: "used too much memory",
    Ending.PROCESS_LIMIT: "started too many processes",
    Ending.OUTPUT_LIMIT: "printed too much",
    Ending.DISK_LIMIT: "wrote too much",
}


def _error(execution: Execution) -> str:
    """The line of the output that says most, or the limit that was hit."""
    if execution.ending in _LIMITS:
        return f"it {_LIMITS[execution.ending]} and was stopped"
    lines = [line.strip() for line in execution.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [x for x in lines if any(w in x for w in ("Error", "error:", "cause:", "not found", "cannot"))]
    chosen = next((x for x in reversed(telling) if not x.startswith("error: Failed to build")), "") or (
        lines[-1] if lines else "no message"
    )
    return "".join(c if c.isprintable() else " " for c in chosen)[:300]
