"""The hunt: rounds of slices, and after each round a first judgement of what they brought."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mithridate.hunt.campaign import Campaign, Found, Pace, SliceOutcome
from mithridate.hunt.engines.interface import Engine
from mithridate.hunt.engines.registry import create
from mithridate.hunt.residual import residual_risk
from mithridate.hunt.scheduler import Assignment, Scheduler, Yield
from mithridate.model.entry import EntryPoint
from mithridate.model.finding import Flaky
from mithridate.model.project import Skipped
from mithridate.model.run import EngineTally, EntryReport
from mithridate.model.search import Species
from mithridate.stages.judging import SEED_PSEUDO_ENGINE, ByArm, Confirmed, Judging, read, spread
from mithridate.stages.leads import HUNTER, Led
from mithridate.stages.session import Session
from mithridate.stages.shadowed import Deepened, Shadow

GIVEN = "given"
"""Instead of an engine's name: the user brought the input."""
_SEEDS_JUDGED = 12
_LATE_JUDGED = 4
_DEEPENED_AT = (0.35, 0.65)
"""Shares of the budget after which flaws that hold up the search are patched for it; then also those behind the first."""
_SHORTEST_S = 6.0
_LEFT_S = 5.0
"""With less left of the budget there is nothing to be searched in a patched build."""
_FIRST_S = 10.0
"""The longest round where the first flaw ends the hunt: it is seen when a round ends."""
_SLOW = frozenset({"timeout", "hang"})
"""What engines call an input that took too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of the hunt left behind. Recorded as one durable step."""

    assignments: tuple[Assignment, ...]
    outcomes: tuple[SliceOutcome, ...]
    yields: tuple[Yield, ...]
    confirmed: tuple[Confirmed, ...]
    flaky: tuple[Flaky, ...]
    ended_s: float
    """Hunting seconds used up to the end of this round."""
    late: tuple[tuple[int, str, str], ...] = ()
    """Inputs that took too long (entry, blob, engine): replaying each n times takes minutes, so they wait for the hunt's end."""
    unjudged: int = 0
    """Inputs that were not replayed for want of time: a target that never ends takes seconds for each."""
    doubtful: tuple[str, ...] = ()
    """Titles of what showed only in a patched build, and may be the patch's doing."""


@dataclass(slots=True)
class Hunt:
    """The hunt of one run, rebuilt from its recorded rounds when the run is resumed."""

    session: Session
    entries: list[EntryPoint]
    project: str
    engines: list[Engine] = field(init=False)
    skipped: list[Skipped] = field(init=False, default_factory=list)
    rounds: list[Round] = field(init=False, default_factory=list)
    layers: list[Deepened] = field(init=False, default_factory=list)
    _campaign: Campaign = field(init=False)
    _scheduler: Scheduler = field(init=False)
    _covered: dict[tuple[int, int], int] = field(init=False, default_factory=dict)
    _judging: Judging = field(init=False)
    _confirmed_before: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        options = self.session.options
        self.entries = list(self.entries)
        self._judging = Judging(self.session, self.entries)
        self.engines = [create(name) for name in options.engines]
        arms: list[tuple[int, int]] = []
        for g, engine in enumerate(self.engines):
            for e, entry in enumerate(self.entries):
                if entry.kind not in engine.kinds:
                    continue
                refusal = engine.accepts(entry)
                if refusal:
                    self.skipped.append(refusal)
                else:
                    arms.append((e, g))
        self._scheduler = Scheduler(arms, options.budget_s, options.jobs, options.seed)
        self._campaign = Campaign(
            self.entries,
            self.engines,
            self.session.sandbox,
            self.session.area / "hunt",
            Pace(memory_bytes=options.memory_bytes, unit_timeout_s=options.unit_timeout_s),
            self.session.tell,
            self.session.cancel,
        )

    def plant(self) -> None:
        """Seeds from the project and from earlier runs, dictionaries; cheap, and the same each time."""
        blobs, corpora = self.session.stores.blobs, self.session.stores.corpora
        for i, entry in enumerate(self.entries):
            seeds = [blobs.get(digest) for digest in entry.seeds]
            kept = self.session.area / "kept" / hashlib.sha256(entry.id.encode()).hexdigest()[:16]
            if not kept.exists():
                kept.mkdir(parents=True)
                corpora.restore(self.project, entry.id, kept)
            seeds += [p.read_bytes() for p in sorted(kept.iterdir())]
            self._plant(i, seeds)

    def _plant(self, index: int, seeds: Sequence[bytes]) -> None:
        dictionary = self.entries[index].dictionary
        self._campaign.plant(index, seeds, self.session.stores.blobs.get(dictionary) if dictionary else b"")

    def next(self) -> tuple[Assignment, ...]:
        """The next slices; empty when the budget is used up or everything is saturated."""
        used = self.rounds[-1].ended_s if self.rounds else 0.0
        if self.session.options.given:
            return ()
        longest = self._until_deepened(used)
        if self.session.options.stop_after_first_proof:
            if any(r.confirmed for r in self.rounds):
                return ()
            longest = min(longest, _FIRST_S)
        return self._scheduler.next_round(min(self.session.options.budget_s - used, longest))

    def _until_deepened(self, used: float) -> float:
        """Seconds until it is looked whether flaws hold up the search: a long slice would leave little for what is behind."""
        if self.session.options.patch_s <= 0 or len(self.layers) >= len(_DEEPENED_AT):
            return self.session.options.budget_s
        until = _DEEPENED_AT[len(self.layers)] * self.session.options.budget_s - used
        return max(_SHORTEST_S, until) if until > 0 else self.session.options.budget_s

    def take(self, done: Round) -> None:
        """Learn from a finished (or remembered) round."""
        self._campaign.forget_nothing(done.outcomes)
        for assignment, outcome, gained in zip(done.assignments, done.outcomes, done.yields, strict=True):
            self._scheduler.record(assignment, gained)
            at = (assignment.entry, assignment.engine)
            self._covered[at] = max(self._covered.get(at, 0), outcome.result.covered)
        self._judging.learn([*done.confirmed, *done.flaky])
        self.rounds.append(done)

    @property
    def shadows(self) -> dict[str, Shadow]:
        """The entry points in patched builds, by id."""
        return {shadow.entry.id: shadow for shadow in self._judging.shadows.values()}

    @property
    def held_up(self) -> bool:
        """True when it is time to see whether flaws hold up the search, and something is known that may."""
        options = self.session.options
        if options.patch_s <= 0 or options.given or len(self.layers) >= len(_DEEPENED_AT):
            return False
        used = self.rounds[-1].ended_s if self.rounds else 0.0
        in_time = used >= _DEEPENED_AT[len(self.layers)] * options.budget_s and options.budget_s - used >= _LEFT_S
        return in_time and len(self.confirmed) > self._confirmed_before

    @property
    def confirmed(self) -> list[Confirmed]:
        """All that fired n of n times so far."""
        return [c for r in self.rounds for c in r.confirmed]

    def kept(self, entry: int) -> list[Path]:
        """The inputs that the engines keep for an entry point, the smallest first."""
        return self._campaign.corpus_files(entry)

    def deepen(self, done: Deepened) -> None:
        """From now on search what lies behind the flaws of a shadow stage as well."""
        self._confirmed_before = len(self.confirmed)
        self.layers.append(done)
        for shadow in done.shadows:
            index = len(self.entries)
            self.entries.append(shadow.entry)
            self._judging.shadows[index] = shadow
            self._campaign.deepen(index, shadow.original)
            self._plant(index, [path.read_bytes() for path in self.kept(shadow.original)])
            self._scheduler.deepen(index, shadow.original)

    def examine_behind(self, done: Deepened) -> Round:
        """Judge in the patched builds what was found so far: much of it goes on behind the flaw that stops it on the snapshot."""
        patched = {shadow.original: index for index, shadow in self._judging.shadows.items() if shadow in done.shadows}
        found = [f for r in self.rounds for o in r.outcomes for f in o.found if f.entry in patched and f.key not in _SLOW]
        moved = spread([replace(f, entry=patched[f.entry]) for f in found if f.path.is_file()])
        confirmed, flaky, _, left = self._judging.judge([(f.entry, read(f), f.engine) for f in moved])
        return Round(
            assignments=(),
            outcomes=(),
            yields=(),
            confirmed=confirmed,
            flaky=flaky,
            ended_s=self.rounds[-1].ended_s,
            unjudged=left,
            doubtful=self._doubtful(),
        )

    def examine_seeds(self) -> Round:
        """Judge the seeds themselves where no harness will: a sample that already violates is a finding, not a starting point."""
        plain = [(i, entry) for i, entry in enumerate(self.entries) if not entry.observed]
        forked = [(i, entry) for i, entry in plain if not any(b.in_process for b in entry.binaries)]
        found = [(i, digest) for i, entry in forked for digest in entry.seeds[:_SEEDS_JUDGED]]
        inputs = [(i, self.session.stores.blobs.get(digest), SEED_PSEUDO_ENGINE) for i, digest in found]
        confirmed, flaky, _, left = self._judging.judge(inputs)
        return Round(assignments=(), outcomes=(), yields=(), confirmed=confirmed, flaky=flaky, ended_s=0.0, unjudged=left)

    def examine_given(self) -> Round:
        """Judge the inputs that the user gave, through every door."""
        given = [(name, Path(name).read_bytes()) for name in self.session.options.given]
        native = [(i, data, GIVEN) for i, entry in enumerate(self.entries) if not entry.observed for _, data in given]
        confirmed, flaky, by_entry, left = self._judging.judge(native, slow=True)
        paths = [(i, Path(name)) for i, entry in enumerate(self.entries) if entry.observed for name, _ in given]
        documents_ = [Found(entry=i, engine=GIVEN, path=path, name=path.name, key=path.name) for i, path in paths]
        confirmed += self._judging.judge_documents(documents_, by_entry)
        return Round(assignments=(), outcomes=(), yields=(), confirmed=confirmed, flaky=flaky, ended_s=0.0, unjudged=left)

    def follow(self, led: Led) -> None:
        """Plant what models gave or tried for each entry point."""
        for i, entry in enumerate(self.entries):
            self._plant(i, [self.session.stores.blobs.get(blob) for door, blob in led.inputs if door == entry.id])

    def examine_leads(self, led: Led) -> Round:
        """Judge every input that models gave or tried: whoever said so, what fires n of n times is proved like all else."""
        numbers = {entry.id: i for i, entry in enumerate(self.entries)}
        blobs = self.session.stores.blobs
        inputs = [(numbers[door], blob) for door, blob in led.inputs if door in numbers]
        native = [(i, blobs.get(blob), HUNTER) for i, blob in inputs if not self.entries[i].observed]
        confirmed, flaky, by_entry, left = self._judging.judge(native, slow=True)
        area = self.session.area / "hunt" / "led"
        area.mkdir(parents=True, exist_ok=True)
        found: list[Found] = []
        for i, blob in inputs:
            if self.entries[i].observed:
                (area / blob).write_bytes(blobs.get(blob))
                found.append(Found(entry=i, engine=HUNTER, path=area / blob, name=blob, key=blob))
        confirmed += self._judging.judge_documents(found, by_entry)
        return Round(assignments=(), outcomes=(), yields=(), confirmed=confirmed, flaky=flaky, ended_s=0.0, unjudged=left)

    def examine_late(self) -> Round:
        """Judge what took too long, when the hunt is over: one input an entry point, and the time is not the hunt's.

        On the snapshot only: what takes long in a patched build alone has no place that tells whether that is the patch's doing.
        """
        waiting: dict[int, tuple[int, bytes, str]] = {}
        for number, digest, engine in (one for r in self.rounds for one in r.late):
            shadow = self._judging.shadows.get(number)
            index = number if shadow is None else shadow.original
            waiting.setdefault(index, (index, self.session.stores.blobs.get(digest), engine))
        inputs = list(waiting.values())[:_LATE_JUDGED]
        confirmed, flaky, _, left = self._judging.judge(inputs, slow=True)
        ended = self.rounds[-1].ended_s if self.rounds else 0.0
        return Round(assignments=(), outcomes=(), yields=(), confirmed=confirmed, flaky=flaky, ended_s=ended, unjudged=left)

    def run(self, assignments: Sequence[Assignment]) -> Round:
        """Run one round and judge what is new in it. Wall time of both counts against the budget."""
        used = self.rounds[-1].ended_s if self.rounds else 0.0
        started = self.session.elapsed_s()
        outcomes = self._campaign.round(assignments, self.session.options.budget_s - used)
        self.session.park_if_cancelled()
        found = [f for outcome in outcomes for f in outcome.found]
        observed = [f for f in found if self.entries[f.entry].observed]
        found = [f for f in found if not self.entries[f.entry].observed]
        fresh = [f for f in found if f.key not in _SLOW]
        late = tuple((f.entry, self.session.stores.blobs.put(read(f)), f.engine) for f in found if f.key in _SLOW)
        confirmed, flaky, by_entry, left = self._judging.judge_round(fresh)
        confirmed += self._judging.judge_documents(observed, by_entry)
        yields = tuple(self._yield(a, o, by_entry) for a, o in zip(assignments, outcomes, strict=True))
        self.session.gate.record("hunt", slices=len(outcomes), executions_of_target=sum(o.result.executions for o in outcomes))
        self.session.park_if_cancelled()
        return Round(
            assignments=tuple(assignments),
            outcomes=outcomes,
            yields=yields,
            confirmed=confirmed,
            flaky=flaky,
            ended_s=used + self.session.elapsed_s() - started,
            late=late,
            unjudged=left,
            doubtful=self._doubtful(),
        )

    def keep_corpora(self) -> None:
        """Hand the corpora to the store, for the next run on this project."""
        for i, entry in enumerate(self.entries):
            shadow = self._judging.shadows.get(i)
            door = entry if shadow is None else self.entries[shadow.original]
            self.session.stores.corpora.add(self.project, door.id, self._campaign.corpus_files(i))

    def reports(self) -> tuple[EntryReport, ...]:
        """How each entry point closed."""
        return tuple(self._report(i, entry) for i, entry in enumerate(self.entries))

    def unsearched(self) -> tuple[Skipped, ...]:
        """Entry points that the budget did not reach, and what engines refused."""
        late = tuple(
            Skipped(what=f"{self.entries[e].id} with {self.engines[g].name}", reason="the budget ended before its first slice")
            for e, g in self._scheduler.untried
        )
        failures = {
            Skipped(
                what=f"{self.entries[o.assignment.entry].id} with {o.result.engine}",
                reason=f"tool failure: {o.result.failure.why}",
            )
            for r in self.rounds
            for o in r.outcomes
            if o.result.failure
        }
        left = sum(r.unjudged for r in self.rounds)
        reason = "the target took so long for each that the time for judging was used up"
        unjudged = (Skipped(what=f"{left} candidate inputs", reason=reason),) if left else ()
        doubtful = tuple(
            Skipped(
                what=title, reason="it shows only with a shadow patch, close to what that changes: it may be the patch's doing"
            )
            for title in dict.fromkeys(title for r in self.rounds for title in r.doubtful)
        )
        deepened = (skipped for layer in self.layers for skipped in layer.skipped)
        return (*self.skipped, *late, *unjudged, *doubtful, *deepened, *sorted(failures, key=lambda s: s.what))

    def _doubtful(self) -> tuple[str, ...]:
        """What showed in patched builds since the last round, and may be the patch's doing."""
        told = tuple(self._judging.doubtful)
        self._judging.doubtful.clear()
        return told

    def _yield(self, assignment: Assignment, outcome: SliceOutcome, new: ByArm) -> Yield:
        before = self._covered.get((assignment.entry, assignment.engine))
        covered = outcome.result.covered
        return Yield(
            # The first slice's coverage is mostly that of the seeds: its new inputs say more.
            new_edges=outcome.result.new_units if before is None else max(0, covered - before),
            new_violations=new.get((assignment.entry, outcome.result.engine), 0),
            cpu_s=outcome.result.cpu_s,
            failed=outcome.result.failure is not None,
            exhausted=outcome.result.exhausted,
        )

    def _report(self, index: int, entry: EntryPoint) -> EntryReport:
        outcomes = [o for r in self.rounds for o in r.outcomes if o.assignment.entry == index]
        tallies = []
        for engine in self.engines:
            mine = [o.result for o in outcomes if o.result.engine == engine.name]
            if mine:
                tallies.append(
                    EngineTally(
                        engine=engine.name,
                        executions=sum(r.executions for r in mine),
                        cpu_s=sum(r.cpu_s for r in mine),
                        candidates=sum(len(o.found) for o in outcomes if o.result.engine == engine.name),
                        covered=max(r.covered for r in mine),
                    )
                )
        # Edges are counted by one instrumentation; libFuzzer's counts every edge once, so it speaks when it ran.
        widest = max((o.result for o in outcomes), key=lambda r: (r.engine == "libfuzzer", r.covered), default=None)
        last: dict[str, Species] = {o.result.engine: o.result.species for o in outcomes}
        return EntryReport(
            id=entry.id,
            language=entry.language,
            kind=entry.kind,
            boundary=entry.boundary,
            engines=tuple(tallies),
            executions=sum(t.executions for t in tallies),
            covered=widest.covered if widest else 0,
            edges=widest.edges if widest else 0,
            corpus_units=max((o.result.corpus_units for o in outcomes), default=0),
            residual=residual_risk(list(last.values())),
        )
