"""Implements repair's Workbench: patched trees are built, judged, searched and run, all in the sandbox."""

import hashlib
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mithridate.languages.c.doors import Call
from mithridate.languages.c.language import CLanguage
from mithridate.languages.c.usage import program_name
from mithridate.languages.python.language import PythonLanguage
from mithridate.model.entry import Binary, EntryKind, EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.execution import Command, Execution, Limits, Mount
from mithridate.model.project import Build, BuildFailure, Component, Flavour, Project, ToolFailure
from mithridate.model.violation import Clean, Violation, ViolationKind
from mithridate.oracles.address_sanitizer import AddressSanitizer
from mithridate.oracles.leaks import Leaks
from mithridate.oracles.suite import Judge
from mithridate.prove.replay import Replayer
from mithridate.prove.witness import Witnesses
from mithridate.repair import diff as diffs
from mithridate.repair.interface import Found, Output, Probed, Variant
from mithridate.sandbox.interface import Sandbox
from mithridate.sandbox.leavings import remove_tree
from mithridate.stages.answers import answered, steady
from mithridate.stages.fresh_search import FreshSearch
from mithridate.stages.probing import probed

_JUDGED = 24
_JUDGED_AT_ONCE = 8
_DOORS_S = 20.0
_MANY = 8
_QUICK_S = 20.0
_QUICK_EACH_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the work is done with: as a run, or `mithridate patch`, has it."""

    sandbox: Sandbox
    replayer: Replayer
    witnesses: Witnesses
    builds: Path
    """The cache of builds."""
    scratch: Path
    memory_bytes: int
    jobs: int
    build_s: float
    cancel: threading.Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A door of the subject: the entry point (no binaries) and where its program was in the build that the proof speaks of."""

    entry: EntryPoint
    program: str


class NoDoors(UsageError):
    """A build in which none of the subject's doors is there."""


class Workshop:
    """The workbench of one subject. `folder` is ours alone; everything in it goes when the workshop is closed.

    `own`: nobody else builds this project, so that the build of it as it is goes too.
    """

    def __init__(
        self, project: Project, component: Component, ways: Sequence[Way], tools: Tools, folder: Path, *, own: bool = False
    ) -> None:
        self._project, self._component, self._ways, self._tools = project, component, ways, tools
        self._folder = Path(tempfile.mkdtemp(prefix="workshop-", dir=folder))
        self._language: CLanguage | PythonLanguage = (
            PythonLanguage(build_s=tools.build_s)
            if component.language == PythonLanguage.name
            else CLanguage(jobs=tools.jobs, build_s=tools.build_s, seconds=_DOORS_S)
        )
        self._made: dict[tuple[str, bool], Variant | BuildFailure | None] = {}
        self._builds: dict[Path, Build] = {}
        self._owned: list[Path] = []
        self._count = 0
        built = self._language.build(project, component, Flavour.PLAIN, tools.sandbox, tools.builds)
        if isinstance(built, BuildFailure):
            raise UsageError(f"the project does not build here: {built.first_error}", built.hint)
        self._owned += [built.directory] * own
        self.original = self._variant(project.tree, built)

    def __enter__(self) -> "Workshop":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete what was made."""
        for directory in self._owned:
            remove_tree(directory)
            directory.with_name(directory.name + ".lock").unlink(missing_ok=True)
        remove_tree(self._folder)

    def build(self, diff: str, *, quick: bool = False) -> Variant | BuildFailure | None:
        """See Workbench.build."""
        key = (diff, quick and isinstance(self._language, CLanguage))
        if key not in self._made:
            try:
                changed = diffs.applied(diff, self._project.tree)
            except diffs.DiffError:
                return None
            try:
                self._made[key] = self._built(changed, diff, quick=key[1])
            except NoDoors as error:
                self._made[key] = BuildFailure(
                    component=self._component, flavour=Flavour.PLAIN, step="opening", first_error=str(error), hint="", log=""
                )
        return self._made[key]

    def through(self, variant: Variant, ways: Sequence[Way]) -> Variant:
        """A variant of this workshop with other doors than the subject's; those that its build lacks are left out."""
        return replace(variant, entries=self._doors(self._builds[variant.directory], ways))

    def judge(self, variant: Variant, entry_id: str, inputs: Sequence[bytes]) -> list[tuple[Violation, ...] | ToolFailure]:
        """See Workbench.judge."""
        if entry_id not in variant.entries:
            return [ToolFailure(tool="build", why=f"the patched project has no {entry_id}")] * len(inputs)
        entry, binary = self._door(variant, entry_id)
        if entry.observed:
            seen = self._tools.witnesses.replay(entry, binary, list(inputs), 1)
            return [_NO_ANSWER if one is None else one for (one,) in seen]

        quiet = self._quiet(entry, binary, inputs)

        def once(data: bytes) -> tuple[Violation, ...] | ToolFailure:
            judgement = self._tools.replayer.once(entry, binary, data) if data not in quiet else ()
            return judgement if isinstance(judgement, tuple | ToolFailure) else ()

        with ThreadPoolExecutor(self._tools.jobs) as pool:
            return list(pool.map(once, inputs))

    def _quiet(self, entry: EntryPoint, binary: Binary, inputs: Sequence[bytes]) -> frozenset[bytes]:
        """Of many different inputs, those that violate nothing when they share a sandbox; that says nothing of the others."""
        different = list(dict.fromkeys(inputs))
        if len(different) < _MANY:
            return frozenset()
        seen = self._tools.replayer.batch(entry, binary, different, _QUICK_S + _QUICK_EACH_S * len(different))
        return frozenset(data for data, judgement in zip(different, seen, strict=True) if isinstance(judgement, Clean))

    def leaks(self, variant: Variant, entry_id: str, inputs: Sequence[bytes]) -> list[tuple[Violation, ...] | ToolFailure]:
        """See Workbench.leaks."""
        entry, binary = self._door(variant, entry_id)
        if entry.observed:
            return [()] * len(inputs)
        judge = Judge(oracles=(AddressSanitizer.name, Leaks.name))
        replayer = Replayer(self._tools.sandbox, judge, replace(self._tools.replayer.limits, traces=True), self._tools.jobs)

        def once(data: bytes) -> tuple[Violation, ...] | ToolFailure:
            seen = replayer.once(entry, binary, data)
            return tuple(v for v in seen if v.kind is ViolationKind.LEAK) if isinstance(seen, tuple) else _failure(seen)

        with ThreadPoolExecutor(self._tools.jobs) as pool:
            return list(pool.map(once, inputs))

    def probe(
        self, variant: Variant, entry_id: str, inputs: Sequence[bytes], *, halt: bool = False
    ) -> list[Probed | ToolFailure]:
        """See Workbench.probe."""
        entry, binary = self._door(variant, entry_id)
        return probed(self._tools.replayer, entry, binary, inputs, self._folder, self._tools.jobs, halt=halt)

    def outputs(self, variant: Variant, entry_id: str, inputs: Sequence[bytes]) -> list[Output | None]:
        """See Workbench.outputs."""
        entry, binary = self._door(variant, entry_id)
        if entry.observed:
            seen = self._tools.witnesses.witness(entry, binary, list(inputs), answers=True)
            return [None if one is None or one.violations else answered(one.records) for (one,) in seen]

        def once(data: bytes) -> Output | None:
            observed = self._tools.replayer.observe(entry, binary, data)
            if observed.violations or isinstance(observed.judgement, ToolFailure):
                return None
            done = observed.execution
            return Output(ending=done.ending, exit_code=done.exit_code, stdout=done.stdout, stderr=steady(done.stderr))

        with ThreadPoolExecutor(self._tools.jobs) as pool:
            return list(pool.map(once, inputs))

    def search(
        self,
        variant: Variant,
        seconds: float,
        seeds: Mapping[str, Sequence[bytes]],
        near: Mapping[str, Sequence[bytes]],
        enough: Callable[[bytes, str, Violation], bool],
    ) -> Found:
        """See Workbench.search."""
        entries = self._searchable(variant) if seconds > 0 else []
        tools, area = self._tools, self._folder / f"search-{self._next()}"
        fresh = FreshSearch(tools.sandbox, tools.jobs, tools.memory_bytes, tools.cancel, area)
        violations: list[tuple[bytes, str, Violation]] = []
        judged: set[tuple[str, bytes]] = set()

        def decided(brought: Mapping[str, Sequence[bytes]], most: int) -> bool:
            shown: list[tuple[bytes, str, Violation]] = []
            for entry_id, inputs in brought.items():
                new = [data for data in inputs if (entry_id, data) not in judged]
                some = sorted(new, key=len)[:most] if entry_id in variant.entries else []
                judged.update((entry_id, data) for data in some)
                told = zip(some, self.judge(variant, entry_id, some) if some else (), strict=True)
                shown += [(data, entry_id, seen[0]) for data, seen in told if isinstance(seen, tuple) and seen]
            violations.extend(shown)
            return any(enough(*one) for one in shown)

        try:
            wanted = [(entry, near[entry.id]) for entry in entries if near.get(entry.id)]
            ran = 0
            for entry, inputs in wanted:
                one_by_one = partial(self.judge, variant, entry.id)
                number, found = fresh.near(entry, inputs, seconds / 2 / len(wanted), one_by_one)
                ran += number
                if decided({entry.id: found}, _JUDGED):
                    return Found(executions=0, violations=tuple(violations), near=ran)
            executions, left = fresh.hunt(entries, seconds, seeds, lambda brought: decided(brought, _JUDGED_AT_ONCE))
            decided(left, _JUDGED)
            return Found(executions=executions, violations=tuple(violations), near=ran)
        finally:
            remove_tree(area)

    def run(self, tree: Path, command: Command, limits: Limits) -> Execution:
        """See Workbench.run. What the command leaves in /src and /build goes with it."""
        place = self._folder / f"run-{self._next()}"
        try:
            self._copied(tree, place / "src")
            build = self.original.directory / "build"
            if self._component.language == PythonLanguage.name:
                mounts = (Mount(source=place / "src", target="/src", writable=True), Mount(source=build, target="/build"))
            else:
                (place / "build").mkdir()
                mounts = (
                    Mount(source=place / "src", target="/src", writable=True),
                    Mount(source=place / "build", target="/build", writable=True),
                )
            return self._tools.sandbox.run(command, mounts, limits, cancel=self._tools.cancel)
        finally:
            remove_tree(place)

    def _quickly(self, changed: Mapping[str, bytes | None]) -> Variant | BuildFailure:
        assert isinstance(self._language, CLanguage)
        base = self._builds[self.original.directory]
        directory = self._folder / f"quick-{self._next()}"
        built = self._language.rebuild(base, changed, self._project, self._tools.sandbox, directory)
        return built if isinstance(built, BuildFailure) else self._variant(directory / "src", built)

    def _built(self, changed: Mapping[str, bytes | None], diff: str, *, quick: bool) -> Variant | BuildFailure:
        try:
            return self._quickly(changed) if quick else self._cleanly(diff)
        except (ValueError, subprocess.CalledProcessError):  # a build left what cannot be copied or written to
            return self._cleanly(diff)

    def _cleanly(self, diff: str) -> Variant | BuildFailure:
        tree = self._folder / f"tree-{self._next()}"
        self._copied(self._project.tree, tree)
        diffs.apply(diff, tree)
        digest = hashlib.sha256(f"{self._project.snapshot}\0{diff}".encode("utf-8", "surrogateescape")).hexdigest()
        project = replace(self._project, snapshot=digest, tree=tree)
        built = self._language.build(project, self._component, Flavour.PLAIN, self._tools.sandbox, self._tools.builds)
        if isinstance(built, BuildFailure):
            return built
        self._owned.append(built.directory)
        return self._variant(tree, built)

    def _variant(self, tree: Path, built: Build) -> Variant:
        """The doors in a build; the subject's own ones must be there."""
        entries = self._doors(built, self._ways)
        if not entries:
            raise NoDoors(f"the build has no program {self._ways[0].program}")
        self._builds[built.directory] = built
        return Variant(tree=tree, directory=built.directory, entries=entries, warnings=built.warnings)

    def _doors(self, built: Build, ways: Sequence[Way]) -> dict[str, EntryPoint]:
        entries: dict[str, EntryPoint] = {}
        for way in ways:
            work = self._folder / f"link-{self._next()}"
            work.mkdir()
            binary = self._language.binary(built, way.entry, way.program, self._tools.sandbox, work)
            if binary is not None:
                entries[way.entry.id] = replace(way.entry, binaries=(binary,))
        return entries

    def _searchable(self, variant: Variant) -> list[EntryPoint]:
        """The variant's doors with binaries to search."""
        if self._component.language == PythonLanguage.name:
            return list(variant.entries.values())
        digest = hashlib.sha256(str(variant.tree).encode()).hexdigest()
        project = replace(self._project, snapshot=digest, tree=variant.tree)
        fuzz = self._language.build(project, self._component, Flavour.FUZZ, self._tools.sandbox, self._tools.builds)
        if isinstance(fuzz, BuildFailure):
            return []
        self._owned.append(fuzz.directory)
        doors = self._folder / f"doors-{self._next()}"
        doors.mkdir()
        plain = self._builds[variant.directory]
        found: list[EntryPoint] = []
        for entry in variant.entries.values():
            if entry.kind is not EntryKind.FUZZ_TARGET:  # called as it was: nothing need be observed again
                built = (way.program for way in self._ways if way.entry.id == entry.id)
                program = next((path for path in built if program_name(path) == entry.name), entry.name)
                call = Call(program=program, form=entry.arguments, suffix=entry.suffix)
                language = CLanguage(jobs=self._tools.jobs, build_s=self._tools.build_s, call=call)
                found += language.entry_points(project, (plain, fuzz), self._tools.sandbox, doors)[0]
        if any(entry.kind is EntryKind.FUZZ_TARGET for entry in variant.entries.values()):
            found += self._language.entry_points(project, (plain, fuzz), self._tools.sandbox, doors)[0]
        return list({entry.id: entry for entry in found if entry.id in variant.entries}.values())

    def _door(self, variant: Variant, entry_id: str) -> tuple[EntryPoint, Binary]:
        entry = variant.entries[entry_id]
        binary = entry.binary(Flavour.PLAIN)
        assert binary is not None
        return entry, binary

    def _copied(self, tree: Path, to: Path) -> None:
        to.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", "--reflink=auto", "--", tree, to], check=True)
        for folder in (to, *(path for path in to.rglob("*") if path.is_dir() and not path.is_symlink())):
            folder.chmod(0o755)

    def _next(self) -> int:
        self._count += 1
        return self._count


def _failure(seen: Clean | ToolFailure) -> tuple[Violation, ...] | ToolFailure:
    return () if isinstance(seen, Clean) else seen


_NO_ANSWER = ToolFailure(tool="observer", why="it gave no answer")
