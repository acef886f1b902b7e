"""The compiler flags of each build flavour: what makes a violation visible, and what lets old code build with a new clang."""

from dataclasses import dataclass

from mithridate.model.project import Flavour
from mithridate.oracles.undefined_behaviour import CHECKS

AFL_RUNTIME = "/usr/lib/afl/afl-compiler-rt.o"
AFL_DRIVER = "/usr/lib/afl/libAFLDriver.a"
FUZZER = "-fsanitize=fuzzer"
"""What a project writes to ask for a fuzz target's main function; each flavour answers it in its own way."""

SANITIZERS = ("-fsanitize=address," + ",".join(CHECKS), "-fsanitize-recover=undefined")

# DWARF 5 is clang 19's own default and what llvm-symbolizer 19 and gdb 13 read. -O1 keeps frames and lines honest; one level
# lower makes code that fuzzes at half the speed. What is read through a null pointer is read: as undefined behaviour it would be
# left out, and a flaw, or a patch that only clears the pointer, would pass unseen.
VISIBILITY = (
    *("-g", "-gdwarf-5", "-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"),
    "-fno-delete-null-pointer-checks",
)

# Errors by default in clang 19 that were warnings when most C was written; the code that they stop is the code to look at.
LENIENCY = (
    "-Wno-error",
    *(
        f"-Wno-error={warning}"
        for warning in (
            "implicit-function-declaration",
            "implicit-int",
            "int-conversion",
            "incompatible-pointer-types",
            "incompatible-function-pointer-types",
            "return-type",
            "return-mismatch",
            "reserved-user-defined-literal",
            "register",
            "dynamic-exception-spec",
            "c++11-narrowing",
            "enum-constexpr-conversion",
            "narrowing",
            "main-return-type",
            "asm-operand-widths",
            "undefined-internal",
        )
    ),
    "-Wno-unknown-warning-option",
    "-Wno-unused-command-line-argument",
    "-Qunused-arguments",
    "-fcommon",
)

# Each variable in a section of its own: what the sanitizers remember of past reports can then be told from the target's state.
_RECOVER = ("-fsanitize-recover=all", "-fdata-sections")

_COVERAGE = {
    Flavour.FUZZ: ("-fsanitize=fuzzer-no-link", *_RECOVER),
    Flavour.AFL: ("-fsanitize-coverage=trace-pc-guard,trace-cmp", *_RECOVER),
    Flavour.PLAIN: (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlavourFlags:
    """What the compiler wrapper adds. `runtime` is for executables that are not 32-bit, `fuzzer` for fuzz targets."""

    compile: tuple[str, ...]
    link: tuple[str, ...]
    runtime: tuple[str, ...]
    fuzzer: tuple[str, ...]


def flavour_flags(flavour: Flavour) -> FlavourFlags:
    """The flags of one flavour. The compile flags are also given when linking, so that the sanitizers' runtimes come along.

    `-x none` because the project's command may have said `-x c`, and an object file is not C.
    """
    afl = flavour is Flavour.AFL
    return FlavourFlags(
        compile=(*VISIBILITY, *SANITIZERS, *_COVERAGE[flavour], *LENIENCY),
        link=("-Wl,--no-fatal-warnings",),
        runtime=("-x", "none", AFL_RUNTIME) if afl else (),
        fuzzer=("-x", "none", AFL_DRIVER) if afl else (FUZZER,),
    )
