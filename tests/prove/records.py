"""Records for tests that need no program to run: violations, proofs, provenance."""

from dataclasses import replace
from pathlib import Path

from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.finding import Control, ControlTier, NegativeControl, Proof
from mithridate.model.project import BuildSystem, Component, Flavour
from mithridate.model.violation import Access, Frame, Region, Relation, Violation, ViolationKind
from mithridate.prove.manifest import Provenance


def frame(function: str, line: int, file: str = "/src/chunk.c") -> Frame:
    return Frame(function=function, file=file, line=line)


def violation(kind: ViolationKind = ViolationKind.HEAP_BUFFER_OVERFLOW, **changes) -> Violation:
    base = Violation(
        kind=kind,
        detector="AddressSanitizer",
        message="",
        access=Access.WRITE,
        size=4,
        region=Region(kind="heap", size=32, relation=Relation.AFTER, distance=16),
        frames=(frame("parse_chunk", 42), frame("parse", 10), frame("main", 5)),
        allocation=(frame("xmalloc", 3), frame("parse", 8), frame("main", 5)),
    )
    return replace(base, **changes)


def proof(seen: Violation | None = None, tier: ControlTier = ControlTier.CONTROLLED_WRITE, **changes) -> Proof:
    seen = seen or violation()
    base = Proof(
        entry_id="demo:@@",
        signature=seen.signature,
        violation=seen,
        blob="b" * 64,
        size=5,
        original_size=500,
        replays=10,
        fired=10,
        controls=(
            NegativeControl(name="empty input", blob="e" * 64, size=0, fired=False),
            NegativeControl(name="benign input", blob="c" * 64, size=8, fired=False),
        ),
        control=Control(tier=tier, evidence=("Changing byte 1 moved the write.",), perturbations=40),
        engine="libfuzzer",
        found_s=2.5,
        report="==1==ERROR: AddressSanitizer: heap-buffer-overflow\n",
    )
    return replace(base, **changes)


def entry(kind: EntryKind = EntryKind.PROGRAM_FILE) -> EntryPoint:
    binary = Binary(flavour=Flavour.PLAIN, directory=Path("/somewhere/private"), path="/build/demo", in_process=False)
    return EntryPoint(
        id="demo:@@",
        component="c:.",
        language="c",
        name="demo",
        kind=kind,
        boundary=Boundary.REAL,
        arguments=("-x", "@@"),
        suffix=".chunk",
        binaries=(binary,),
    )


def provenance() -> Provenance:
    return Provenance(
        project="demo",
        snapshot="s" * 64,
        component=Component(id="c:.", language="c", path=".", system=BuildSystem.MAKE, options=("--with-x",), env={"A": "b"}),
        compile_flags=("-g", "-O1"),
        link_flags=("-fsanitize=address",),
        environment={"ASAN_OPTIONS": "detect_leaks=0"},
        toolchain={"clang": "19.1.7"},
        limits={"wall_s": 60.0},
        scope="owner: us",
    )
