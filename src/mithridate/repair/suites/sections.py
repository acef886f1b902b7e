"""Files that a script leaves in its private copy come back through its stdout, behind lines that no test writes by chance."""

import secrets
import shlex
from dataclasses import dataclass, field

_PIECE_BYTES = 12 << 20


@dataclass(frozen=True, slots=True)
class Sections:
    """One per run of a script."""

    mark: str = field(default_factory=lambda: f"=={secrets.token_hex(12)}==")

    def dump(self, name: str, path: str) -> str:
        """A shell line that writes the file at `path` (quoted already) as a section."""
        return f"if [ -f {path} ]; then printf '\\n%s %s\\n' {self.mark} {shlex.quote(name)}; head -c {_PIECE_BYTES} {path}; fi"

    def dump_all(self, found: str, tail_lines: int) -> str:
        """A shell line that writes each file that the `find` expression names, named by its path, at most its last lines."""
        each = f'printf \'\\n%s %s\\n\' {self.mark} "$file"; tail -n {tail_lines} "$file"'
        return f"find . {found} | LC_ALL=C sort | while IFS= read -r file; do {each}; done"

    def split(self, stdout: bytes) -> tuple[str, dict[str, str]]:
        """What came before the first section, and the sections."""
        before, *rest = stdout.decode("utf-8", "replace").split(f"\n{self.mark} ")
        pairs = (piece.partition("\n") for piece in rest)
        return before, {name: text for name, _, text in pairs}
