"""C and C++: find, build, and enter their code."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mithridate.languages.c.build import BUILD_S, BuildLimits, build_component
from mithridate.languages.c.compiler import Compiler
from mithridate.languages.c.detect import detect
from mithridate.languages.c.doors import Call, Doors, Ground, Linkers, host_path, with_binaries
from mithridate.languages.c.flags import flavour_flags
from mithridate.languages.c.fuzz_targets import fuzz_targets
from mithridate.languages.c.link import OWN_OUTPUT, Linker, elf_bits, prepare_runtime
from mithridate.languages.c.rebuild import rebuild_component
from mithridate.languages.c.samples import collect
from mithridate.languages.c.sources import HEADERS, SOURCES
from mithridate.languages.c.toolchain import Toolchain, find_toolchain
from mithridate.languages.c.walk import regular_files
from mithridate.languages.c.wrapper import install_wrapper
from mithridate.model.entry import Binary, EntryKind, EntryPoint
from mithridate.model.project import Build, BuildFailure, Component, Flavour, Project, Skipped
from mithridate.sandbox.interface import Sandbox


def _nowhere(data: bytes) -> str:
    """For callers that want no seeds: the digest of bytes that nobody keeps."""
    return hashlib.sha256(data).hexdigest()


class CLanguage:
    """Implements Language for C and C++.

    `put` stores bytes and gives their digest; `seconds` bounds the look at programs, `build_s` each build (both wall time).
    With `call` that is the only door.
    """

    name = "c"
    flavours: tuple[Flavour, ...] = (Flavour.PLAIN, Flavour.FUZZ, Flavour.AFL)

    def __init__(
        self,
        put: Callable[[bytes], str] | None = None,
        jobs: int = 2,
        seconds: float = 60.0,
        build_s: float = BUILD_S,
        call: Call | None = None,
    ) -> None:
        self._put = put or _nowhere
        self._jobs = jobs
        self._seconds = seconds
        self._call = call
        self._limits = BuildLimits(wall_s=build_s)
        self._found: Toolchain | None = None
        self._detected: dict[tuple[str, Path], tuple[tuple[Component, ...], tuple[Skipped, ...]]] = {}

    def toolchain(self) -> dict[str, str]:
        """See Language.toolchain."""
        return dict(self._tools().versions)

    def flags(self, flavour: Flavour) -> tuple[str, ...]:
        """The compile flags of one flavour, for the record."""
        return flavour_flags(flavour).compile

    def detect(self, project: Project) -> tuple[tuple[Component, ...], tuple[Skipped, ...]]:
        """See Language.detect. A tree is looked at once: every build asks for its component's neighbours."""
        key = (project.snapshot, project.tree)
        if key not in self._detected:
            self._detected[key] = detect(project)
        return self._detected[key]

    def build(
        self, project: Project, component: Component, flavour: Flavour, sandbox: Sandbox, cache: Path
    ) -> Build | BuildFailure:
        """See Language.build."""
        neighbours = [other for other in self.detect(project)[0] if other != component]
        return build_component(
            *(project, component, flavour, sandbox, cache, self._tools()),
            neighbours=neighbours,
            limits=self._limits,
            jobs=self._jobs,
        )

    def rebuild(
        self, build: Build, changed: Mapping[str, bytes | None], project: Project, sandbox: Sandbox, directory: Path
    ) -> Build | BuildFailure:
        """`build` once more in `directory` with changed files, from its own objects: see build.rebuild_component."""
        return rebuild_component(build, changed, project, sandbox, directory, self._tools(), limits=self._limits, jobs=self._jobs)

    def entry_points(
        self, project: Project, builds: Sequence[Build], sandbox: Sandbox, work: Path
    ) -> tuple[tuple[EntryPoint, ...], tuple[Skipped, ...]]:
        """See Language.entry_points."""
        by_flavour = {build.flavour: build for build in builds}
        plain = by_flavour.get(Flavour.PLAIN)
        if plain is None:
            return (), ()
        with tempfile.TemporaryDirectory(prefix="doors-", dir=work) as scratch:
            ground = self._ground(by_flavour, project.tree, sandbox, Path(scratch))
            doors = Doors(ground, self._seconds)
            if self._call is not None:
                entries = doors.called(self._call)
            else:
                entries = [*fuzz_targets(doors, plain.component, ground.sources, project.tree), *doors.programs()]
        return tuple({entry.id: entry for entry in entries}.values()), tuple(doors.skipped)

    def entry_again(
        self, builds: Sequence[Build], entry: EntryPoint, program: str, sandbox: Sandbox, work: Path
    ) -> EntryPoint | None:
        """An entry point of the component with the binaries of other builds of it; None when they lack it.

        `program` is where its proving binary was (a sandbox path). Nothing is observed again: it is entered as it was.
        """
        by_flavour = {build.flavour: build for build in builds}
        plain = by_flavour[Flavour.PLAIN]
        ground = self._ground(by_flavour, plain.directory / "src", sandbox, work)
        doors = Doors(ground, self._seconds)
        if entry.kind is not EntryKind.FUZZ_TARGET:
            return doors.again(entry, program)
        targets = fuzz_targets(doors, plain.component, ground.sources, plain.directory / "src")
        same = next((target for target in targets if target.name == entry.name), None)
        return with_binaries(entry, same.binaries) if same is not None else None

    def binary(self, build: Build, entry: EntryPoint, program: str, sandbox: Sandbox, work: Path) -> Binary | None:
        """The PLAIN binary of an entry point in a fresh build, for replaying a bundle; None when the build lacks it.

        `program` is where the executable was in the build that the bundle speaks of (a sandbox path).
        """
        if entry.kind is not EntryKind.FUZZ_TARGET and program.startswith(OWN_OUTPUT):
            return self._linked_again(build, program, sandbox, work)
        if entry.kind is not EntryKind.FUZZ_TARGET:
            bits = elf_bits(host_path(build, program))
            if bits is None:
                return None
            return Binary(flavour=Flavour.PLAIN, directory=build.directory, path=program, in_process=False, bits=bits)
        ground = self._ground({Flavour.PLAIN: build}, build.directory / "src", sandbox, work)
        targets = fuzz_targets(Doors(ground, self._seconds), build.component, ground.sources, build.directory / "src")
        return next((t.binary(Flavour.PLAIN) for t in targets if t.name == entry.name), None)

    def _linked_again(self, build: Build, program: str, sandbox: Sandbox, work: Path) -> Binary | None:
        doors = Doors(self._ground({Flavour.PLAIN: build}, build.directory / "src", sandbox, work), self._seconds)
        programs = (link for link in build.links if elf_bits(host_path(build, link.output)))
        return next((b for b in map(doors.proving, programs) if b.path == program), None)

    def _tools(self) -> Toolchain:
        if self._found is None:
            self._found = find_toolchain()
        return self._found

    def _ground(self, builds: Mapping[Flavour, Build], tree: Path, sandbox: Sandbox, scratch: Path) -> Ground:
        component = builds[Flavour.PLAIN].component
        unpacked = scratch / "unpacked"
        unpacked.mkdir(exist_ok=True)
        files = [path for path, _ in regular_files(tree / component.path)]
        return Ground(
            component=component.id,
            builds=builds,
            linkers=self._linkers(builds, sandbox, builds[Flavour.PLAIN].directory.parent),
            samples=collect(tree, component.seeds, unpacked),
            sources=tuple(path for path in files if path.suffix in SOURCES),
            headers=tuple(path for path in files if path.suffix in HEADERS),
            arguments=component.arguments,
            put=self._put,
            sandbox=sandbox,
            scratch=scratch,
            jobs=self._jobs,
        )

    def _linkers(self, builds: Mapping[Flavour, Build], sandbox: Sandbox, cache: Path) -> Linkers:
        compiler = Compiler(toolchain=self._tools(), wrapper=install_wrapper(cache))
        sizes = {elf_bits(host_path(b, link.output)) for b in builds.values() for link in b.links}
        wanted = sorted((s for s in sizes if s), reverse=True) or [64]
        runtimes = {bits: prepare_runtime(bits, compiler, sandbox, cache) for bits in wanted}
        return {
            (flavour, bits): Linker(build, runtime, compiler, sandbox)
            for bits, runtime in runtimes.items()
            for flavour, build in builds.items()
            if flavour is not Flavour.AFL or runtime.afl
        }
