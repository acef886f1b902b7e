"""How large the object behind a pointer truly is, as expressions that the code at hand can write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tree_sitter import Node

from mithridate.repair.c.accesses import split
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.nodes import arguments, bare, called, descendants, identifiers, operator, text, uncast
from mithridate.repair.c.scene import Scene, definition
from mithridate.repair.c.scope import Variable
from mithridate.repair.c.source import declared_name

_ALLOCATES = re.compile(r"(?:alloc|calloc|realloc|malloc|_new|^new)\w*$", re.I)
_SIZE_WORD = re.compile(
    r"(?:^|_)(?:len|length|size|sz|siz|cnt|count|num|n|nr|max|cap|capacity|avail|left|remain\w*|limit|end|total|bytes|alloc\w*|room)"
    r"\d*(?:_|$)|len$|size$|count$|Len|Size|Count|Length|Max|^n[A-Z]|cnt$|cc$",
)
_CHARACTER = re.compile(r"^(?:const )?(?:(?:un)?signed )?char$|\bbool\b|_Bool")
_END_WORD = re.compile(r"(?:^|_)(?:end|limit|lim|last|stop|top|max|eob|eof|fin)\d*(?:_|$)|end$|End$|limit$|Limit$", re.I)
_COUNT_MACROS = ("ARRAY_SIZE", "ARRAYSIZE", "ARRAY_LEN", "NELEM", "NELEMS", "COUNT_OF", "countof", "G_N_ELEMENTS", "TABLE_SIZE")


@dataclass(frozen=True, slots=True)
class Bound:
    """How much an object holds. `text` counts `unit`s ("bytes", "elements"), or is a pointer to its end ("end").

    `rank` orders bounds by how sure it is that they are the object's own; `why` completes "the size is known from …".
    """

    text: str
    unit: str
    rank: float
    why: str
    signed: bool = False


def bounds_of(scene: Scene, place: Place, pointer: Node) -> list[Bound]:
    """The likely bounds of what `pointer` points to, seen from a statement, the surest first."""
    found: dict[tuple[str, str], Bound] = {}
    for bound in _candidates(scene, place, uncast(pointer)):
        if bound.text.isdigit():  # a number says nothing of why: what carries it is better
            bound = replace(bound, rank=bound.rank + 0.7)
        key = (bound.text, bound.unit)
        if key not in found or bound.rank < found[key].rank:
            found[key] = bound
    return sorted(found.values(), key=lambda b: b.rank)[:10]


def sized(scene: Scene, place: Place, array: Variable) -> list[Bound]:
    """The bounds of a declared array."""
    name = array.expression
    size = array.dimensions[0]
    character = (
        len(array.dimensions) == 1 and re.search(r"\b(?:char|u?int8_t|uint8|byte|u8|Byte)\b", array.type) and not array.stars
    )
    count = f"sizeof {name}" if character else f"sizeof {name} / sizeof {name}[0]"
    if "->" in name or "." in name or not re.fullmatch(r"\w+", name):
        count = f"sizeof({name})" if character else f"sizeof({name}) / sizeof({name}[0])"
    macro = next((m for m in _COUNT_MACROS if not character and m in scene.code.function_macros(place.source)), "")
    found = [Bound(f"{macro}({name})" if macro else count, "elements", 1.0, "the array's declaration")]
    if size and not re.fullmatch(r"[\d\s+*()xXa-fA-FuUlL-]+", size) and array.kind != "member":
        told = size if re.fullmatch(r"[\w()]+", size) else f"({size})"
        found.append(
            Bound(told, "elements", 0.9 if re.fullmatch(r"\w+", size) else 1.1, "the constant that declares the array", True)
        )
    if size and array.kind == "member" and re.fullmatch(r"[A-Z_]\w*", size):
        found.append(Bound(size, "elements", 0.9, "the constant that declares the array", True))
    return found


def allocation_size(statement: Node) -> tuple[Node, list[Node]] | None:
    """The call in a statement that allocates, with the arguments that are multiplied to its size."""
    for call in descendants(statement, {"call_expression"}):
        name = called(call)
        if not _ALLOCATES.search(name):
            continue
        given = arguments(call)
        lowered = name.lower()
        if not given:
            continue
        if "calloc" in lowered or "array" in lowered or "mallocarray" in lowered:
            return call, given[-2:]
        return call, given[-1:]
    return None


def without_item(sizes: list[Node]) -> tuple[str, bool]:
    """The size as a text, and whether it counts elements because a `sizeof` factor was taken off."""
    factors: list[Node] = []
    pending = list(reversed(sizes))
    while pending:
        node = uncast(pending.pop())
        if node.type == "binary_expression" and operator(node) == "*":
            pending += [n for n in (node.child_by_field_name("right"), node.child_by_field_name("left")) if n is not None]
        else:
            factors.append(node)
    counted = [f for f in factors if f.type != "sizeof_expression"]
    if len(sizes) == 2 and len(counted) == 2 and text(counted[1]) == "1":
        counted = counted[:1]
    if len(counted) < len(factors) and counted:
        return " * ".join(_term(f) for f in counted), True
    return " * ".join(_term(f) if len(factors) > 1 else text(f) for f in factors), False


def term(node: Node) -> str:
    """An expression as an operand of a binary operator."""
    return _term(node)


def translated(scene: Scene, place: Place, expression: Node, target: Place) -> str | None:
    """An expression of a caller's in terms of the called function's parameters; None when it has none for it."""
    chain = list(scene.places)
    try:
        top, bottom = chain.index(place), chain.index(target)
    except ValueError:
        return None
    told = text(expression)
    for number in range(top, bottom, -1):
        found = scene.caller(chain[number - 1])
        if found is None:
            return None
        _, call = found
        names = [declared_name(p.child_by_field_name("declarator")) for p in chain[number - 1].function.parameters]
        mapping = {text(uncast(a)): n for a, n in zip(arguments(call), names, strict=False) if n}
        for given in sorted(mapping, key=len, reverse=True):
            if re.fullmatch(r"[\w>.\-&*\[\]]+", given):
                told = re.sub(rf"(?<![\w.>]){re.escape(given)}(?!\w)", f"\0{mapping[given]}\0", told)
        outside = set(re.findall(r"(?<![\w.>\0])[A-Za-z_]\w*(?![\w\0(])", re.sub(r"\0\w+\0(?:(?:->|\.)\w+)*", "", told)))
        told = told.replace("\0", "")
        constants = {name for name in outside if name.isupper() or name == "sizeof"}
        if outside - constants:
            return None
    return told


def _candidates(scene: Scene, place: Place, pointer: Node) -> Iterator[Bound]:
    variable = scene.code.resolved(place, pointer)
    if variable is not None and variable.is_array:
        yield from sized(scene, place, variable)
        return
    yield from _from_origin(scene, place, text(pointer), 0)
    yield from _from_allocation(scene, place, pointer)
    yield from _carried(scene, place, pointer, variable)


def _from_origin(scene: Scene, place: Place, name: str, depth: int) -> Iterator[Bound]:
    """By the statement that gave the pointer its value."""
    given = definition(place, name)
    value = (given.child_by_field_name("right") or given.child_by_field_name("value")) if given is not None else None
    if value is None or given is None or depth > 2:
        return
    value = uncast(value)
    allocated = allocation_size(value) if value.type == "call_expression" else None
    if allocated is not None:
        size, counts = without_item(allocated[1])
        yield Bound(size, "elements" if counts else "bytes", 1.0, "the allocation")
        return
    base, offset, sign = split(value)
    origin = scene.code.resolved(place, base)
    if origin is not None and origin.is_array:
        for bound in sized(scene, place, origin):
            start = text(base)
            yield replace(bound, text=f"{start} + {bound.text}", unit="end", rank=bound.rank + 0.1)
    elif offset is None and base.type == "identifier" and text(base) != name:
        yield from _from_origin(scene, place, text(base), depth + 1)
    _ = sign


def _from_allocation(scene: Scene, place: Place, pointer: Node) -> Iterator[Bound]:
    """By the size that the allocation site asked for, told in the terms of this function."""
    for site in scene.allocation[:3]:
        allocated = allocation_size(site.statement)
        if allocated is None:
            continue
        call, sizes = allocated
        size, counts = without_item(sizes)
        unit = "elements" if counts else "bytes"
        if site.function.node == place.function.node and site.source.path == place.source.path:
            yield Bound(size, unit, 1.0, "the allocation")
            return
        plain = [_unconditional(s) for s in sizes]
        for above in scene.places:
            if above.function.node == site.function.node and above.source.path == site.source.path:
                for one in plain[:1] if len(plain) == 1 or counts else []:
                    told = translated(scene, above, _counted(one) if counts else one, place)
                    if told is not None:
                        yield Bound(told, unit, 0.95, f"the allocation in {site.function.name}()")
                break
        yield from _stored(scene, site, call, sizes, counts, pointer)
        return


def _stored(scene: Scene, site: Place, call: Node, sizes: list[Node], counts: bool, pointer: Node) -> Iterator[Bound]:
    """`x->data = malloc(n)` and `x->size = n` elsewhere: here `y->size` bounds `y->data`."""
    _ = call
    if pointer.type != "field_expression":
        return
    owner, member = pointer.child_by_field_name("argument"), text(pointer.child_by_field_name("field"))
    arrow = "->" if any(c.type == "->" for c in pointer.children) else "."
    wanted = {text(s) for s in sizes} | set().union(*(identifiers(s) for s in sizes))
    for node in descendants(site.function.body, {"assignment_expression"}):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None or left.type != "field_expression":
            continue
        if text(uncast(right)) in wanted and text(left.child_by_field_name("field")) != member:
            name = text(left.child_by_field_name("field"))
            yield Bound(f"{text(owner)}{arrow}{name}", "elements" if counts else "bytes", 1.1, "what the allocation stored")
    for size in sizes:
        for field_of in descendants(size, {"field_expression"}):
            name = text(field_of.child_by_field_name("field"))
            told = text(size).replace(text(field_of), f"{text(owner)}{arrow}{name}")
            if len(sizes) == 1 and identifiers(size) <= identifiers(field_of):
                size_told = _counted(size)
                told = text(size_told).replace(text(field_of), f"{text(owner)}{arrow}{name}")
                yield Bound(told, "elements" if counts else "bytes", 1.05, "the allocation's own size")
    _ = scene


def _carried(scene: Scene, place: Place, pointer: Node, variable: Variable | None) -> Iterator[Bound]:
    """By a length or an end that travels with the pointer: as a member of its structure, as a parameter beside it."""
    if pointer.type == "field_expression":
        owner = pointer.child_by_field_name("argument")
        holder = scene.code.resolved(place, owner) if owner is not None else None
        if holder is not None:
            name = text(pointer.child_by_field_name("field"))
            yield from _beside(scene.code.members(place.source, replace(holder, expression=text(owner))), name, variable, 1.4)
        return
    if variable is None:
        return
    scope = scene.code.in_scope(place)
    listed = [v for v in scope if v.kind == "parameter"] if variable.kind == "parameter" else scope
    if variable.kind == "parameter":
        at = next((i for i, v in enumerate(listed) if v.expression == variable.expression), 0)
        listed = listed[at + 1 :] + listed[:at]
    yield from _beside(listed, variable.expression, variable, 1.3)
    if variable.kind != "parameter":
        return
    given = [v for v in scope if v.kind != "parameter" and v.is_pointer and v.stars == variable.stars]
    yield from (Bound(v.expression, "end", 1.6, "the end kept beside it") for v in given if _END_WORD.search(v.expression))
    for holder in [v for v in scope if v.kind == "parameter" and v.expression != variable.expression][:4]:
        yield from _beside(scene.code.members(place.source, holder), variable.expression, variable, 1.9)


def _beside(others: list[Variable], name: str, variable: Variable | None, rank: float) -> Iterator[Bound]:
    for number, other in enumerate(others):
        last = re.split(r"->|\.", other.expression)[-1]
        akin = 0.3 if last.lower().startswith(name.lower()[:3]) else 0.0
        if (
            other.is_integer
            and not _CHARACTER.search(other.type)
            and (_SIZE_WORD.search(last) or (number == 0 and other.kind != "local"))
        ):
            near = min(number, 10) * 0.05
            yield Bound(other.expression, "elements", rank + near - akin, f"{last}, which goes with it", other.is_signed)
        elif other.is_pointer and _END_WORD.search(last) and variable is not None and other.stars == variable.stars:
            yield Bound(other.expression, "end", rank + 0.1 - akin, f"{last}, the end that goes with it")


def _unconditional(size: Node) -> Node:
    """`n ? n : 1` is n: the other value is there because a size of nothing is no size."""
    size = uncast(size)
    if size.type == "conditional_expression":
        asked, chosen = size.child_by_field_name("condition"), size.child_by_field_name("consequence")
        if asked is not None and chosen is not None and text(bare(asked)) in text(chosen):
            return chosen
    return size


def _counted(size: Node) -> Node:
    """A size without its factor of `sizeof`."""
    size = uncast(size)
    if size.type == "binary_expression" and operator(size) == "*":
        left, right = size.child_by_field_name("left"), size.child_by_field_name("right")
        if left is not None and right is not None:
            if uncast(right).type == "sizeof_expression":
                return uncast(left)
            if uncast(left).type == "sizeof_expression":
                return uncast(right)
    return size


def _term(node: Node) -> str:
    node = bare(node)
    simple = node.type not in ("binary_expression", "conditional_expression", "assignment_expression", "comma_expression")
    return text(node) if simple else f"({text(node)})"
