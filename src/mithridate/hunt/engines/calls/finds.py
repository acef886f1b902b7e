"""What is kept as a candidate, and of what enough is kept: each place and way once, or a few times where each may be a flaw."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mithridate.hunt.engines.calls.growth import Text
from mithridate.hunt.engines.calls.scalable import Scalable
from mithridate.hunt.engines.calls.state import Job, Purpose, State
from mithridate.model.observation import Sink
from mithridate.model.violation import Frame, Violation, ViolationKind

_WAYS, _MOST_WAYS = 3, 12
"""Targets that lead to one place and are kept as candidates, through the same callers and in all: the first may be one that is
there for its caller to choose, and of a helper's callers one may be put right and not the others."""
_MANNERS = 3
"""Manners of text that slow one expression down, or targets that lead to one slow loop, and are kept as candidates: each may be
a flaw of its own within the expression, and of the loop's callers one may be put right."""

_RESOURCES = frozenset(
    {
        ViolationKind.TIMEOUT,
        ViolationKind.SUPERLINEAR_TIME,
        ViolationKind.MEMORY_EXHAUSTION,
        ViolationKind.STACK_EXHAUSTION,
        ViolationKind.WILD_POINTER,
        ViolationKind.ABORT,
        ViolationKind.BUS_ERROR,
        ViolationKind.ILLEGAL_INSTRUCTION,
        ViolationKind.DIVISION_BY_ZERO,
        ViolationKind.FATAL_SIGNAL,
    }
)
"""Kinds that are judged by growth; of an injection oracle's verdicts the others count."""

_OF_SINK = {
    Sink.SQL: frozenset({ViolationKind.SQL_INJECTION}),
    Sink.SHELL: frozenset({ViolationKind.SHELL_INJECTION}),
    Sink.COMMAND: frozenset({ViolationKind.ARGUMENT_INJECTION, ViolationKind.SHELL_INJECTION}),
    Sink.PATH: frozenset({ViolationKind.PATH_TRAVERSAL}),
    Sink.HTML: frozenset({ViolationKind.CROSS_SITE_SCRIPTING}),
    Sink.HEADER: frozenset({ViolationKind.HEADER_INJECTION}),
    Sink.REDIRECT: frozenset({ViolationKind.OPEN_REDIRECT}),
    Sink.REQUEST: frozenset({ViolationKind.REQUEST_FORGERY}),
    Sink.XPATH: frozenset({ViolationKind.XPATH_INJECTION}),
    Sink.REGEX: frozenset({ViolationKind.REGEX_INJECTION}),
    Sink.LOG: frozenset({ViolationKind.LOG_INJECTION}),
    Sink.TEMPLATE: frozenset({ViolationKind.TEMPLATE_INJECTION}),
    Sink.XML: frozenset({ViolationKind.XML_INJECTION}),
    Sink.ENTITY: frozenset({ViolationKind.EXTERNAL_ENTITY}),
    Sink.LDAP: frozenset({ViolationKind.LDAP_INJECTION}),
    Sink.CODE: frozenset({ViolationKind.CODE_INJECTION}),
    Sink.TYPE: frozenset({ViolationKind.UNSAFE_DESERIALISATION}),
    Sink.MODULE: frozenset({ViolationKind.UNTRUSTED_IMPORT}),
    Sink.MEMBER: frozenset({ViolationKind.ARCHIVE_TRAVERSAL}),
}
"""What an attack on a sink may show."""

_ANNOUNCED = re.compile(r"(?i)unsafe|insecure|danger|untrusted|pickl|marshal")
"""Named so, a function says that its caller is to trust what it loads."""

_OF_PARSERS = frozenset(
    {
        ViolationKind.UNSAFE_DESERIALISATION,
        ViolationKind.EXTERNAL_ENTITY,
        ViolationKind.ARCHIVE_TRAVERSAL,
        ViolationKind.CODE_INJECTION,
        ViolationKind.UNTRUSTED_IMPORT,
    }
)
"""What input in a parser's own language makes the parser do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A document to keep: with a name as a candidate, without one in the corpus."""

    data: bytes
    name: str = ""
    violation: Violation | None = None


@dataclass(slots=True)
class Finds:
    """The candidates of a search, as its state counts them."""

    state: State

    def injections(self, job: Job, violations: Sequence[Violation]) -> list[Found]:
        """Keep what the injection oracle saw, if the job was an attack on that and the way to it is new."""
        found: list[Found] = []
        for violation in violations:
            key, callers = _key(violation), f"{_key(violation)}<{violation.signature}"
            way, many = f"{key}@{job.target}", self.state.finds
            if _follows(violation, job) and many.get(key, 0) < _MOST_WAYS and many.get(callers, 0) < _WAYS and way not in many:
                many[way], many[callers] = 1, many.get(callers, 0) + 1
                found += self.keep(job, violation)
        return found

    def grown(self, job: Job, shown: Job, violation: Violation) -> list[Found]:
        """Keep what a closer look showed, in the shorter form that is `shown`, unless enough is known of it."""
        place = where(violation.place) if violation.place is not None else ""
        if self.known(place, job) if _of_pattern(violation) else self._enough(violation, job.target):
            return []
        self.state.climbs[job.target] = 0
        return self.keep(shown, violation)

    def keep(self, job: Job, violation: Violation) -> list[Found]:
        """The job's document as a candidate."""
        key = _key(violation)
        self.state.finds[key] = self.state.finds.get(key, 0) + 1
        if violation.place is not None:
            place = where(violation.place)
            self.state.places.add(f"{place}~{_manner(job.texts)}" if _of_pattern(violation) else f"{place}@{job.target}")
            if self.state.finds[key] >= _MANNERS:
                self.state.places.add(place)
        self.state.candidates += 1
        digest = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()[:12]
        name = f"calls-{violation.kind.value}-{digest}-{self.state.candidates}"
        return [Found(data=job.document, name=name, violation=violation)]

    def known(self, place: str, job: Job, position: int = 0) -> bool:
        """Nothing new is to be had from texts like this one of the job's, or through its target, at that place."""
        texts = job.texts[position:]
        told = {place, f"{place}@{job.target}", *([f"{place}~{_manner(texts)}"] if texts else [])}
        return not told.isdisjoint(self.state.places)

    def _enough(self, violation: Violation, target: str) -> bool:
        """Of a loop, enough ways to it are kept, or this one: what is put right may be one of its callers."""
        way = f"{where(violation.place)}@{target}" if violation.place is not None else ""
        return way in self.state.places or self.state.finds.get(_key(violation), 0) >= _MANNERS


def _follows(violation: Violation, job: Job) -> bool:
    """The violation is of the sink that the job attacks: others see in passing what the caller is to choose."""
    if violation.kind in _RESOURCES or not job.control:
        return False
    if job.purpose is Purpose.SPECIAL:
        announced = violation.kind is ViolationKind.UNSAFE_DESERIALISATION and _ANNOUNCED.search(job.target)
        return violation.kind in _OF_PARSERS and not announced
    return job.sink is not None and violation.kind in _OF_SINK.get(job.sink, frozenset())


def where(frame: Frame) -> str:
    """What a place is known by: expressions have no function."""
    return f"{frame.file}:{frame.line if frame.pattern else frame.function}"


def _key(violation: Violation) -> str:
    place = violation.place
    return f"{violation.kind.value}|{where(place)}" if place else violation.kind.value


def _of_pattern(violation: Violation) -> bool:
    return violation.place is not None and bool(violation.place.pattern)


def _manner(texts: Sequence[Text]) -> str:
    return Scalable(tuple((text, again) for text, again in texts[0][0])).manner if texts else ""
