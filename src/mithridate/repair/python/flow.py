"""Where a value in a function comes from: back along local assignments, and out through a parameter to the caller's argument."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from mithridate.model.violation import Frame
from mithridate.repair.python.source import Function, Source, dotted

_FURTHEST = 6

Assigning = cst.Assign | cst.AnnAssign | cst.AugAssign


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a function that was running when a sink was reached; `outer` are the places that called it, nearest first."""

    source: Source
    function: Function
    line: int
    outer: tuple["Place", ...] = ()

    @property
    def calls(self) -> list[cst.Call]:
        """The calls on that line; of a frame that only says which function it was, all in the function."""
        return self.source.calls_at(self.line, self.function) or self.all_calls

    @property
    def all_calls(self) -> list[cst.Call]:
        """Every call of the function, in order."""
        return [node for node in self.source.nodes(self.function) if isinstance(node, cst.Call)]

    @property
    def vague(self) -> bool:
        """The line is that of the function's head: all that is known is the function."""
        if not isinstance(self.function, cst.FunctionDef):
            return False
        first = self.source.lines(self.function.body)[0]
        inside = [self.source.lines(statement)[0] for statement in self.function.body.body]
        return self.line < min([*inside, first + 1])


@dataclass(frozen=True, slots=True)
class Value:
    """An expression and the place in whose function it stands."""

    place: Place
    node: cst.BaseExpression

    @property
    def source(self) -> Source:
        """Its file."""
        return self.place.source

    @property
    def code(self) -> str:
        """Its text."""
        return self.source.code(self.node)


def places(frames: Sequence[Frame], sources: Mapping[str, Source]) -> list[Place]:
    """The project frames (innermost first) as places, in files that could be read; each knows those that called it."""
    found: list[Place] = []
    for frame in reversed(frames):
        source = sources.get(frame.file)
        if source is not None and frame.line:
            function = source.function_at(frame.line, frame.function)
            if _is_named(function, frame.function):
                found.insert(0, Place(source, function, frame.line, tuple(found)))
    return found


def _is_named(function: Function, name: str) -> bool:
    """The function at the line is the frame's; parts of functions, as comprehensions, have names of their own."""
    if not name or (name.startswith("<") and name != "<module>"):
        return True
    return function.name.value == name if isinstance(function, cst.FunctionDef) else name == "<module>"


def assignments(source: Source, function: Function, name: str) -> list[Assigning]:
    """The assignments to a local name, in the order of the text; also those that make its value longer."""
    found: list[Assigning] = []
    for node in source.nodes(function):
        if source.function_of(node) is not function:
            continue
        if (
            (isinstance(node, cst.Assign) and any(_names(target.target, name) for target in node.targets))
            or (isinstance(node, cst.AnnAssign) and node.value is not None and _names(node.target, name))
            or (isinstance(node, cst.AugAssign) and _names(node.target, name))
        ):
            found.append(node)
    return found


def parameters(function: Function) -> list[str]:
    """The function's parameters in order."""
    if not isinstance(function, cst.FunctionDef):
        return []
    given = function.params
    found = [p.name.value for p in (*given.posonly_params, *given.params, *given.kwonly_params)]
    found += [star.name.value for star in (given.star_arg,) if isinstance(star, cst.Param)]
    return found + ([given.star_kwarg.name.value] if given.star_kwarg is not None else [])


def defined(value: Value) -> cst.BaseExpression | None:
    """What a local name was given by the last plain assignment above its use; None for other expressions."""
    if not isinstance(value.node, cst.Name):
        return None
    use = value.source.span(value.node)[0]
    every = [a for a in assignments(value.source, value.place.function, value.node.value) if value.source.span(a)[1] <= use]
    plain = [a for a in every if not isinstance(a, cst.AugAssign)]
    if not plain or not _whole(plain[-1], value.node.value):
        return None
    return plain[-1].value


def origins(value: Value) -> Iterator[Value]:
    """The value itself, then what it was made of: local assignments backwards, and the argument that the caller gave."""
    seen = 0
    at: Value | None = value
    while at is not None and seen < _FURTHEST:
        yield at
        seen += 1
        node = defined(at)
        at = Value(at.place, node) if node is not None else _argument(at)


def harmless(value: Value, depth: int = _FURTHEST) -> bool:
    """What cannot bring text of an attacker: constants, numbers, and what is made of such."""
    node = value.node
    match node:
        case cst.SimpleString() | cst.Integer() | cst.Float() | cst.Comparison():
            return True
        case cst.Call():
            name = dotted(node.func)
            return name in _HARMLESS or name.rpartition(".")[2] in ("escape", "quote")
        case cst.Name() if depth:
            inner = defined(value)
            return inner is not None and harmless(Value(value.place, inner), depth - 1)
        case _:
            return False


def of_input(value: Value, depth: int = _FURTHEST) -> bool:
    """What names a parameter or a request's data, itself or by the local names in it."""
    source, place = value.source, value.place
    for node in source.nodes(value.node):
        if isinstance(node, cst.Name):
            if node.value in ("request", "input", "argv", "environ", "stdin") or node.value in parameters(place.function):
                return True
            inner = defined(Value(place, node)) if depth else None
            if inner is not None and inner is not value.node and of_input(Value(place, inner), depth - 1):
                return True
    return False


def argument(call: cst.Call, position: int, *names: str) -> cst.BaseExpression | None:
    """An argument by its position or one of its names."""
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value in names:
            return arg.value
    plain = [arg for arg in call.args if arg.keyword is None]
    if 0 <= position < len(plain) and not any(arg.star for arg in plain[: position + 1]):
        return plain[position].value
    return None


def caller(place: Place) -> tuple[Place, cst.Call] | None:
    """The call that led into the place's function, where it is to be seen in the next frame."""
    if not place.outer or not isinstance(place.function, cst.FunctionDef):
        return None
    outer, name = place.outer[0], place.function.name.value
    holder = next((p for p in place.source.parents(place.function) if isinstance(p, cst.ClassDef)), None)
    wanted = {name, holder.name.value} if holder is not None and name == "__init__" else {name}
    return next(((outer, call) for call in outer.calls if dotted(call.func).rpartition(".")[2] in wanted), None)


def given(place: Place, call: cst.Call, name: str) -> cst.BaseExpression | None:
    """The argument that a call gives to a parameter of the place's function."""
    names = parameters(place.function)
    if name not in names:
        return None
    bound = names[:1] in (["self"], ["cls"]) and isinstance(call.func, cst.Attribute | cst.Name)
    return argument(call, names.index(name) - bound, name)


def _argument(value: Value) -> Value | None:
    if not isinstance(value.node, cst.Name):
        return None
    found = caller(value.place)
    if found is None:
        return None
    outer, call = found
    node = given(value.place, call, value.node.value)
    return Value(outer, node) if node is not None else None


def _names(target: cst.BaseExpression, name: str) -> bool:
    match target:
        case cst.Name():
            return target.value == name
        case cst.Tuple() | cst.List():
            return any(_names(element.value, name) for element in target.elements)
        case _:
            return False


def _whole(assignment: Assigning, name: str) -> bool:
    """The name alone is assigned to, not a part of a tuple."""
    targets = [t.target for t in assignment.targets] if isinstance(assignment, cst.Assign) else [assignment.target]
    return any(isinstance(target, cst.Name) and target.value == name for target in targets)


_HARMLESS = frozenset({"int", "float", "len", "bool", "round", "ord", "hash", "id", "abs", "sum"})
