"""Candidates of doors with an observer: hundreds of input documents of one door, judged and proved together."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mithridate.model.entry import EntryPoint
from mithridate.model.project import Flavour
from mithridate.model.search import Candidate
from mithridate.model.violation import Violation
from mithridate.prove.prove_documents import DocumentOptions, DocumentProver
from mithridate.stages.session import Session

if TYPE_CHECKING:
    from mithridate.stages.judging import Confirmed

_SHARE = 0.15
_FLOOR_S = 30.0
"""Of the budget, for making the documents of one door small; few need it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A document that violated something when it was replayed once in a fresh sandbox."""

    candidate: Candidate
    violation: Violation


def judge(
    session: Session,
    entry: EntryPoint,
    documents: Sequence[tuple[bytes, str]],
    known: Callable[[Violation], bool],
) -> tuple[Fired, ...]:
    """Replay the documents (with the name of the engine that made each) once, in a sandbox of their own, and give what fired and
    is not `known`, one document a signature: the smallest."""
    binary = entry.binary(Flavour.PLAIN)
    if binary is None or not documents or session.cancel.is_set():
        return ()
    ordered = sorted(set(documents), key=lambda d: (len(d[0]), d))
    seen = session.witnesses.replay(entry, binary, [data for data, _ in ordered], 1)
    made: dict[str, Fired] = {}
    for (data, engine), (violations,) in zip(ordered, seen, strict=True):
        for violation in violations or ():
            if violation.signature in made or known(violation):
                continue
            candidate = Candidate(
                entry_id=entry.id,
                blob=session.stores.blobs.put(data),
                size=len(data),
                engine=engine,
                found_s=session.elapsed_s(),
            )
            made[violation.signature] = Fired(candidate=candidate, violation=violation)
    return tuple(made.values())


def together(doors: Sequence[tuple[EntryPoint, Sequence["Confirmed"]]]) -> list[tuple[EntryPoint, list["Confirmed"]]]:
    """The doors behind which something was confirmed; parts of one application as one, as what they open is the same."""
    made: dict[str, tuple[EntryPoint, list[Confirmed]]] = {}
    for entry, confirmed in doors:
        if confirmed:
            made.setdefault(_opened(entry), (entry, []))[1].extend(confirmed)
    return list(made.values())


def _opened(entry: EntryPoint) -> str:
    """Equal for doors that differ in nothing but which part of the routes they are to search; else the door's own name."""
    binary = entry.binary(Flavour.PLAIN)
    try:
        given = json.loads((binary.directory / binary.path.lstrip("/")).read_bytes()) if binary else None
    except (OSError, ValueError, RecursionError):
        given = None
    if binary is None or not isinstance(given, dict) or "share" not in given:
        return entry.id
    return json.dumps([str(binary.directory), {name: value for name, value in given.items() if name != "share"}], sort_keys=True)


def prover(session: Session) -> DocumentProver:
    """The prover of documents, with a share of the budget for making them small."""
    seconds = max(_FLOOR_S, _SHARE * session.options.budget_s)
    options = DocumentOptions(replays=session.options.replays, minimise_s=seconds)
    return DocumentProver(session.witnesses, session.stores.blobs.put, options)
