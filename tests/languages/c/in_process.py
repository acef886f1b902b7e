"""Builds one-file programs with the harness around their main(), for tests of the harness and of the engines."""

from pathlib import Path

from mithridate.languages.c.compiler import Compiler
from mithridate.languages.c.link import Linker, prepare_runtime
from mithridate.languages.c.toolchain import find_toolchain
from mithridate.languages.c.wrapper import install_wrapper
from mithridate.model.entry import INPUT, Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Build, BuildSystem, Component, Flavour, Link
from mithridate.sandbox.bubblewrap import Bubblewrap

COMPONENT = Component(id="t", language="c", path=".", system=BuildSystem.BARE)


def build_of(place: Path, source: str, flavour: Flavour, bits: int = 64) -> Build:
    """A Build whose only link command compiles `source` in one go."""
    directory = place / f"{flavour}-{bits}"
    (directory / "src").mkdir(parents=True)
    (directory / "build").mkdir()
    (directory / "src" / "t.c").write_text(source)
    link = Link(argv=("cc", f"-m{bits}", "t.c", "-o", "/build/t"), cwd="/src", output="/build/t")
    return Build(
        component=COMPONENT,
        flavour=flavour,
        key="k",
        directory=directory,
        links=(link,),
        archives=(),
        includes=(),
        warnings=0,
        cached=False,
        wall_s=0.0,
    )


def linker(place: Path, cache: Path, source: str, flavour: Flavour, bits: int = 64) -> Linker:
    sandbox = Bubblewrap()
    compiler = Compiler(toolchain=find_toolchain(), wrapper=install_wrapper(cache))
    return Linker(build_of(place, source, flavour, bits), prepare_runtime(bits, compiler, sandbox, cache), compiler, sandbox)


def program(place: Path, cache: Path, source: str, flavour: Flavour, bits: int = 64, in_process: bool = True) -> Binary:
    made = linker(place, cache, source, flavour, bits)
    binary = made.program(made._build.links[0], in_process=in_process)
    assert isinstance(binary, Binary), binary
    return binary


def entry(*binaries: Binary, arguments: tuple[str, ...] = (INPUT,), suffix: str = "") -> EntryPoint:
    reads_file = any(INPUT in a for a in arguments)
    return EntryPoint(
        id="t",
        component="t",
        language="c",
        name="t",
        kind=EntryKind.PROGRAM_FILE if reads_file else EntryKind.PROGRAM_STDIN,
        boundary=Boundary.REAL,
        arguments=arguments,
        suffix=suffix,
        binaries=binaries,
    )
