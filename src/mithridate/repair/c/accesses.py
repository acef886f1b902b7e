"""What the expression at a place reads or writes: subscripts, dereferences, members, and calls that move memory."""

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from mithridate.repair.c.nodes import (
    arguments,
    bare,
    called,
    descendants,
    index_of,
    operator,
    text,
    uncast,
)


@dataclass(frozen=True, slots=True)
class Signature:
    """Which argument of a function that moves memory is what; None for none. `terminated`: stops at a NUL of its source."""

    destination: int | None
    source: int | None
    length: int | None
    terminated: bool = False
    scale: int | None = None
    """The argument by which the length is multiplied (the size of an item)."""


MEMORY_CALLS = {
    "memcpy": Signature(0, 1, 2),
    "memmove": Signature(0, 1, 2),
    "mempcpy": Signature(0, 1, 2),
    "memset": Signature(0, None, 2),
    "bcopy": Signature(1, 0, 2),
    "bzero": Signature(0, None, 1),
    "memcmp": Signature(0, 1, 2),
    "memchr": Signature(None, 0, 2),
    "strcpy": Signature(0, 1, None, True),
    "stpcpy": Signature(0, 1, None, True),
    "strcat": Signature(0, 1, None, True),
    "strncpy": Signature(0, 1, 2),
    "strncat": Signature(0, 1, 2, True),
    "strncmp": Signature(0, 1, 2, True),
    "strncasecmp": Signature(0, 1, 2, True),
    "strcmp": Signature(0, 1, None, True),
    "strcasecmp": Signature(0, 1, None, True),
    "strlen": Signature(None, 0, None, True),
    "strdup": Signature(None, 0, None, True),
    "strchr": Signature(None, 0, None, True),
    "strrchr": Signature(None, 0, None, True),
    "strstr": Signature(None, 0, None, True),
    "atoi": Signature(None, 0, None, True),
    "atol": Signature(None, 0, None, True),
    "strtol": Signature(None, 0, None, True),
    "strtoul": Signature(None, 0, None, True),
    "sprintf": Signature(0, None, None, True),
    "vsprintf": Signature(0, None, None, True),
    "snprintf": Signature(0, None, 1),
    "gets": Signature(0, None, None),
    "fgets": Signature(0, None, 1),
    "read": Signature(1, None, 2),
    "pread": Signature(1, None, 2),
    "recv": Signature(1, None, 2),
    "fread": Signature(0, None, 2, scale=1),
    "write": Signature(None, 1, 2),
    "fwrite": Signature(None, 0, 2, scale=1),
    "wcscpy": Signature(0, 1, None, True),
    "wcscat": Signature(0, 1, None, True),
    "puts": Signature(None, 0, None, True),
    "fputs": Signature(None, 0, None, True),
}
"""The standard's functions, and POSIX's; projects' own wrappers are known by the end of their names (`xx_memcpy`)."""


@dataclass(frozen=True, slots=True)
class Access:
    """One access in a statement. `kind` is "subscript", "dereference", "member" or "call".

    `pointer` is what is dereferenced (the array of a subscript; of a call, the argument); `index` that of a subscript, `offset`
    what is added to the pointer (`p + k`, `&p[k]`); `length` and `scale` a call's; `role` "destination" or "source" in a call.
    """

    kind: str
    node: Node
    statement: Node
    pointer: Node
    index: Node | None = None
    offset: Node | None = None
    length: Node | None = None
    scale: Node | None = None
    name: str = ""
    role: str = ""
    terminated: bool = False
    writes: bool = False

    @property
    def base(self) -> str:
        """The text of the pointer without what is added to it."""
        return text(self.pointer)


def memory_call(call: Node) -> tuple[str, Signature] | None:
    """The function of MEMORY_CALLS that a call is of, or ends like, with its arguments' roles."""
    name = called(call)
    plain = name.lstrip("_")
    for known in (plain, plain.lower(), plain.lower().rpartition("_")[2], plain.lower().removesuffix("_s")):
        if known in MEMORY_CALLS:
            return known, MEMORY_CALLS[known]
    lowered = plain.lower()
    for known in ("memcpy", "memmove", "memset", "memcmp", "strcpy", "strcat"):
        if lowered.endswith(known):
            return known, MEMORY_CALLS[known]
    return None


def accesses(statement: Node, line: int = 0, column: int = 0, writes: bool | None = None) -> list[Access]:
    """The accesses of a statement itself (not of those inside of it), the likeliest at a 1-based line and byte column first.

    A compiler's debug information puts an access at its operator, at the name of the array or member, at the called function's
    name, or, when it stores, at the assignment's operator; in a macro, where the macro is used. `writes` prefers one direction.
    """
    point = (line - 1, column - 1)
    ranked: list[tuple[float, int, int, Access]] = []
    for node in _expressions(statement):
        for access in _of(node, statement):
            score = 0.0
            if line and column:
                told = _told_at(access)
                score = 0.0 if point in told else min(_apart(point, place) for place in told)
            elif line:
                score = 0.0 if node.start_point[0] <= line - 1 <= node.end_point[0] else 500.0
            if writes is not None and access.writes is not writes:
                score += 3.0
            ranked.append((score, node.start_byte, -node.end_byte, access))
    return [entry[3] for entry in sorted(ranked, key=lambda entry: entry[:3])]


def _told_at(access: Access) -> list[tuple[int, int]]:
    node = access.node
    places = [node.start_point]
    if access.kind == "dereference":
        above = node.parent
    elif access.kind == "call":
        above = None
    else:
        named = node.child_by_field_name("argument") if access.kind == "subscript" else node
        if named is not None and named.type == "field_expression":
            field = named.child_by_field_name("field")
            places = [field.start_point] if field is not None else places
        above = node.parent
    while above is not None and above.type in ("parenthesized_expression", "field_expression"):
        above = above.parent
    if access.writes and above is not None and above.type in ("assignment_expression", "update_expression"):
        sign = above.child_by_field_name("operator")
        if sign is not None:
            places.insert(0, sign.start_point)
    return [(place[0], place[1]) for place in places]


def _apart(point: tuple[int, int], place: tuple[int, int]) -> float:
    return abs(point[0] - place[0]) * 100 + min(abs(point[1] - place[1]), 99) / 10 + 1


def split(pointer: Node) -> tuple[Node, Node | None, str]:
    """A pointer expression as base, offset and the offset's sign: `p + k`, `k + p`, `p - k`, `&p[k]`, `p`."""
    pointer = uncast(pointer)
    if pointer.type == "binary_expression" and operator(pointer) in ("+", "-"):
        left, right = pointer.child_by_field_name("left"), pointer.child_by_field_name("right")
        if left is not None and right is not None:
            return uncast(left), bare(right), operator(pointer)
    if pointer.type == "pointer_expression" and operator(pointer) == "&":
        inner = pointer.child_by_field_name("argument")
        if inner is not None and inner.type == "subscript_expression":
            array, index = inner.child_by_field_name("argument"), index_of(inner)
            if array is not None and index is not None:
                return uncast(array), index, "+"
    if pointer.type == "update_expression":
        inner = pointer.child_by_field_name("argument")
        return (inner if inner is not None else pointer), None, ""
    return pointer, None, ""


def _expressions(statement: Node) -> Iterator[Node]:
    """The expressions of a statement itself: not those of the statements inside of it."""
    bodies = {"compound_statement", "else_clause"}
    pending = [statement]
    while pending:
        node = pending.pop()
        yield node
        for child in reversed(node.children):
            nested = child.type in bodies or (child.type.endswith("_statement") and child != statement)
            if not nested:
                pending.append(child)


def _of(node: Node, statement: Node) -> Iterator[Access]:
    if node.type == "subscript_expression":
        array, index = node.child_by_field_name("argument"), index_of(node)
        if array is not None and index is not None:
            base, offset, _ = split(array)
            yield Access("subscript", node, statement, base, index=bare(index), offset=offset, writes=_written(node))
    elif node.type == "pointer_expression" and operator(node) == "*":
        inner = node.child_by_field_name("argument")
        if inner is not None:
            base, offset, _ = split(inner)
            yield Access("dereference", node, statement, base, offset=offset, writes=_written(node))
    elif node.type == "field_expression" and any(c.type == "->" for c in node.children):
        inner = node.child_by_field_name("argument")
        if inner is not None:
            yield Access("member", node, statement, uncast(inner), writes=_written(node))
    elif node.type == "call_expression" and (known := memory_call(node)) is not None:
        name, roles = known
        given = arguments(node)

        def argument(number: int | None) -> Node | None:
            return bare(given[number]) if number is not None and number < len(given) else None

        for role, place in (("destination", roles.destination), ("source", roles.source)):
            pointer = argument(place)
            if pointer is not None:
                base, offset, _ = split(pointer)
                yield Access(
                    "call",
                    node,
                    statement,
                    base,
                    offset=offset,
                    length=argument(roles.length),
                    scale=argument(roles.scale),
                    name=name,
                    role=role,
                    terminated=roles.terminated,
                    writes=role == "destination" and name not in ("memcmp", "strcmp", "strncmp", "strcasecmp", "strncasecmp"),
                )


def _written(node: Node) -> bool:
    """Whether an expression is assigned to."""
    above = node.parent
    while above is not None and above.type in ("parenthesized_expression", "field_expression"):
        node, above = above, above.parent
    if above is None:
        return False
    if above.type == "assignment_expression":
        return above.child_by_field_name("left") == node
    return above.type == "update_expression"


def calls(node: Node, name: str) -> list[Node]:
    """The calls of a function at or below a node."""
    return [call for call in descendants(node, {"call_expression"}) if called(call) == name]
