"""What a caller chooses about judging."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from mithridate.model.errors import ToolchainMissing

SANITIZER_EXIT_CODE = 86
"""Exit code of a process that a sanitizer ended; no program of the wild is known to use it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleOptions:
    """How the oracles arm builds and processes.

    `symbolize` off makes a report much cheaper, and its frames carry module and offset alone. `symbolizer` is the path of
    llvm-symbolizer inside the sandbox, found on this machine when empty. `recover`: AddressSanitizer reports and goes on (for
    the hunt) instead of ending the process. `rss_limit_mb` is the resident memory (MiB) at which a process counts as exhausting
    memory. `fast_unwind` follows frame pointers instead of unwind tables: the only way to a stack after a jump to an unmapped
    address, but blind to callers of the C library (an assertion's, for one); for a second look at a wild jump without frames.
    """

    symbolize: bool = True
    symbolizer: str = ""
    recover: bool = False
    rss_limit_mb: int = 2048
    fast_unwind: bool = False

    def symbolizer_path(self) -> str:
        """Where llvm-symbolizer is. Raises ToolchainMissing when this machine has none."""
        if self.symbolizer:
            return self.symbolizer
        found = shutil.which("llvm-symbolizer-19") or shutil.which("llvm-symbolizer")
        if found is None:
            raise ToolchainMissing("llvm-symbolizer is not installed.", hint="apt-get install llvm-19")
        return str(Path(found).resolve())


def joined(flags: dict[str, int | str]) -> str:
    """Flags in the syntax of the *SAN_OPTIONS variables."""
    return ":".join(f"{name}={value}" for name, value in flags.items())
