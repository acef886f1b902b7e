"""The first judgement of what a hunt brings: which candidates fire every time, and show what was not known before."""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mithridate.hunt.campaign import Found
from mithridate.model.entry import EntryPoint
from mithridate.model.finding import Flaky
from mithridate.model.lines import moved_back
from mithridate.model.project import Flavour
from mithridate.model.run import ProofLanded
from mithridate.model.search import Candidate
from mithridate.model.violation import Violation
from mithridate.prove.familiar import Familiar, looks
from mithridate.prove.triage import title
from mithridate.repair.behind import independent
from mithridate.stages import documents
from mithridate.stages.known import Known
from mithridate.stages.session import Session
from mithridate.stages.shadowed import Shadow

SEED_PSEUDO_ENGINE = "seeds"
_PER_ROUND = 48
_JUDGING_SHARE = 0.25
_JUDGING_FLOOR_S = 45.0
_LOOKING_SHARE = 0.3
_SIGNATURES_OF_ONE_EXECUTION = 4

ByArm = dict[tuple[int, str], int]
"""How much was new, by entry point and engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A candidate that fired n of n times with one signature; what is left is to make it small and to measure it.

    An input document has fired once more in a fresh sandbox: its n replays are made when all of a door's are proved.
    """

    candidate: Candidate
    violation: Violation
    signature: str


@dataclass(slots=True)
class Judging:
    """Judges candidates by the numbers of their entry points. `shadows` are those of them that are entered in a patched build.

    What shows in a patched build is told with the lines of the snapshot. It counts when it is none of the patch's doing
    (repair/behind.py); else it is kept in `doubtful`, by title.
    """

    session: Session
    entries: Sequence[EntryPoint]
    shadows: dict[int, Shadow] = field(default_factory=dict)
    doubtful: dict[str, None] = field(default_factory=dict)
    _known: Known = field(default_factory=Known)
    _behind: Known = field(default_factory=Known)
    _familiar: Familiar = field(default_factory=Familiar)

    def learn(self, outcomes: Iterable[Confirmed | Flaky]) -> None:
        """Take over what has been judged before."""
        patched = {self.entries[index].id for index in self.shadows}
        for one in outcomes:
            door = one.candidate.entry_id if isinstance(one, Confirmed) else one.entry_id
            self._learn(one.violation, patched=door in patched, proved=isinstance(one, Confirmed))

    def judge_round(self, found: Sequence[Found]) -> tuple[tuple[Confirmed, ...], tuple[Flaky, ...], ByArm, int]:
        """The inputs of one round, as `judge` does. What was found in a patched build is judged on the snapshot's first."""
        inputs = [(f.entry, read(f), f.engine) for f in spread(found)]
        first = [(self.shadows[i].original if i in self.shadows else i, data, engine) for i, data, engine in inputs]
        confirmed, flaky, by_arm, left = self.judge(first)
        deeper = [one for one in inputs if one[0] in self.shadows]
        if deeper:
            more, flaky_too, new, left_too = self.judge(deeper)
            confirmed, flaky, left = confirmed + more, flaky + flaky_too, left + left_too
            for index, engine in {(i, engine) for i, _, engine in deeper}:
                by_arm[index, engine] = new.get((index, engine), 0) + by_arm.get((self.shadows[index].original, engine), 0)
        return confirmed, flaky, by_arm, left

    def judge(
        self, inputs: Sequence[tuple[int, bytes, str]], *, slow: bool = False
    ) -> tuple[tuple[Confirmed, ...], tuple[Flaky, ...], ByArm, int]:
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
        by_arm: ByArm = {}
        for (index, data, engine), violations in zip(inputs, seen, strict=True):
            for violation in violations[:_SIGNATURES_OF_ONE_EXECUTION]:
                if self._is_known(index, violation):
                    continue
                outcome = self._confirm(index, data, engine, violation)
                self._learn(outcome.violation, patched=index in self.shadows, proved=isinstance(outcome, Confirmed))
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

    def judge_documents(self, found: Sequence[Found], by_arm: ByArm) -> tuple[Confirmed, ...]:
        """Replay each document once; what is new there is to be proved. Counts it in `by_arm`."""
        confirmed: list[Confirmed] = []
        doors = sorted({f.entry for f in found})

        def judged(index: int) -> tuple[documents.Fired, ...]:
            mine = [(read(f), f.engine) for f in found if f.entry == index]
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
        violations = judgement if isinstance(judgement, tuple) else ()
        shadow = self.shadows.get(index)
        return violations if shadow is None else tuple(self._own(shadow, violations))

    def _own(self, shadow: Shadow, violations: Sequence[Violation]) -> Iterable[Violation]:
        """What of it is the program's own, not the patch's."""
        for violation in (moved_back(v, shadow.patch.diff) for v in violations):
            if shadow.changed is not None and independent(violation, shadow.flaws, shadow.changed):
                yield violation
            elif violation not in self._known:
                self.doubtful[title(violation)] = None

    def _is_known(self, index: int, violation: Violation) -> bool:
        return violation in self._known or (index in self.shadows and violation in self._behind)

    def _learn(self, violation: Violation, *, patched: bool, proved: bool) -> None:
        """What shows behind a flaw is wanted on the snapshot all the same."""
        (self._behind if patched else self._known).learn(violation, proved=proved)

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


def spread(found: Sequence[Found]) -> list[Found]:
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


def read(found: Found) -> bytes:
    """The candidate's bytes."""
    return Path(found.path).read_bytes()
