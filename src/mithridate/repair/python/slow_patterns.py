"""Regular expressions without a bound of time: linear ones in their places, or a limit of length (CWE-1333, CWE-400)."""

import re
from collections.abc import Iterator

import libcst as cst

from mithridate.model.violation import PROJECT_ROOTS, ViolationKind
from mithridate.repair.python.flow import Place, argument
from mithridate.repair.python.guards import guarded
from mithridate.repair.python.imports import meant
from mithridate.repair.python.linear_patterns import rewritten
from mithridate.repair.python.one_way import ended, escaped
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, Source, dotted
from mithridate.repair.python.written_patterns import Written, assignments, written

_MATCHING = frozenset({"match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split"})
_ONE_WAY = "match the same text in one way"
_OTHERS = (
    (escaped, "take a backslash for the beginning of an escape, and for nothing else"),
    (ended, "let what leads up to a character end where that comes first"),
)
"""What matches other texts than the pattern did, with what it does instead."""
_FLAGS_AT = {"split": 3, "sub": 4, "subn": 4}
_LONGEST = 1_000
_NAMES = 3
_CAUSE = "a regular expression can match the same text in many ways and tries them all"


class PatternProposer(PythonProposer):
    """Equal patterns without nested repetition; where there is none, a bound on the length of what is matched."""

    name = "python-pattern"
    kinds = frozenset({ViolationKind.SUPERLINEAR_TIME, ViolationKind.TIMEOUT})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """The patterns that a line uses, or the function where the line tells of none."""
        for place in scene.places[:3]:
            found = False
            for call in (*place.calls, *place.all_calls):
                if not _matches(call):
                    continue
                for change in _of_call(scene, place, call):
                    found = True
                    yield change
            yield from _together(scene, place)
            if found:
                break
        yield from _made(scene)


def _matches(call: cst.Call) -> bool:
    return dotted(call.func).rpartition(".")[2] in _MATCHING


def _together(scene: Scene, place: Place) -> Iterator[Change]:
    """All patterns of a function: one text may take long in several of them."""
    edits: dict[tuple[str, tuple[Edit, ...]], tuple[Source, tuple[Edit, ...], str]] = {}
    for call in filter(_matches, place.all_calls):
        first = next(_linear(scene, place, call), None)
        if first is not None:
            edits[first[0].path, first[1]] = first
    if len(edits) > 1:
        every = tuple(pair for source, row, _ in edits.values() for pair in edits_of(source, row))
        yield Change(_CAUSE, f"{_ONE_WAY}, in each pattern", every, rank=1.5)


def _linear(scene: Scene, place: Place, call: cst.Call) -> Iterator[tuple[Source, tuple[Edit, ...], str]]:
    """The call's pattern written in other ways, the likeliest first, with what that does."""
    source, direct = place.source, _direct(place, call)
    holder = None if direct or not isinstance(call.func, cst.Attribute) else call.func.value
    own = _flags(source, argument(call, _FLAGS_AT.get(dotted(call.func).rpartition(".")[2], 2), "flags")) if direct else 0
    for where, node, compiled in _patterns(scene, source, argument(call, 0, "pattern") if direct else holder):
        flags = None if own is None or compiled is None else own | compiled
        for only in written(where, node):
            yield from _anew(only, flags)


def _made(scene: Scene) -> Iterator[Change]:
    """A pattern that is taken from a table when it is compiled: the literal that reads like it, in the file that compiles it."""
    frame = next((f for f in scene.violation.project_frames if f.pattern), None)
    source = scene.source(frame.file.removeprefix(PROJECT_ROOTS[0])) if frame is not None else None
    if frame is None or source is None:
        return
    calls = [n for n in source.nodes() if isinstance(n, cst.Call) and meant(source, n.func) == "re.compile"]
    here = next((c for c in calls if source.lines(c)[0] <= frame.line <= source.lines(c)[1]), None)
    flags = _flags(source, argument(here, 1, "flags")) if here is not None else None
    for node in source.nodes():
        if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
            for only in written(source, node):
                if only.value == frame.pattern:
                    for number, (where, row, fix) in enumerate(_anew(only, flags)):
                        yield Change(_CAUSE, fix, edits_of(where, row), rank=1.0 + number / 10)


def _anew(only: Written, flags: int | None) -> Iterator[tuple[Source, tuple[Edit, ...], str]]:
    for pattern in rewritten(only.value, flags, octets=only.octets, whole=only.whole):
        edits = only.edits(pattern)
        if edits:
            yield only.source, edits, _ONE_WAY
    if flags is None:
        return
    for other, fix in _OTHERS:
        apart = other(only.value, flags, octets=only.octets)
        edits = only.edits(apart) if apart is not None else None
        if edits:
            yield only.source, edits, fix


def _direct(place: Place, call: cst.Call) -> bool:
    return meant(place.source, call.func).startswith("re.")


def _of_call(scene: Scene, place: Place, call: cst.Call) -> Iterator[Change]:
    source, cause, direct = place.source, _CAUSE, _direct(place, call)
    for number, (where, row, fix) in enumerate(_linear(scene, place, call)):
        yield Change(cause, fix, edits_of(where, row), rank=1.0 + number / 10)
    replaces = dotted(call.func).rpartition(".")[2].startswith("sub")
    subject = argument(call, int(direct) + int(replaces), "string")
    if subject is not None and not isinstance(subject, cst.SimpleString):
        for text, edits in guarded(place, subject, "text", lambda held: f"len({held}) > {_LONGEST}", 400, "too long", most=1):
            fix = f"refuse text of more than {_LONGEST:,} characters"
            yield Change(cause, fix, edits_of(source, edits), condition=text, rank=3.0)


def _flags(source: Source, node: cst.BaseExpression | None, depth: int = 0) -> int | None:
    """The flags of a pattern; None where nobody knows them."""
    if node is None:
        return 0
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        left, right = _flags(source, node.left, depth), _flags(source, node.right, depth)
        return None if left is None or right is None else left | right
    if isinstance(node, cst.Integer):
        return node.evaluated_value
    if meant(source, node).startswith("re."):
        flag = getattr(re.RegexFlag, dotted(node).rpartition(".")[2], None)
        return int(flag) if isinstance(flag, re.RegexFlag) else None
    given = list(assignments(source, node.value)) if isinstance(node, cst.Name) and depth < _NAMES else []
    return _flags(source, given[0], depth + 1) if len(given) == 1 else None


def _patterns(
    scene: Scene, source: Source, node: cst.BaseExpression | None
) -> Iterator[tuple[Source, cst.BaseExpression, int | None]]:
    """What a pattern is written as, in the call, or compiled under that name here or where it is from; with its flags."""
    if node is None:
        return
    if isinstance(node, cst.Call) and meant(source, node.func) == "re.compile" and node.args:
        yield source, node.args[0].value, _flags(source, argument(node, 1, "flags"))
    elif not isinstance(node, cst.Name | cst.Attribute):
        yield source, node, 0
    else:
        wanted = dotted(node).rpartition(".")[2]
        other = _module(scene, source, meant(source, node).rpartition(".")[0])
        for each in (source, *((other,) if other is not None else ())):
            for value in assignments(each, wanted):
                if isinstance(value, cst.Call) and meant(each, value.func) == "re.compile" and value.args:
                    yield each, value.args[0].value, _flags(each, argument(value, 1, "flags"))
                else:
                    yield each, value, 0


def _module(scene: Scene, source: Source, name: str) -> Source | None:
    """The file of a module that a file imports, by its path: below the file's package, beside it or from the root."""
    row = name.lstrip(".").split(".")
    above = source.path.split("/")[:-1]
    levels = len(name) - len(name.lstrip("."))
    if levels:
        above = above[: len(above) + 1 - levels]
    else:
        above = above[: above.index(row[0])] if row[0] in above else []
    return scene.source("/".join([*above, *row]) + ".py") if row[0] else None
