"""What the person who started the server decided; no call can change any of it."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

AGENT = "mcp"
"""How a scope names the program at the other end, unless it is given a name of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`roots` are the directories that may be read, `out` the one that reports may be written to (None: no reports).

    `scope` is a scope file for all projects (None: each has its own). `agent` must be among the `models` of a scope to be shown
    anything under it. `signers` are fingerprints of keys, beside this installation's own, whose bundles are replayed. Paths are
    resolved. `wall_s` and `cpu_s` bound one call, `at_once` how many calls are at work; further ones wait. `input_bytes` bounds
    one input or diff, `answer_bytes` one answer. `tools` are the only tools offered (empty: all).
    """

    home: Path
    roots: tuple[Path, ...]
    out: Path | None = None
    scope: Path | None = None
    agent: str = AGENT
    signers: tuple[str, ...] = ()
    sandbox: str = "bubblewrap"
    jobs: int = 2
    wall_s: float = 600.0
    cpu_s: float = 1800.0
    at_once: int = 2
    input_bytes: int = 1 << 20
    answer_bytes: int = 256 << 10
    tools: tuple[str, ...] = ()

    @property
    def request_bytes(self) -> int:
        """The longest message that is read: an input in Base64, a source path, and what belongs to the protocol."""
        return 2 * self.input_bytes + (64 << 10)

    def encode(self) -> str:
        """As one line of JSON, for a worker."""
        made = {field.name: getattr(self, field.name) for field in fields(self)}
        return json.dumps(made, default=str)

    @classmethod
    def decode(cls, text: str) -> "Settings":
        """From what `encode` made."""
        given = json.loads(text)
        paths = {name: Path(given[name]) if given[name] is not None else None for name in ("home", "out", "scope")}
        lists = {name: tuple(given[name]) for name in ("signers", "tools")}
        return cls(**{**given, **paths, **lists, "roots": tuple(Path(root) for root in given["roots"])})
