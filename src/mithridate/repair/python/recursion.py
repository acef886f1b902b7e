"""Recursion as deep as the input: a depth that is counted and bounded (CWE-674)."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.exits import exits
from mithridate.repair.python.flow import Place, parameters
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, dotted

_DEEPEST = 100
_OWN_ATTRIBUTES = frozenset({"__slots__", "__getattr__", "__getattribute__", "__setattr__", "__dict__", "vars"})
"""Objects that say themselves which attributes they have, or are written out with all of them."""
_FRAMES = 600
"""Of the 1,000 that Python allows; the callers need some."""
_DEPTH = "the depth of recursion is that of the input"


class RecursionProposer(PythonProposer):
    """A depth that is counted, and refused beyond a bound."""

    name = "python-recursion"
    kinds = frozenset({ViolationKind.STACK_EXHAUSTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """In the function that is on the stack most often and calls itself."""
        counted = Counter((p.source.path, id(p.function)) for p in scene.places)
        for (path, number), times in counted.most_common(3):
            place = next(p for p in scene.places if p.source.path == path and id(p.function) == number)
            if times > 1 and isinstance(place.function, cst.FunctionDef):
                at = [n for n, p in enumerate(scene.places) if p.source.path == path and id(p.function) == number]
                yield from _counted(place, place.function)
                yield from _carried(place, place.function)
                yield from _held(place, place.function, min(later - before for before, later in pairwise(at)))


def _held(place: Place, function: cst.FunctionDef, frames: int) -> Iterator[Change]:
    """Where methods of an object call one another, it counts how deep they are. The work moves to a method of its own.

    `frames` is how many a level takes.
    """
    source, name = place.source, function.name.value
    owner = next((p for p in source.parents(function) if isinstance(p, cst.ClassDef | cst.FunctionDef)), None)
    params = function.params
    if not isinstance(owner, cst.ClassDef) or function.decorators or function.asynchronous or not params.params:
        return
    held = params.params[0].name.value
    generates = any(isinstance(n, cst.Yield) and source.function_of(n) is function for n in source.nodes(function))
    own = any(isinstance(n, cst.Name) and n.value in _OWN_ATTRIBUTES for n in source.nodes(owner))
    inner, kept = f"_nested_{name.lstrip('_')}", "_nesting" if "_nesting" not in source.text else f"_nesting_{name}"
    if held != "self" or generates or own or owner.decorators or name.endswith("__") or inner in source.text:
        return
    deepest = max(10, min(_DEEPEST, _FRAMES // frames // 10 * 10))
    handed = [p.name.value for p in params.params[1:]]
    handed += [f"*{params.star_arg.name.value}"] if isinstance(params.star_arg, cst.Param) else []
    handed += [f"{p.name.value}={p.name.value}" for p in params.kwonly_params]
    handed += [f"**{params.star_kwarg.name.value}"] if params.star_kwarg is not None else []
    code = source.module.code_for_node
    returns = f" -> {code(function.returns.annotation)}" if function.returns is not None else ""
    head = f"def {name}({code(params)}){returns}:"
    step, depth = source.step, f"{held}.{kept}"
    for ending in list(exits(source, function, 400, "nested too deeply"))[:2]:
        lines = [
            head,
            f"{step}nesting = getattr({held}, {source.quote}{kept}{source.quote}, 0)",
            f"{step}if nesting >= {deepest}:",
            f"{step * 2}{ending.statement}",
            f"{step}{depth} = nesting + 1",
            f"{step}try:",
            f"{step * 2}return {held}.{inner}({', '.join(handed)})",
            f"{step}finally:",
            f"{step * 2}{depth} = nesting",
            "",
        ]
        edits = (source.before(function, *lines), source.replace(function.name, inner), *ending.edits)
        fix = f"refuse what is nested deeper than {deepest} levels"
        yield Change(_DEPTH, fix, edits_of(source, edits), condition=f"nesting >= {deepest}", rank=2.0)


def _counted(place: Place, function: cst.FunctionDef) -> Iterator[Change]:
    source = place.source
    name = function.name.value
    calls = [c for c in place.all_calls if dotted(c.func) in (name, f"self.{name}", f"cls.{name}")]
    params = function.params
    if not calls or params.star_kwarg is not None or isinstance(params.star_arg, cst.Param) or params.kwonly_params:
        return
    depth = "depth" if "depth" not in parameters(function) else "nesting"
    last = params.params[-1] if params.params else None
    if last is None:
        return
    end = source.span(last)[1]
    edits = [Edit(end, end, f", {depth}=0")]
    for call in calls:
        inner = source.span(call.args[-1])[1] if call.args else source.span(call)[1] - 1
        edits.append(Edit(inner, inner, f"{', ' if call.args else ''}{depth}={depth} + 1"))
    yield from _refused(place, function, f"{depth} > {_DEEPEST}", edits)


def _carried(place: Place, function: cst.FunctionDef) -> Iterator[Change]:
    """Where functions that call one another hand all their options on, the depth goes with these."""
    source, star = place.source, function.params.star_kwarg
    if star is None:
        return
    options = star.name.value
    handed = [c for c in place.calls if any(arg.star == "**" and dotted(arg.value) == options for arg in c.args)]
    if not handed:
        return
    depth = f"{options}[{source.quote}nesting{source.quote}]"
    count = f"{depth} = {options}.get({source.quote}nesting{source.quote}, 0) + 1"
    yield from _refused(place, function, f"{depth} > {_DEEPEST}", [], count)


def _refused(place: Place, function: cst.FunctionDef, condition: str, edits: list[Edit], *before: str) -> Iterator[Change]:
    """The function begins with these lines, and a refusal where the condition holds."""
    source = place.source
    body = [s for s in function.body.body if isinstance(s, cst.SimpleStatementLine | cst.BaseCompoundStatement)]
    first = body[1] if function.get_docstring() is not None and len(body) > 1 else body[0] if body else None
    if first is None:
        return
    for ending in list(exits(source, function, 400, "nested too deeply"))[:2]:
        check = source.before(first, *before, f"if {condition}:", source.step + ending.statement)
        fix = f"refuse what is nested deeper than {_DEEPEST} levels"
        yield Change(_DEPTH, fix, edits_of(source, edits, check, list(ending.edits)), condition=condition)
