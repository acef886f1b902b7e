"""A run: one durable execution of the pipeline, its options, its events and its result."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mithridate.model.entry import Boundary, EntryKind, ObservedDoor
from mithridate.model.finding import Finding, FindingStatus, Flaky
from mithridate.model.lead import Lead
from mithridate.model.patch import Patch
from mithridate.model.project import Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What the user asked for. `budget_s` is wall time for the hunt, shared by all entry points; `jobs` counts cores.

    `build_timeout_s` is wall time for building one component in one flavour; `patch_s` for patches of all findings together,
    `patch_search_s` for the fresh hunt that each of them has to withstand (0: as long as a share of its finding's time).
    `given` are files that are judged through every door, instead of a hunt; or through one: `command` is then how the program
    is called, its name and its arguments with @@ for the input, as a shell would take them.
    """

    target: str
    out: str
    budget_s: float = 600.0
    jobs: int = 2
    replays: int = 10
    sandbox: str = "bubblewrap"
    engines: tuple[str, ...] = ("libfuzzer", "afl++", "requests", "atheris", "octets", "calls")
    seed: int = 1
    memory_bytes: int = 2 << 30
    unit_timeout_s: float = 5.0
    hang_cpu_s: float = 10.0
    include_source: bool = True
    stop_after_first_proof: bool = False
    build_timeout_s: float = 900.0
    patch_s: float = 0.0
    patch_search_s: float = 0.0
    given: tuple[str, ...] = ()
    command: str = ""
    models: str = ""
    """The owner's list of models, as TOML (docs/models.md); it holds no keys. "" for none."""
    models_replayed: str = ""
    """A run whose record answers in the place of models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTally:
    """What one engine did on one entry point in the whole run."""

    engine: str
    executions: int
    cpu_s: float
    candidates: int
    covered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualRisk:
    """What is left to find: the chance that one more execution reaches new code, and the share of reachable code seen.

    `discovery_probability` is Good and Turing's estimate (singletons / samples); `completeness` is observed / Chao2's richness.
    Both are None where no counts were taken. Method: M. Böhme, STADS: Software Testing as Species Discovery, TOSEM 2018.
    """

    discovery_probability: float | None
    completeness: float | None
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryReport:
    """How an entry point closed."""

    id: str
    language: str
    kind: EntryKind
    boundary: Boundary
    engines: tuple[EngineTally, ...]
    executions: int
    covered: int
    edges: int
    corpus_units: int
    residual: ResidualRisk


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU and wall seconds of the whole run; `orchestration_cpu_s` is our own share of it. Tokens and euros of models."""

    cpu_s: float
    wall_s: float
    orchestration_cpu_s: float
    model_tokens: int = 0
    model_eur: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """What one role asked of one provider: exchanges by how they ended, tokens in and out, euros and seconds of waiting."""

    role: str
    provider: str
    outcomes: dict[str, int]
    input_tokens: int
    output_tokens: int
    eur: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """Everything a writer needs. `sources` maps a project file to its excerpted lines {line number: text} around findings.

    `inputs` maps a proof's blob digest to its first bytes (at most 4 KiB) for hexdumps, or to its whole input document.
    `doors` maps the id of an entry point with an observer to its door (docs/input-document.md, "The door").
    `patches` maps a finding's id to what was proposed for it, the best first. `models` is empty where none was asked; `prose`
    maps a finding's id to what a model wrote of its record.
    """

    run: str
    started: str
    project_name: str
    project_origin: str
    snapshot: str
    files: int
    size_bytes: int
    toolchain: dict[str, str]
    options: RunOptions
    findings: tuple[Finding, ...]
    flaky: tuple[Flaky, ...]
    entry_points: tuple[EntryReport, ...]
    skipped: tuple[Skipped, ...]
    cost: Cost
    scope_owner: str = ""
    sources: dict[str, dict[int, str]] = field(default_factory=dict)
    inputs: dict[str, bytes] = field(default_factory=dict)
    doors: dict[str, ObservedDoor] = field(default_factory=dict)
    patches: dict[str, tuple[Patch, ...]] = field(default_factory=dict)
    leads: tuple[Lead, ...] = ()
    models: tuple[ModelUse, ...] = ()
    prose: dict[str, str] = field(default_factory=dict)

    @property
    def proved(self) -> tuple[Finding, ...]:
        """The findings that a replayable input backs."""
        return tuple(f for f in self.findings if f.status is FindingStatus.PROVED)

    @property
    def observed(self) -> tuple[Finding, ...]:
        """The observed facts: weak practices seen executed."""
        return tuple(f for f in self.findings if f.status is FindingStatus.OBSERVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted:
    """A stage of the pipeline began."""

    stage: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HuntProgress:
    """Where the hunt stands on one entry point, cumulative."""

    entry_id: str
    engine: str
    executions: int
    per_second: float
    covered: int
    edges: int
    corpus_units: int
    candidates: int
    time_left_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofLanded:
    """A candidate became a proof."""

    title: str
    place: str
    replays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a person may want to know now."""

    text: str


Event = StageStarted | HuntProgress | ProofLanded | Note
Observer = Callable[[Event], None]
