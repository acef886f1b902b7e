"""What the hunt hands to an engine, and what the engine brings back."""

from dataclasses import dataclass
from pathlib import Path

from mithridate.model.entry import EntryPoint
from mithridate.model.project import ToolFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSlice:
    """A stretch of search on one core. Directories are on the host and already exist.

    `corpus` is read and written (one file an input, named by SHA-1); `foreign` is read (inputs of other engines);
    `candidates` is written. `dictionary` is a file in the AFL/libFuzzer syntax, or None. `seed` makes mutation order repeatable.
    """

    entry: EntryPoint
    seconds: float
    seed: int
    corpus: Path
    foreign: tuple[Path, ...]
    candidates: Path
    work: Path
    dictionary: Path | None
    memory_bytes: int
    input_bytes: int
    unit_timeout_s: float = 5.0
    given_only: bool = False
    """Run what the corpus holds, each once, and nothing else, however long that takes; libFuzzer alone can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """Incidence counts over sampled executions, for discovery estimators: how many coverage edges were seen once, twice, ever."""

    samples: int = 0
    singletons: int = 0
    doubletons: int = 0
    observed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What one slice brought. `candidates` are host files; `covered` and `edges` count instrumented edges.

    `exhausted`: an engine that follows a plan is through with it, and more time would bring nothing.
    """

    engine: str
    executions: int
    wall_s: float
    cpu_s: float
    covered: int
    edges: int
    new_units: int
    corpus_units: int
    candidates: tuple[Path, ...]
    species: Species = Species()
    restarts: int = 0
    failure: ToolFailure | None = None
    exhausted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An input that made an oracle fire once while hunting. `blob` is the store digest of its bytes."""

    entry_id: str
    blob: str
    size: int
    engine: str
    found_s: float
    seed: bool = False
