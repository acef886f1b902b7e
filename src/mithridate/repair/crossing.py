"""Which inputs run the changed functions, and which of them leave through a guard that the patch added.

The patched program is built once more with marks that it writes to standard output: at the beginning of each changed function and
in each added branch that leaves. Only for C and C++. Of Python, an input is told to run a changed function when it is answered
otherwise once these functions stop where they begin; guards are not watched. Where none of these builds, nothing is known.
What a test runs is seen in another way, as not every suite shows what its programs write: see `stopped`.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from mithridate.model.violation import PROJECT_ROOTS, Violation
from mithridate.repair.c.source import Source, read
from mithridate.repair.diff import DiffError, made
from mithridate.repair.interface import Output, Variant, Workbench
from mithridate.repair.python.named import reached
from mithridate.repair.python.stops import with_stops
from mithridate.repair.reading.c import CReader
from mithridate.repair.reading.python import PythonReader
from mithridate.repair.reading.statements import Function, Kind, Statement
from mithridate.repair.steps.interface import Case
from mithridate.repair.steps.known_outputs import before, same
from mithridate.repair.symptoms.interface import Change, changes, new_statements

_ENTERED = "mithridate-entered"
_LEFT = "mithridate-left"
_WAYS = 3
_WITHOUT_AN_ERROR = 2
"""Words of how an answer stands: the phase and the status; a third is the type of what was raised."""
_SOURCES = PROJECT_ROOTS[0]
_STOP = b" int mithridate_stop __attribute__((unused)) = (__builtin_trap(), 0);"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Of the benign inputs of each door, by position: those that enter a changed function, and those that leave by a guard.

    `working` are those that enter one and get something from it, and not only an error that is one whatever it does.
    `known` is False when nothing could be found out, and `why` says so. `guards` are the added conditions that are watched, and
    `watched` is False where none can be. `blind`: functions are changed, and which inputs run them could not be seen.
    """

    known: bool
    entered: dict[str, frozenset[int]]
    left: dict[str, frozenset[int]]
    working: dict[str, frozenset[int]] = field(default_factory=dict)
    guards: tuple[str, ...] = ()
    why: str = ""
    watched: bool = True
    blind: bool = False


def crossing(case: Case) -> Crossing:
    """Found out once a proposal."""
    return case.memory.once(f"crossing {case.proposal.diff}", Crossing, lambda: _found_out(case))


def added_guards(old: Function, new: Function) -> Iterator[Statement]:
    """Branches of `new` that leave and that `old` has not; none where an old condition was changed into another."""
    conditions = {s.text for s in new.statements if s.kind is Kind.CONDITION}
    if any(s.kind is Kind.CONDITION and s.text not in conditions for s in old.statements):
        return
    for statement in new_statements(old, new):
        if statement.kind is Kind.CONDITION and statement.leaves and statement.body >= 0 and statement.text.startswith("if "):
            yield statement


def marked_ways(violation: Violation, tree: Path) -> str:
    """A diff that marks the innermost three functions of the violation's stack, from 1 on; "" where none is in C or C++."""
    sources: dict[str, Source | None] = {}
    marks: dict[str, dict[int, int]] = {}
    for frame in violation.project_frames:
        if sum(map(len, marks.values())) == _WAYS or not frame.file.startswith(_SOURCES):
            continue
        path = posixpath.normpath(frame.file.removeprefix(_SOURCES))
        if path not in sources:
            sources[path] = read(tree, path) if _is_c(path) else None
        source = sources[path]
        function = source.function_at(frame.line) if source is not None else None
        if function is not None:
            number = sum(map(len, marks.values())) + 1
            marks.setdefault(path, {}).setdefault(function.body.start_byte + 1, number)
    changed: dict[str, tuple[bytes, bytes]] = {}
    for path, places in marks.items():
        source = sources[path]
        assert source is not None
        text = source.content
        for at, number in sorted(places.items(), reverse=True):
            text = text[:at] + _entry_mark(number) + text[at:]
        changed[path] = source.content, text
    return made(changed) if changed else ""


def innermost(bench: Workbench, built: Variant, entry_id: str, inputs: Sequence[bytes]) -> list[int]:
    """Of each input, run on a build with `marked_ways`: the number of the innermost marked function it enters; 0 for none."""
    mark = re.compile(rf"\n{_ENTERED}-(\d+)\n".encode())
    said = [output.stdout if output else b"" for output in bench.outputs(built, entry_id, inputs)]
    return [min((int(n) for n in mark.findall(text)), default=0) for text in said]


def stopped(diff: str, tree: Path) -> str:
    """The diff with a stop at the beginning of each changed function: a test that passes all the same runs none of them.

    In Python also of those that use what is changed outside of functions, as a pattern that is compiled there (see named.py).

    "" when no function of C, C++ or Python is changed.
    """
    try:
        files = changes(diff, tree)
    except DiffError:
        return ""
    contents: dict[str, tuple[bytes, bytes]] = {}
    count = 0
    for change in files:
        text = change.after
        if _is_python(change.path):
            for path, lines in reached(change, tree).items():
                if path == change.path:
                    text = with_stops(text, lines)
                    count += text != change.after
                elif path not in contents and path not in {c.path for c in files}:
                    before_it = (tree / path).read_bytes()
                    contents[path] = before_it, with_stops(before_it, lines)
                    count += contents[path][0] != contents[path][1]
        for at, _, is_entry in sorted(_places(change)[0], reverse=True):
            if is_entry:
                count += 1
                text = text[:at] + _STOP + text[at:]
        contents[change.path] = (change.before, text)
    return made(contents) if count else ""


def _found_out(case: Case) -> Crossing:
    marked, guards = _marked(case.proposal.diff, case.bench.original.tree)
    if not marked:
        return _by_stops(case)
    built = case.bench.build(marked, quick=True)
    if not isinstance(built, Variant):
        return _unseen("the program with marks does not build")
    entered: dict[str, frozenset[int]] = {}
    left: dict[str, frozenset[int]] = {}
    for entry_id, inputs in case.subject.benign.items():
        if entry_id in built.entries:
            entered[entry_id], left[entry_id] = _watched(case.bench, built, entry_id, inputs)
    return Crossing(known=True, entered=entered, left=left, working=entered, guards=guards)


def _by_stops(case: Case) -> Crossing:
    diff = stopped(case.proposal.diff, case.bench.original.tree)
    if not diff:
        return _unknown("no function is changed")
    built = case.bench.build(diff, quick=True)
    if not isinstance(built, Variant):
        return _unseen("the program with stops does not build")
    entered: dict[str, frozenset[int]] = {}
    working: dict[str, frozenset[int]] = {}
    for entry_id, inputs in case.subject.benign.items():
        if entry_id in built.entries:
            known, stops = before(case, entry_id, inputs), case.bench.outputs(built, entry_id, inputs)
            if inputs and not any(stops):
                return _unseen("the program does not open with stops")
            told = enumerate(zip(known.said, known.steady, stops, strict=True))
            entered[entry_id] = frozenset(n for n, (old, steady, new) in told if steady - same(old, new))
            working[entry_id] = frozenset(n for n in entered[entry_id] if _works(known.said[n], stops[n]))
    return Crossing(known=True, entered=entered, left={}, working=working, watched=False)


def _works(old: Output | None, stopped: Output | None) -> bool:
    """Whether an answer that was no error depends on the stop: its text, or how it stands (see `Output`)."""
    if old is None or stopped is None:
        return old is not None
    lines = zip_longest(old.stderr.splitlines(), stopped.stderr.splitlines(), fillvalue=b"")
    return old.stdout != stopped.stdout or any(a != b and len(a.split()) <= _WITHOUT_AN_ERROR for a, b in lines)


def _unknown(why: str) -> Crossing:
    return Crossing(known=False, entered={}, left={}, why=why)


def _unseen(why: str) -> Crossing:
    return Crossing(known=False, entered={}, left={}, why=why, blind=True)


def _watched(bench: Workbench, built: Variant, entry_id: str, inputs: Sequence[bytes]) -> tuple[frozenset[int], frozenset[int]]:
    said = [output.stdout if output else b"" for output in bench.outputs(built, entry_id, inputs)]
    return (
        frozenset(n for n, text in enumerate(said) if f"\n{_ENTERED}-".encode() in text),
        frozenset(n for n, text in enumerate(said) if f"\n{_LEFT}-".encode() in text),
    )


def _marked(diff: str, tree: Path) -> tuple[str, tuple[str, ...]]:
    """The diff with marks, from the unpatched tree; "" when there is nothing to mark."""
    try:
        files = changes(diff, tree)
    except DiffError:
        return "", ()
    contents: dict[str, tuple[bytes, bytes]] = {}
    guards: list[str] = []
    count = 0
    for change in files:
        places, here = _places(change)
        text = change.after
        for at, close, is_entry in sorted(places, reverse=True):
            count += 1
            mark = _entry_mark(count) if is_entry else _guard_mark(count)
            if close >= 0:
                text = text[:at] + b"{" + mark + text[at:close] + b" }" + text[close:]
            else:
                text = text[:at] + mark + text[at:]
        guards += here
        contents[change.path] = (change.before, text)
    return (made(contents), tuple(guards)) if count else ("", ())


def _places(change: Change) -> tuple[list[tuple[int, int, bool]], list[str]]:
    """Byte offsets in the new content: where to write, where to close a brace (-1: nowhere), and whether it is an entry."""
    places: list[tuple[int, int, bool]] = []
    guards: list[str] = []
    if not _is_c(change.path):
        return places, guards
    for old, new in change.functions():
        if new.body < 0:
            continue
        places.append((new.body, -1, True))
        for statement in added_guards(old, new):
            places.append((statement.body, statement.end, False))
            guards.append(f"{change.place(statement.line)}: {statement.text}")
    return places, guards


def _is_python(path: str) -> bool:
    return path.lower().endswith(tuple(PythonReader.suffixes))


def _is_c(path: str) -> bool:
    return path.lower().endswith(tuple(CReader.suffixes))


def _entry_mark(number: int) -> bytes:
    """A declaration, which may stand at the beginning of a block in every C. One line once a process."""
    seen = f"mithridate_seen_{number}"
    write = f'__builtin_printf("\\n{_ENTERED}-{number}\\n")'
    return f" static int {seen}; int mithridate_now_{number} __attribute__((unused)) = {seen}++ ? 0 : {write};".encode()


def _guard_mark(number: int) -> bytes:
    seen = f"mithridate_seen_{number}"
    return f' {{ static int {seen}; if (!{seen}++) __builtin_printf("\\n{_LEFT}-{number}\\n"); }}'.encode()
