"""Turns one component's builds into entry points: shipped fuzz targets, and programs that were seen to read their input."""

import posixpath
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path, PurePosixPath

from mithridate.languages.c.allocators import own_allocators, substitutes
from mithridate.languages.c.comparisons import own_comparisons, wrappers
from mithridate.languages.c.constants import dictionary, nearest_first
from mithridate.languages.c.elf import Image
from mithridate.languages.c.link import Linker, Watched, elf_bits
from mithridate.languages.c.observe import Observation, observe
from mithridate.languages.c.options import Form
from mithridate.languages.c.probe import Probe
from mithridate.languages.c.products import on_host
from mithridate.languages.c.samples import Samples
from mithridate.languages.c.script_calls import script_calls
from mithridate.languages.c.usage import Forms, Usage, ask, forms, getopt_strings, program_name
from mithridate.languages.c.walk import head
from mithridate.languages.invocation import build_mounts, one_input
from mithridate.languages.seeds import format_samples, relevant
from mithridate.model.entry import INPUT, Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Build, Flavour, Link, Skipped, ToolFailure
from mithridate.oracles.suite import Judge
from mithridate.sandbox.interface import Sandbox

Linkers = Mapping[tuple[Flavour, int], Linker]
"""One linker for each build flavour and word size."""

MAX_PROGRAMS = 60
_SEEDS = 300
_PROBED = 12
_OBSERVED = 60
_TURN = 12
_FORMS = 24
_FORMS_OF_ONE_PROGRAM = (4, 12)
"""At least and at most; between the two, the programs share _FORMS."""
_SHORTEST_LOOK_S = 2.0
_LONGEST_LOOK_S = 15.0
_TEST_PLACE = re.compile(r"(^|[/_-])(tests?|check|examples?|bench(marks?)?|demos?)([/_.-]|$)", re.IGNORECASE)
_MAPS = re.compile(rb"\bmmap\s*\(")
_LOOKS = re.compile(rb"\bp?(?:select|poll)\s*\(|\b(?:FIONREAD|FIONBIO|O_NONBLOCK|O_NDELAY)\b")
_SOURCE_BYTES = 1 << 20
_WORD = re.compile(r"[A-Za-z0-9]{2,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A way to call a program that its user knows of: its name or path, its arguments, and how the names of its inputs end."""

    program: str
    form: Form
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What finding doors works on: a component's builds and what its tree offers."""

    component: str
    builds: Mapping[Flavour, Build]
    linkers: Linkers
    samples: Samples
    sources: tuple[Path, ...]
    headers: tuple[Path, ...]
    arguments: Mapping[str, tuple[str, ...]]
    put: Callable[[bytes], str]
    sandbox: Sandbox
    scratch: Path
    jobs: int


class Doors:
    """Finds the doors of one component within a time."""

    def __init__(self, ground: Ground, seconds: float) -> None:
        self._ground = ground
        self._deadline = time.monotonic() + seconds
        self._judge = Judge()
        self._formats = format_samples()
        self._allocators = own_allocators(ground.sources)
        self._comparisons = own_comparisons(ground.sources)
        self.skipped: list[Skipped] = []

    @property
    def builds(self) -> Mapping[Flavour, Build]:
        """The component's builds."""
        return self._ground.builds

    @property
    def jobs(self) -> int:
        """How many things to do side by side."""
        return self._ground.jobs

    def programs(self) -> list[EntryPoint]:
        """Programs that read a file or standard input, the tools before the tests; one entry point a useful argument form."""
        plain = self._ground.builds[Flavour.PLAIN]
        links = [link for link in plain.links if not is_fuzz_link(link) and elf_bits(host_path(plain, link.output))]
        links.sort(key=lambda link: (bool(_TEST_PLACE.search(link.output)), link.output))
        for link in links[MAX_PROGRAMS:]:
            self.skipped.append(Skipped(what=link.output, reason=f"only the first {MAX_PROGRAMS} programs are looked at"))
        links = links[:MAX_PROGRAMS]
        shown = script_calls(plain.directory / "src", {program_name(link.output) for link in links})
        with ThreadPoolExecutor(self._ground.jobs) as pool:
            found = pool.map(lambda item: self._program(item[0], item[1], shown, len(links)), enumerate(links))
            # Every program's best form before any program's second: whoever has little time sees much of the project.
            return [entry for rank in zip_longest(*found) for entry in rank if entry is not None]

    def called(self, call: Call) -> list[EntryPoint]:
        """The one entry point that a call describes, taken as it stands; none when no such program was built."""
        name = program_name(call.program)
        links = [link for link in self.builds[Flavour.PLAIN].links if not is_fuzz_link(link)]
        named = [link for link in links if program_name(link.output) == name]
        wanted = PurePosixPath(call.program).parts
        named.sort(key=lambda link: (not _ends_so(link.output, wanted), bool(_TEST_PLACE.search(link.output)), link.output))
        if not named:
            built = ", ".join(sorted({program_name(link.output) for link in links})) or "none"
            told = f"no program of that name was built in {self._ground.component}; built were: {built}"
            self.skipped.append(Skipped(what=call.program, reason=told))
            return []
        link = named[0]
        self.skipped += [Skipped(what=other.output, reason=f"{link.output} has that name, too") for other in named[1:]]
        kind = EntryKind.PROGRAM_FILE if any(INPUT in word for word in call.form) else EntryKind.PROGRAM_STDIN
        suffix = call.suffix if kind is EntryKind.PROGRAM_FILE else ""
        entry = self._entry(name, kind, call.form, suffix, self._binaries(link, self.proving(link)))
        hints = [name, *PurePosixPath(link.output).parts]
        return [self._equipped(entry, self._dictionary(entry, name), self._own_seeds(name, hints))]

    def fuzz_target(self, source: str, name: str, extra: Mapping[Flavour, Sequence[str]]) -> EntryPoint | None:
        """A shipped LLVMFuzzerTestOneInput (sandbox path of its source), linked in every flavour; None when that fails."""
        binaries: list[Binary] = []
        for (flavour, bits), linker in self._ground.linkers.items():
            if bits != self._usual_bits():
                continue
            linked = linker.fuzz_target(source, extra[flavour])
            if isinstance(linked, ToolFailure):
                self.skipped.append(Skipped(what=f"fuzz target {source} ({flavour})", reason=linked.why))
            else:
                binaries.append(linked)
        return self._target_entry(name, source, binaries)

    def linked_target(self, link: Link) -> EntryPoint | None:
        """A fuzz target that the project's own build links; None when it cannot be linked with our harness."""
        binaries: list[Binary] = []
        bits = self._usual_bits()
        for flavour, build in self._ground.builds.items():
            same = next((one for one in build.links if one.output == link.output), None)
            linker = self._ground.linkers.get((flavour, bits))
            if same is None or linker is None:
                continue
            linked = linker.linked_target(same)
            if isinstance(linked, ToolFailure):
                self.skipped.append(Skipped(what=f"fuzz target {link.output} ({flavour})", reason=linked.why))
            else:
                binaries.append(linked)
        return self._target_entry(program_name(link.output), link.output, binaries)

    def _target_entry(self, name: str, origin: str, binaries: Sequence[Binary]) -> EntryPoint | None:
        if not any(b.flavour is Flavour.PLAIN for b in binaries):
            return None
        entry = EntryPoint(
            id=f"{self._ground.component}:{name}",
            component=self._ground.component,
            language="c",
            name=name,
            kind=EntryKind.FUZZ_TARGET,
            boundary=Boundary.REAL,
            arguments=(),
            suffix="",
            binaries=tuple(binaries),
        )
        hints = [name, *PurePosixPath(origin).parts]
        return self._equipped(entry, self._dictionary(entry, name), self._own_seeds(name, hints))

    def _program(self, number: int, link: Link, shown: Mapping[str, Sequence[Form]], of: int) -> list[EntryPoint]:
        plain = self._ground.builds[Flavour.PLAIN]
        left = self._deadline - time.monotonic()
        look = min(_LONGEST_LOOK_S, max(_SHORTEST_LOOK_S, left * self._ground.jobs / max(1, of - number)))
        if left <= 0:
            self.skipped.append(Skipped(what=link.output, reason="the time for looking at programs was used up"))
            return []
        binary = self.proving(link)
        name = program_name(link.output)
        env = self._judge.arm(self._entry(name, EntryKind.PROGRAM_FILE, (INPUT,), "", (binary,))).env
        said = ask(binary.path, self._ground.sandbox, build_mounts(binary), env)
        own = Image.load(host_path(plain, link.output)).strings()
        optstrings = getopt_strings(self._ground.sources, set(own))
        wanted = self._wanted_forms(name, said, shown.get(name, ()), optstrings)
        hints = [name, *_WORD.findall(said.text[:4000]), *PurePosixPath(link.output).parts]
        seeds = self._own_seeds(name, hints)
        template = self._entry(name, EntryKind.PROGRAM_FILE, (INPUT,), "", self._binaries(link, binary))
        seen = observe(
            binary.path,
            wanted,
            seeds[:_OBSERVED],
            self._ground.sandbox,
            build_mounts(binary),
            env,
            usage=said,
            limit=min(max(_FORMS // max(1, of), _FORMS_OF_ONE_PROGRAM[0]), _FORMS_OF_ONE_PROGRAM[1]),
            seconds=look,
            jobs=1,
            coverage=self._coverage(template),
        )
        if isinstance(seen, Skipped):
            self.skipped.append(seen)
            return []
        words = self._dictionary(template, name)
        return [self._equipped(self._opened(template, name, one), words, seeds) for one in seen]

    def _wanted_forms(self, name: str, said: Usage, shown: Sequence[Form], optstrings: Sequence[str]) -> Forms:
        given = self._ground.arguments.get(name)
        if given is not None:
            return Forms(bases=tuple(tuple(form.split()) for form in given))
        return forms(name, said.text, shown, optstrings)

    def _coverage(self, template: EntryPoint) -> Callable[[Form, Sequence[Path]], int] | None:
        binary = template.binary(Flavour.FUZZ)
        if binary is None or not binary.in_process:
            return None

        def covered(form: Form, samples: Sequence[Path]) -> int:
            kind = EntryKind.PROGRAM_FILE if any(INPUT in word for word in form) else EntryKind.PROGRAM_STDIN
            entry = replace(template, arguments=form, kind=kind, suffix=samples[0].suffix if samples else "")
            return Probe(self._ground.sandbox, self._ground.scratch).reach(entry, binary, samples).covered

        return covered

    def _opened(self, template: EntryPoint, name: str, seen: Observation) -> EntryPoint:
        return self._entry(name, seen.kind, seen.form, seen.suffix, template.binaries)

    def _entry(self, name: str, kind: EntryKind, form: Form, suffix: str, binaries: tuple[Binary, ...]) -> EntryPoint:
        shown = " ".join(form) or "(standard input)"
        return EntryPoint(
            id=f"{self._ground.component}:{name}:{shown}",
            component=self._ground.component,
            language="c",
            name=name,
            kind=kind,
            boundary=Boundary.REAL,
            arguments=form,
            suffix=suffix,
            binaries=binaries,
        )

    def proving(self, link: Link) -> Binary:
        """The program on which its flaws are proved: as built, or linked again where it asks the system for what is done better.

        That is memory (memory.c) and whether there is input (peer.c).
        """
        plain = self._ground.builds[Flavour.PLAIN]
        bits = elf_bits(host_path(plain, link.output)) or 64
        built = Binary(flavour=Flavour.PLAIN, directory=plain.directory, path=link.output, in_process=False, bits=bits)
        linker, meaning = self._ground.linkers.get((Flavour.PLAIN, bits)), self._meaning(link)
        if linker is None or not (meaning or self._asks_the_system):
            return built
        linked = linker.proving(link, meaning)
        return built if isinstance(linked, ToolFailure) else linked

    def again(self, entry: EntryPoint, program: str) -> EntryPoint | None:
        """An entry point that is known from other builds of the component, with the binaries of these; None when they lack it.

        `program` is where its proving binary was (a sandbox path). A flavour that it had no binary of, it gets none of.
        """
        for link in self.builds[Flavour.PLAIN].links:
            if is_fuzz_link(link) or program_name(link.output) != entry.name:
                continue
            plain = self.proving(link)
            if plain.path == program:
                return with_binaries(entry, self._binaries(link, plain))
        return None

    def _meaning(self, link: Link) -> Mapping[str, str]:
        """The program's own allocator, and what its functions are to mean."""
        return substitutes(self._allocators, self._functions(link)) if self._allocators else {}

    def _watched(self, link: Link) -> Watched:
        """The program's own comparisons, and what is to be done around them."""
        return wrappers(self._comparisons, self._functions(link)) if self._comparisons else ((), "")

    def _functions(self, link: Link) -> frozenset[bytes]:
        return Image.load(host_path(self._ground.builds[Flavour.PLAIN], link.output)).global_functions()

    @cached_property
    def _asks_the_system(self) -> bool:
        """True when the sources ask the system for memory themselves, or whether a descriptor has input."""
        heads = (head(path, _SOURCE_BYTES) for path in self._ground.sources)
        return any(_MAPS.search(text) or _LOOKS.search(text) for text in heads)

    def _binaries(self, link: Link, plain: Binary) -> tuple[Binary, ...]:
        """The program itself for proofs, and one binary an engine: in-process, or forked where the harness cannot be linked."""
        made, bits, meaning = [plain], plain.bits, self._meaning(link)
        for flavour in (Flavour.FUZZ, Flavour.AFL):
            build, linker = self._ground.builds.get(flavour), self._ground.linkers.get((flavour, bits))
            same = next((one for one in build.links if one.output == link.output), None) if build else None
            if linker is None or same is None:
                continue
            linked = linker.program(same, in_process=True, meaning=meaning, watched=self._watched(link))
            if isinstance(linked, ToolFailure) and flavour is Flavour.AFL:
                linked = linker.program(same, in_process=False, meaning=meaning)
            if isinstance(linked, ToolFailure):
                self.skipped.append(Skipped(what=f"{link.output} ({flavour})", reason=f"{linked.tool}: {linked.why}"))
            else:
                made.append(linked)
        return tuple(made)

    def _equipped(self, entry: EntryPoint, words: bytes, seeds: Sequence[Path]) -> EntryPoint:
        """Give the entry point its seeds and dictionary, and settle whether it can be run in-process."""
        settled = self._settled(entry, seeds[:_PROBED])
        digests = [self._ground.put(path.read_bytes()) for path in seeds[:_SEEDS]]
        own_dictionary = b"\n".join(d.read_bytes() for d in self._ground.samples.for_dictionary(entry.name))
        both = words + (own_dictionary + b"\n" if own_dictionary else b"")
        return replace(settled, seeds=tuple(dict.fromkeys(digests)), dictionary=self._ground.put(both) if both else "")

    def _settled(self, entry: EntryPoint, seeds: Sequence[Path]) -> EntryPoint:
        """Keep the in-process binaries only when what they note on the seeds also happens in processes of their own."""
        binary = entry.binary(Flavour.FUZZ)
        plain = entry.binary(Flavour.PLAIN)
        if binary is None or plain is None:
            return entry
        reach = Probe(self._ground.sandbox, self._ground.scratch).reach(entry, binary, seeds)
        why = "" if reach.ran else "it did not get through its seeds in one process"
        if reach.noted and not any(self._violates(entry, plain, path) for path in reach.noted[:4]):
            why = "in one process it violates where it does not in processes of its own"
        if not why or (reach.ran and entry.binary(Flavour.AFL) is None):  # better so than not at all: every candidate is replayed
            return entry
        self.skipped.append(Skipped(what=f"{entry.id} in-process", reason=why))
        return replace(entry, binaries=tuple(b for b in entry.binaries if not b.in_process))

    def _violates(self, entry: EntryPoint, plain: Binary, data: Path) -> bool:
        command, mounts = one_input(entry, plain, data, self._judge.arm(entry).env)
        return isinstance(self._judge.judge(self._ground.sandbox.run(command, mounts)), tuple)

    def _own_seeds(self, name: str, hints: Iterable[str]) -> list[Path]:
        """The project's own samples and tiny samples of the formats that the hints name, in turns, the likeliest first."""
        words = list(hints)
        own = list(self._ground.samples.for_program(name, words))
        ours = [self._format_sample(sample) for sample in relevant(words)]
        turns = zip_longest(range(0, len(own), _TURN), range(0, len(ours), _TURN))
        mixed = [(own[i : i + _TURN] if i is not None else []) + (ours[k : k + _TURN] if k is not None else []) for i, k in turns]
        return [path for turn in mixed for path in turn]

    def _format_sample(self, name: str) -> Path:
        path = self._ground.scratch / "formats" / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            temporary = path.with_name(f".{name}.{threading.get_ident()}")
            temporary.write_bytes(self._formats[name])
            temporary.replace(path)
        return path

    def _dictionary(self, entry: EntryPoint, name: str) -> bytes:
        plain = entry.binary(Flavour.PLAIN)
        image = host_path(self._ground.builds[Flavour.PLAIN], plain.path) if plain else None
        return dictionary(nearest_first((*self._ground.sources, *self._ground.headers), name), image)

    def _usual_bits(self) -> int:
        return next((bits for _, bits in self._ground.linkers), 64)


def _ends_so(output: str, wanted: Sequence[str]) -> bool:
    """Whether a program's path ends with these parts; a leading `.` is none."""
    parts = [part for part in wanted if part not in (".", "/")]
    return list(PurePosixPath(output).parts[-len(parts) :]) == parts


def with_binaries(entry: EntryPoint, binaries: Sequence[Binary]) -> EntryPoint | None:
    """The entry point with those of the binaries that it had the like of; None when the proving one is not among them."""
    had = {(binary.flavour, binary.in_process) for binary in entry.binaries}
    made = tuple(binary for binary in binaries if (binary.flavour, binary.in_process) in had)
    found = replace(entry, binaries=made)
    return found if found.binary(Flavour.PLAIN) is not None else None


def is_fuzz_link(link: Link) -> bool:
    """True when the project's own command asks for a fuzzing engine's main()."""
    return any(word.startswith("-fsanitize=") and "fuzzer" in word.split("=", 1)[1].split(",") for word in link.argv)


def host_path(build: Build, inside: str) -> Path:
    """Where a sandbox path below /src or /build lies on the host; for one that leads out of it, one where nothing is."""
    return on_host(build.directory, posixpath.normpath(inside)) or build.directory / "outside"
