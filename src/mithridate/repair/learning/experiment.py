"""Runs inputs on both sides of the failure boundary on the instrumented project, and sorts the states that were recorded."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from mithridate.model.project import ToolFailure
from mithridate.model.violation import Violation
from mithridate.oracles.detector import Detector
from mithridate.repair.c.scope import macros, structures
from mithridate.repair.c.source import Source, read
from mithridate.repair.interface import Probed, Subject, Workbench
from mithridate.repair.learning.arithmetic import Absent, CType, State
from mithridate.repair.learning.boundary import aimed, between, distance
from mithridate.repair.learning.conditions import Condition
from mithridate.repair.learning.evidence import Family, Fault, Observed, Pointer, Vocabulary, distinct, family
from mithridate.repair.learning.inference import learn, margin
from mithridate.repair.learning.instrument import Instrumented, instrumented
from mithridate.repair.learning.places import Place, Role, places
from mithridate.repair.learning.records import Recorded
from mithridate.repair.learning.records import read as read_records
from mithridate.repair.learning.sight import indices, mentioned, numbers, watched
from mithridate.repair.steps.perturbed import neighbours, perturbed, spread

_HEADERS = 160
_HEADER_SUFFIXES = (".h", ".hh", ".hpp", ".hxx", ".inc")
_MOST_STATES = 240
_HYPOTHESES = 4
_ASKED = 5
_PAIRS = 12
_BESIDE = 4
_SURVIVED = Detector.UNDEFINED_BEHAVIOUR_SANITIZER
"""A process survives its reports: without an end there, its last record would be from long after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How many inputs are run: perturbations in all, benign inputs a door, what lies beside those that get to the fault's place,
    and rounds of so many inputs at the boundary."""

    perturbed: int = 40
    benign: int = 16
    beside: int = 60
    rounds: int = 6
    each: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was seen at one place."""

    place: Place
    observed: Observed
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    entry_id: str
    data: bytes
    violates: bool
    recorded: tuple[Recorded, ...]


def experiment(subject: Subject, bench: Workbench, effort: Effort = Effort()) -> list[Evidence]:
    """The states at every place for the subject's first violation; [] when no place is known or nothing could be recorded."""
    violation = subject.violation
    tree = subject.project.tree
    chosen = places(tree, violation)
    if not chosen:
        return []
    sources = {place.source.path: place.source for place in chosen}
    near = [*sources.values(), *_headers(subject)]
    structs = {name: node for source in reversed(near) for name, node in structures(source).items()}
    constants = {name: value for source in near for name, value in macros(source).items() if value}
    known = {name: value for name, value in constants.items() if "(" not in name and '"' not in value}
    values = [watched(place.source, place.function, place.at, structs, known) for place in chosen]
    probes = instrumented(bench, chosen, values)
    if probes is None:
        return []
    runs = _Runs(bench, probes, violation)
    _first(runs, subject, effort)
    _beside(runs, chosen, effort)
    _at_the_boundary(runs, chosen, probes, fault(violation), effort)
    return [_evidence(place, number, runs.done, probes) for number, place in enumerate(chosen)]


def fault(violation: Violation) -> Fault:
    """What a violation tells of the value that is wrong."""
    size = violation.region.size if violation.region else 0
    return Fault(family=family(violation.kind), width=violation.size, object_size=size)


class _Runs:
    """Every run once, with what it was."""

    def __init__(self, bench: Workbench, probes: Instrumented, violation: Violation) -> None:
        self._bench, self._probes, self._violation = bench, probes, violation
        self._names = [[value.name for value in of_place] for of_place in probes.values]
        self._halt = violation.detector == _SURVIVED
        self.known: set[tuple[str, bytes]] = set()
        self.done: list[_Run] = []

    def run(self, entry_id: str, inputs: Iterable[bytes]) -> None:
        """Run the inputs that were not run yet; those that violate something else tell nothing and are forgotten."""
        fresh = [data for data in dict.fromkeys(inputs) if (entry_id, data) not in self.known]
        self.known.update((entry_id, data) for data in fresh)
        for data, seen in zip(fresh, self._bench.probe(self._probes.variant, entry_id, fresh, halt=self._halt), strict=True):
            if isinstance(seen, ToolFailure) or (seen.violations and not self._same(seen)):
                continue
            recorded = tuple(read_records(seen.records, self._probes.layout, self._names))
            self.done.append(_Run(entry_id=entry_id, data=data, violates=bool(seen.violations), recorded=recorded))

    def near(self, condition: Condition, number: int) -> Iterator[tuple[str, bytes]]:
        """Inputs that should bring the states nearest to a condition's boundary still nearer, just to this side and to that."""
        states: list[tuple[int, _Run, State]] = []
        for run in self.done:
            for state in run.recorded[number].states[-1:] if run.violates else run.recorded[number].states[-8:]:
                with suppress(Absent):
                    states.append((margin(condition, state), run, state))
        bad = sorted((one for one in states if one[1].violates), key=lambda one: one[0])[:2]
        good = sorted((one for one in states if not one[1].violates), key=lambda one: -one[0])[:2]
        for inside, run, state in [*bad, *good]:
            for name in sorted(condition.names):
                value = state.get(name)
                for step in (1 - inside, -inside):
                    if value is not None and step:
                        for data in [*aimed(run.data, value, value + step), *aimed(run.data, value, value - step)]:
                            yield run.entry_id, data
        if bad and good and bad[0][1].entry_id == good[0][1].entry_id:
            for data in between(bad[0][1].data, good[0][1].data):
                yield bad[0][1].entry_id, data

    def halfway(self, numbers: Sequence[int]) -> Iterator[tuple[str, bytes]]:
        """Inputs between a violating and a healthy run that reached one of these places, the nearest pairs first."""
        bad = [run for run in self.done if run.violates][-24:]
        good = [run for run in self.done if not run.violates and any(run.recorded[n].visits for n in numbers)][-48:]
        pairs = [(b, g) for b in bad for g in good if b.entry_id == g.entry_id]
        for one, other in sorted(pairs, key=lambda pair: distance(pair[0].data, pair[1].data))[:_PAIRS]:
            for data in between(one.data, other.data)[:2]:
                yield one.entry_id, data

    def _same(self, seen: Probed) -> bool:
        """Probes change no function and no frame, but lines and so what is known of accessors: family and innermost frame count.

        One flaw has several kinds: of an array, one detector sees the first index outside and another those behind it.
        """
        return any(
            _root(violation) == _root(self._violation) and (self._halt or violation.detector != _SURVIVED)
            for violation in seen.violations
        )


def _root(violation: Violation) -> tuple[str, str]:
    frames = violation.project_frames
    named = family(violation.kind)
    return violation.kind if named is Family.OTHER else named, frames[0].function if frames else ""


def _first(runs: _Runs, subject: Subject, effort: Effort) -> None:
    share = max(8, effort.perturbed // len(subject.proofs))
    for entry_id in dict.fromkeys(proof.entry_id for proof in subject.proofs):
        proofs = [proof.data for proof in subject.proofs if proof.entry_id == entry_id]
        near = chain.from_iterable(perturbed(data, share) for data in proofs[: max(1, effort.perturbed // share)])
        benign = sorted(subject.benign.get(entry_id, ()), key=len)
        runs.run(entry_id, [*proofs, *near, *spread(benign, effort.benign)])


def _beside(runs: _Runs, chosen: Sequence[Place], effort: Effort) -> None:
    """What lies beside benign inputs that get to the place of the fault: they come there by ways that no proof takes."""
    places_of_fault = [number for number, place in enumerate(chosen) if place.role is Role.FAULT]
    there = [run for run in runs.done if not run.violates and any(run.recorded[n].visits for n in places_of_fault)]
    farthest = sorted(there, key=lambda run: -max(run.recorded[n].visits for n in places_of_fault))[:_BESIDE]
    for run in farthest:
        runs.run(run.entry_id, neighbours(run.data, effort.beside // len(farthest)))


def _at_the_boundary(runs: _Runs, chosen: Sequence[Place], probes: Instrumented, fault: Fault, effort: Effort) -> None:
    """More inputs where what was learnt so far could be wrong: at the boundary of each of the best conditions."""
    places_of_fault = [number for number, place in enumerate(chosen) if place.role is Role.FAULT]
    for _ in range(effort.rounds):
        wanted: dict[tuple[str, bytes], None] = {}
        for number in dict.fromkeys([*places_of_fault[:2], *range(min(len(chosen), _ASKED))]):
            evidence = _evidence(chosen[number], number, runs.done, probes)
            learnt = learn(evidence.observed, evidence.vocabulary, fault, _HYPOTHESES)
            for one in learnt:
                if one.gap > 1:
                    wanted.update(dict.fromkeys(runs.near(one.condition, number)))
            if learnt:  # the callers are asked where the fault's own function has nothing in sight that tells
                break
        wanted.update(dict.fromkeys(runs.halfway(places_of_fault)))
        fresh = [one for one in wanted if one not in runs.known][: effort.each]
        if not fresh:
            return
        for entry_id in {entry_id for entry_id, _ in fresh}:
            runs.run(entry_id, [data for door, data in fresh if door == entry_id])


def _evidence(place: Place, number: int, done: Sequence[_Run], probes: Instrumented) -> Evidence:
    violating: list[State] = []
    healthy: list[State] = []
    violated = passed = 0
    kinds: dict[str, CType] = {}
    elements: dict[str, int] = {}
    width = 64
    for run in done:
        recorded = run.recorded[number]
        if not recorded.states:
            continue
        kinds.update(recorded.kinds)
        elements.update(recorded.elements)
        width = recorded.size_bits
        if run.violates:
            violating.append(recorded.states[-1])
            healthy += recorded.states[:-1]
            violated += 1
        else:
            healthy += recorded.states
            passed += 1
    by_name = {value.name: value for value in probes.values[number]}
    constants = {name: kind for name, kind in kinds.items() if by_name[name].how == "constant"}
    pointers = tuple(Pointer(name, elements[name], by_name[name].type) for name in elements)
    return Evidence(
        place=place,
        observed=Observed(
            violating=distinct(violating, _MOST_STATES),
            healthy=distinct(healthy, _MOST_STATES),
            violated=violated,
            passed=passed,
        ),
        vocabulary=Vocabulary(
            integers={name: kind for name, kind in kinds.items() if name not in constants},
            pointers=pointers,
            numbers=numbers(place.function),
            constants=constants,
            mentioned=mentioned(place.fault),
            indices=indices(place.fault),
            largest=_largest(place.source),
            null="nullptr" if place.source.cplusplus and b"nullptr" in place.source.content else "NULL",
            size_bits=width,
        ),
    )


def _largest(source: Source) -> dict[CType, str]:
    """How a file may name the largest values: by the standard's macros where it includes them."""
    found: dict[CType, str] = {}
    if b"<limits.h>" in source.content or b"<climits>" in source.content:
        found |= {CType(32, True): "INT_MAX", CType(32, False): "UINT_MAX"}
    if b"<stdint.h>" in source.content or b"<cstdint>" in source.content:
        found |= {CType(64, False): "SIZE_MAX"}
    return found


def _headers(subject: Subject) -> list[Source]:
    """Headers of the component, as many as one may parse; those near its root first."""
    root = subject.project.tree
    below = root / subject.component.path
    paths = sorted(
        (p for p in below.rglob("*") if p.suffix in _HEADER_SUFFIXES and p.is_file() and not p.is_symlink()),
        key=lambda p: (len(p.parts), str(p)),
    )
    parsed = (read(root, str(path.relative_to(root))) for path in paths[:_HEADERS])
    return [source for source in parsed if source is not None]
