"""Compiling and linking with what is ours, through the same wrapper that built the project."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.c.toolchain import Toolchain
from mithridate.languages.c.wrapper import WRAPPER_DIRECTORY, compiler_env
from mithridate.model.execution import Mount
from mithridate.model.project import Flavour


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """The toolchain and the installed wrapper."""

    toolchain: Toolchain
    wrapper: Mount

    @property
    def identity(self) -> str:
        """Changes whenever the toolchain does."""
        return self.toolchain.identity

    @property
    def clang(self) -> str:
        """The C compiler without any wrapper, for our own sources."""
        return self.toolchain.cc

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What the sandbox needs to run the wrapper."""
        return (self.wrapper,)

    def llvm(self, tool: str) -> str:
        """An LLVM tool of the same release, e.g. llvm("nm")."""
        beside = Path(self.toolchain.cc).resolve().parent / f"llvm-{tool}"
        return str(beside)

    def environment(self, flavour: Flavour) -> dict[str, str]:
        """The wrapper's environment for our own links: only the engine that we name, and lld, which honours --wrap."""
        env = compiler_env(flavour, self.toolchain)
        return {**env, "MITHRIDATE_RUNTIME": "", "MITHRIDATE_FUZZER": "", "MITHRIDATE_LDFLAGS": "-fuse-ld=lld"}

    def argv(self, argv: Sequence[str]) -> tuple[str, ...]:
        """A recorded call ("cc" or "c++" first) as a command."""
        return (f"{WRAPPER_DIRECTORY}/{argv[0]}", *argv[1:])
