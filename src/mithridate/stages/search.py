"""The hunt: rounds of slices, and after each round a first judgement of what they brought."""

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mithridate.hunt.campaign import Campaign, Found, Pace, SliceOutcome
from mithridate.hunt.engines.interface import Engine
from mithridate.hunt.engines.registry import create
from mithridate.hunt.residual import residual_risk
from mithridate.hunt.scheduler import Assignment, Scheduler, Yield
from mithridate.model.entry import EntryPoint
from mithridate.model.finding import Flaky
from mithridate.model.project import Flavour, Skipped
from mithridate.model.run import EngineTally, EntryReport, ProofLanded
from mithridate.model.search import Candidate, Species
from mithridate.model.violation import Violation
from mithridate.prove.familiar import Familiar, looks
from mithridate.prove.triage import title
from mithridate.stages import documents
from mithridate.stages.known import Known
from mithridate.stages.session import Session

SEED_PSEUDO_ENGINE = "seeds"
GIVEN = "given"
"""Instead of an engine's name: the user brought the input."""
_PER_ROUND = 48
_SEEDS_JUDGED = 12
_JUDGING_SHARE = 0.25
_JUDGING_FLOOR_S = 45.0
_LOOKING_SHARE = 0.3
_LATE_JUDGED = 4
_SLOW = frozenset({"timeout", "hang"})
"""What engines call an input that took too long."""

_SIGNATURES_OF_ONE_EXECUTION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A candidate that fired n of n times with one signature; what is left is to make it small and to measure it.

    An input document has fired once more in a fresh sandbox: its n replays are made when all of a door's are proved.
    """

    candidate: Candidate
    violation: Violation
    signature: str


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


@dataclass(slots=True)
class Hunt:
    """The hunt of one run, rebuilt from its recorded rounds when the run is resumed."""

    session: Session
    entries: Sequence[EntryPoint]
    project: str
    engines: list[Engine] = field(init=False)
    skipped: list[Skipped] = field(init=False, default_factory=list)
    rounds: list[Round] = field(init=False, default_factory=list)
    _campaign: Campaign = field(init=False)
    _scheduler: Scheduler = field(init=False)
    _covered: dict[tuple[int, int], int] = field(init=False, default_factory=dict)
    _known: Known = field(init=False, default_factory=Known)
    _familiar: Familiar = field(init=False, default_factory=Familiar)

    def __post_init__(self) -> None:
        options = self.session.options
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
            self._campaign.plant(i, seeds, blobs.get(entry.dictionary) if entry.dictionary else b"")

    def next(self) -> tuple[Assignment, ...]:
        """The next slices; empty when the budget is used up or everything is saturated."""
        used = self.rounds[-1].ended_s if self.rounds else 0.0
        if self.session.options.given:
            return ()
        if self.session.options.stop_after_first_proof and any(r.confirmed for r in self.rounds):
            return ()
        return self._scheduler.next_round(self.session.options.budget_s - used)

    def take(self, done: Round) -> None:
        """Learn from a finished (or remembered) round."""
        self._campaign.forget_nothing(done.outcomes)
        for assignment, outcome, gained in zip(done.assignments, done.outcomes, done.yields, strict=True):
            self._scheduler.record(assignment, gained)
            at = (assignment.entry, assignment.engine)
            self._covered[at] = max(self._covered.get(at, 0), outcome.result.covered)
        outcomes: list[Confirmed | Flaky] = [*done.confirmed, *done.flaky]
        for known in outcomes:
            self._known.learn(known.violation, proved=isinstance(known, Confirmed))
        self.rounds.append(done)

    def examine_seeds(self) -> Round:
        """Judge the seeds themselves where no harness will: a sample that already violates is a finding, not a starting point."""
        plain = [(i, entry) for i, entry in enumerate(self.entries) if not entry.observed]
        forked = [(i, entry) for i, entry in plain if not any(b.in_process for b in entry.binaries)]
        found = [(i, digest) for i, entry in forked for digest in entry.seeds[:_SEEDS_JUDGED]]
        inputs = [(i, self.session.stores.blobs.get(digest), SEED_PSEUDO_ENGINE) for i, digest in found]
        confirmed, flaky, _, left = self._judge(inputs)
        return Round(assignments=(), outcomes=(), yields=(), confirmed=confirmed, flaky=flaky, ended_s=0.0, unjudged=left)

    def examine_given(self) -> Round:
        """Judge the inputs that the user gave, through every door."""
        given = [(name, Path(name).read_bytes()) for name in self.session.options.given]
        native = [(i, data, GIVEN) for i, entry in enumerate(self.entries) if not entry.observed for _, data in given]
        confirmed, flaky, by_entry, left = self._judge(native, slow=True)
        paths = [(i, Path(name)) for i, entry in enumerate(self.entries) if entry.observed for name, _ in given]
        documents_ = [Found(entry=i, engine=GIVEN, path=path, name=path.name, key=path.name) for i, path in paths]
        confirmed += self._judge_documents(documents_, by_entry)
        return Round(assignments=(), outcomes=(), yields=(), confirmed=confirmed, flaky=flaky, ended_s=0.0, unjudged=left)

    def examine_late(self) -> Round:
        """Judge what took too long, when the hunt is over: one input an entry point, and the time is not the hunt's."""
        waiting: dict[int, tuple[int, bytes, str]] = {}
        for index, digest, engine in (one for r in self.rounds for one in r.late):
            waiting.setdefault(index, (index, self.session.stores.blobs.get(digest), engine))
        inputs = list(waiting.values())[:_LATE_JUDGED]
        confirmed, flaky, _, left = self._judge(inputs, slow=True)
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
        late = tuple((f.entry, self.session.stores.blobs.put(_read(f)), f.engine) for f in found if f.key in _SLOW)
        confirmed, flaky, by_entry, left = self._judge([(f.entry, _read(f), f.engine) for f in _spread(fresh)])
        confirmed += self._judge_documents(observed, by_entry)
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
        )

    def keep_corpora(self) -> None:
        """Hand the corpora to the store, for the next run on this project."""
        for i, entry in enumerate(self.entries):
            self.session.stores.corpora.add(self.project, entry.id, self._campaign.corpus_files(i))

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
        return (*self.skipped, *late, *unjudged, *sorted(failures, key=lambda s: s.what))

    def _judge(
        self, inputs: Sequence[tuple[int, bytes, str]], *, slow: bool = False
    ) -> tuple[tuple[Confirmed, ...], tuple[Flaky, ...], dict[tuple[int, str], int], int]:
        """Replay each input once on the proving build, but for those that a quick look shows to be quiet or to repeat another;
        what is new there is replayed n times in fresh sandboxes. `slow` inputs get no quick look: a hang is quiet in it.

        The last value counts the inputs that the time did not suffice for.
        """
        seconds = max(_JUDGING_FLOOR_S, _JUDGING_SHARE * self.session.options.budget_s)
        deadline = time.monotonic() + seconds
        looked = looks(
            self.session.replayer, [(self.entries[i], d) for i, d, _ in inputs], 0 if slow else _LOOKING_SHARE * seconds
        )
        inputs = [item for item, look in zip(inputs, looked, strict=True) if not look.quiet]
        forms = [look.form for look in looked if not look.quiet]

        def in_time(item: tuple[int, bytes, str]) -> tuple[Violation, ...] | None:
            return self._once(*item) if time.monotonic() < deadline else None

        with ThreadPoolExecutor(self.session.options.jobs) as pool:
            judged = self._familiar.judge(forms, lambda positions: pool.map(in_time, [inputs[p] for p in positions]))
        seen = [judged.get(position) or () for position in range(len(inputs))]
        confirmed: list[Confirmed] = []
        flaky: list[Flaky] = []
        by_arm: dict[tuple[int, str], int] = {}
        for (index, data, engine), violations in zip(inputs, seen, strict=True):
            for violation in violations[:_SIGNATURES_OF_ONE_EXECUTION]:
                if violation in self._known:
                    continue
                outcome = self._confirm(index, data, engine, violation)
                self._known.learn(outcome.violation, proved=isinstance(outcome, Confirmed))
                by_arm[index, engine] = by_arm.get((index, engine), 0) + 1
                if isinstance(outcome, Flaky):
                    flaky.append(outcome)
                else:
                    confirmed.append(outcome)
                    place = violation.place
                    self.session.tell(
                        ProofLanded(
                            title=title(violation),
                            place=f"{place.file}:{place.line}" if place else "",
                            replays=self.session.options.replays,
                        )
                    )
        return tuple(confirmed), tuple(flaky), by_arm, sum(violations is None for violations in judged.values())

    def _judge_documents(self, found: Sequence[Found], by_arm: dict[tuple[int, str], int]) -> tuple[Confirmed, ...]:
        """Replay each document once; what is new there is to be proved. Counts it in `by_arm`."""
        confirmed: list[Confirmed] = []
        doors = sorted({f.entry for f in found})

        def judged(index: int) -> tuple[documents.Fired, ...]:
            mine = [(_read(f), f.engine) for f in found if f.entry == index]
            return documents.judge(self.session, self.entries[index], mine, self._known.__contains__)

        with ThreadPoolExecutor(max(1, len(doors))) as pool:
            seen = list(pool.map(judged, doors))
        for index, theirs in zip(doors, seen, strict=True):
            for fired in [f for f in theirs if f.violation not in self._known]:  # by now it may be, from the doors before
                violation = fired.violation
                confirmed.append(Confirmed(candidate=fired.candidate, violation=violation, signature=violation.signature))
                self._known.learn(violation, proved=True)
                by_arm[index, fired.candidate.engine] = by_arm.get((index, fired.candidate.engine), 0) + 1
        return tuple(confirmed)

    def _once(self, index: int, data: bytes, _engine: str) -> tuple[Violation, ...]:
        binary = self.entries[index].binary(Flavour.PLAIN)
        if binary is None or self.session.cancel.is_set():
            return ()
        judgement = self.session.replayer.once(self.entries[index], binary, data)
        return judgement if isinstance(judgement, tuple) else ()

    def _confirm(self, index: int, data: bytes, engine: str, violation: Violation) -> Confirmed | Flaky:
        entry = self.entries[index]
        binary = entry.binary(Flavour.PLAIN)
        if binary is None:
            raise ValueError("an entry point without a proving build cannot have candidates")
        n = self.session.options.replays
        replays = self.session.replayer.many(entry, binary, data, n, violation.signature)
        blob = self.session.stores.blobs.put(data)
        if not replays.stable:
            return Flaky(
                entry_id=entry.id,
                signature=violation.signature,
                violation=violation,
                blob=blob,
                replays=n,
                fired=replays.fired,
                why="other violations were seen instead" if replays.others else "some replays were clean",
            )
        candidate = Candidate(
            entry_id=entry.id,
            blob=blob,
            size=len(data),
            engine=engine,
            found_s=self.session.elapsed_s(),
            seed=engine == SEED_PSEUDO_ENGINE,
        )
        return Confirmed(candidate=candidate, violation=violation, signature=violation.signature)

    def _yield(self, assignment: Assignment, outcome: SliceOutcome, new: dict[tuple[int, str], int]) -> Yield:
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


def _spread(found: Sequence[Found]) -> list[Found]:
    """At most _PER_ROUND, taking one of each key before a second of any."""
    by_key: dict[tuple[int, str], list[Found]] = {}
    for one in found:
        by_key.setdefault((one.entry, one.key), []).append(one)
    ordered: list[Found] = []
    depth = 0
    while len(ordered) < min(len(found), _PER_ROUND):
        ordered += [group[depth] for group in by_key.values() if depth < len(group)]
        depth += 1
    return ordered[:_PER_ROUND]


def _read(found: Found) -> bytes:
    return Path(found.path).read_bytes()
