"""Other sanitizers: what the patch leaks and the unpatched program did not, and what benign inputs violate now."""

from collections.abc import Iterator

from mithridate.model.project import ToolFailure
from mithridate.model.violation import Violation
from mithridate.repair.c.cleanup import releases_given
from mithridate.repair.c.source import declared_name, parse
from mithridate.repair.diff import DiffError
from mithridate.repair.reading.c import CReader
from mithridate.repair.reading.statements import Function, Kind
from mithridate.repair.steps.interface import Case, Seen, failed, passed, unjudged
from mithridate.repair.steps.perturbed import perturbed
from mithridate.repair.symptoms.interface import Change, changes

_DECIDES = frozenset({Kind.CONDITION, Kind.EXIT, Kind.HANDLER})
_NEAR = 16
"""Changed proofs that tell what the unpatched program leaks on its own error paths."""


def corpus_silent(case: Case) -> Seen:
    """Benign inputs violate nothing on the patched program either: no second free, no new overflow."""
    count = unanswered = 0
    for entry_id, inputs in case.subject.benign.items():
        if entry_id not in case.built.entries:
            continue
        for data, seen in zip(inputs, case.bench.judge(case.built, entry_id, inputs), strict=True):
            if isinstance(seen, ToolFailure):
                unanswered += 1
                continue
            count += 1
            if seen:
                return failed(f"a benign input of {len(data)} bytes through {entry_id} {_shown(seen[0])}")
    return passed(f"{count} benign inputs violate nothing", *unjudged(unanswered))


def no_new_leak(case: Case) -> Seen:
    """Proofs and benign inputs under LeakSanitizer: a leak counts when the unpatched program has none of that signature.

    A proof is cut short on the unpatched program, so what its error paths leak is learnt from benign inputs and from changed
    proofs. What main() leaves behind when it returns early is the system's to clear away. What callers of a changed function do
    not give back when it fails is no fault of the patch: it was made outside of it, and it never gave back anything of theirs.
    Nor is what a proof leaks now that it is not cut short, when the patch neither decides nor releases anything otherwise.
    """
    callers = goes_on = 0
    doors = [entry_id for entry_id, entry in case.built.entries.items() if not entry.observed]
    if not doors:
        return passed()  # where memory is the interpreter's there is nothing to look for
    same_ways = _same_ways(case)
    in_main = _only_main(case)
    tried = 0
    for entry_id in doors:
        proofs = [p.data for p in case.subject.proofs if p.entry_id == entry_id]
        benign = list(case.subject.benign.get(entry_id, ()))
        inputs = [*benign, *([] if in_main else proofs)]
        if not inputs:
            continue
        after = case.bench.leaks(case.built, entry_id, inputs)
        broken = next((seen for seen in after if isinstance(seen, ToolFailure)), None)
        if broken is not None and all(isinstance(seen, ToolFailure) for seen in after):
            return passed(f"leaks could not be looked for: {broken.why}")
        tried += sum(isinstance(seen, tuple) for seen in after)
        if not any(isinstance(seen, tuple) and seen for seen in after):
            continue
        known = _known(case, entry_id, benign, proofs)
        for data, seen in zip(inputs, after, strict=True):
            for leak in seen if isinstance(seen, tuple) else ():
                if leak.signature in known:
                    continue
                if same_ways and data in proofs and data not in benign:
                    goes_on += 1
                elif _of_callers(case, leak):
                    callers += 1
                else:
                    return failed(f"an input of {len(data)} bytes through {entry_id} {_shown(leak)}, as never before the patch")
    told = (
        [f"{callers} leaks are of callers, which do not give back what they made when a changed function fails"]
        if callers
        else []
    )
    if goes_on:
        told.append(f"{goes_on} leaks are of proofs that come to their end now, on the ways that were there before")
    return passed(f"{tried} inputs leak nothing that was not leaked before", *told)


def _of_callers(case: Case, leak: Violation) -> bool:
    """Made where no changed function is on the stack, none of which releases anything that it was given. For C and C++."""
    names: set[str] = set()
    for change in _changed(case):
        if not change.path.lower().endswith(tuple(CReader.suffixes)) or change.old is None:
            return False
        changed = {old.name for old, _ in change.functions()}
        for function in parse(change.path, change.before).functions:
            if function.name not in changed:
                continue
            names.add(function.name)
            given = {declared_name(p.child_by_field_name("declarator")) for p in function.parameters}
            if releases_given(function, given):
                return False
    return bool(names) and not names & {frame.function.partition("(")[0] for frame in leak.frames}


def _same_ways(case: Case) -> bool:
    """Whether the patch leaves all conditions, exits, allocations and releases of the functions that it changes as they are."""
    files = _changed(case)
    pairs = [pair for change in files for pair in change.functions()]
    readable = all(change.old is not None and change.new is not None for change in files)
    return bool(pairs) and readable and all(_ways(old) == _ways(new) for old, new in pairs)


def _ways(function: Function) -> list[tuple[str, str | tuple[str, ...]]]:
    return [
        (statement.kind, statement.text if statement.kind in _DECIDES else statement.calls)
        for statement in function.statements
        if statement.kind in _DECIDES or statement.calls
    ]


def _changed(case: Case) -> tuple[Change, ...]:
    try:
        return changes(case.proposal.diff, case.bench.original.tree)
    except DiffError:
        return ()


def _known(case: Case, entry_id: str, benign: list[bytes], proofs: list[bytes]) -> frozenset[str]:
    """Signatures of leaks of the unpatched program."""

    def ask() -> frozenset[str]:
        near = [data for proof in proofs[:2] for data in perturbed(proof, _NEAR)]
        return frozenset(_signatures(case.bench.leaks(case.bench.original, entry_id, [*benign, *near])))

    return case.memory.once(f"leaks before {entry_id}", frozenset, ask)


def _signatures(judged: list[tuple[Violation, ...] | ToolFailure]) -> Iterator[str]:
    for seen in judged:
        if isinstance(seen, tuple):
            yield from (leak.signature for leak in seen)


def _only_main(case: Case) -> bool:
    names = {new.name for change in _changed(case) for _, new in change.functions()}
    return names == {"main"}


def _shown(violation: Violation) -> str:
    place = violation.place
    where = f" in {place.function} ({place.file}:{place.line})" if place else ""
    return f"shows {violation.kind}{where}"
