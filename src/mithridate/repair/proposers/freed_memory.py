"""Use after free and double free: who still holds what was freed is told, or asked; or it is freed later, or once."""

from collections.abc import Iterator
from dataclasses import replace

from tree_sitter import Node

from mithridate.model.violation import ViolationKind
from mithridate.repair.c.codebase import Place
from mithridate.repair.c.edits import Edit, after, before, indentation, removed, replaced, replacing, style
from mithridate.repair.c.nodes import (
    LOOPS,
    ancestors,
    arguments,
    called,
    descendants,
    has_side_effects,
    identifiers,
    operator,
    statement_of,
    text,
    uncast,
)
from mithridate.repair.c.scene import Draft, Scene, definition
from mithridate.repair.proposers.template import Template

KINDS = frozenset({ViolationKind.HEAP_USE_AFTER_FREE, ViolationKind.DOUBLE_FREE, ViolationKind.BAD_FREE})
_OWNERS = 3


def drafts(scene: Scene) -> Iterator[Draft]:
    """At the first free: clear the pointer and its aliases, move the free behind the last use. At the use: look first."""
    for depth, site in enumerate(scene.deallocation[:_OWNERS]):
        for call, freed in _freed(site):
            yield from _cleared(scene, site, freed, 0.6 + 0.3 * depth)
            yield from _aliases(scene, site, freed, 0.4 + 0.3 * depth)
            yield from _later(scene, site, freed, 0.7 + 0.3 * depth)
            yield from _next_first(scene, site, freed, 0.5 + 0.3 * depth)
            if scene.violation.kind is ViolationKind.DOUBLE_FREE and depth == 0:
                yield from _once(scene, site, call, 1.1)
    if scene.violation.kind is ViolationKind.DOUBLE_FREE:
        for place in scene.places[:2]:
            for call, _ in _freed(place):
                yield from _once(scene, place, call, 1.0)


def _freed(place: Place) -> list[tuple[Node, Node]]:
    """The calls in the place's statement that free, or lead to it, with the pointer they are given."""
    found = []
    for call in descendants(place.statement, {"call_expression"}):
        name = called(call).lower()
        given = arguments(call)
        if given and any(
            word in name for word in ("free", "release", "destroy", "delete", "close", "unref", "clear", "cleanup", "realloc")
        ):
            chosen = uncast(given[0]) if len(given) == 1 or "realloc" in name else uncast(given[-1])
            found.append((call, chosen))
    for node in descendants(place.statement, {"delete_expression"}):
        if node.named_child_count:
            found.append((node, uncast(node.named_children[-1])))
    return found


def _null(place: Place) -> str:
    return "nullptr" if place.source.cplusplus and b"nullptr" in place.source.content else "NULL"


def _cleared(scene: Scene, site: Place, freed: Node, rank: float) -> Iterator[Draft]:
    """`free(p); p = NULL;`, alone and together with a check where it is used."""
    if freed.type not in ("identifier", "field_expression", "subscript_expression", "pointer_expression") or has_side_effects(
        freed
    ):
        return
    if "realloc" in text(site.statement) or _forgotten(scene, site, freed):
        return
    name = text(freed)
    cause = f"{name} is freed and goes on pointing to what it pointed to."
    content = after(site.source, site.function, site.statement, [f"{name} = {_null(site)};"])
    if content is None or site.statement.type != "expression_statement":
        return
    yield scene.draft(site, content, cause=cause, fix=f"{name} points to nothing from there on.", rank=rank)
    for place in scene.places[:3]:
        for used in _pointers(place)[:3]:
            same = place.source.path == site.source.path
            if text(used).rpartition("->")[2].rpartition(".")[2] != name.rpartition("->")[2].rpartition(".")[2]:
                continue
            for path in scene.exits(place, wrong="null", message="used after it was freed")[:2]:
                how = style(place.source, place.function)
                lines = [f"{how.keyword}!{text(used)})", *(how.unit + s for s in path.statements)]
                if len(path.statements) > 1:
                    lines = [lines[0] + " {", *lines[1:], "}"]
                checked = before(place.source, place.function, place.statement, lines)
                if checked is None:
                    continue
                changes = {place.source.path: checked, site.source.path: content}
                if same:
                    both = _both(site.source.content, content, checked)
                    if both is None:
                        continue
                    changes = {site.source.path: both}
                draft = scene.draft(
                    site, content, cause=cause, fix="It is cleared, and looked at before it is used.", rank=rank + 0.3
                )
                yield replace(draft, changes=changes, functions=(site.function.name, place.function.name))


def _forgotten(scene: Scene, site: Place, freed: Node) -> bool:
    """A local that nothing looks at after it is freed: to clear it would help nobody."""
    if freed.type != "identifier":
        return False
    variable = next((v for v in scene.code.in_scope(site) if v.expression == text(freed)), None)
    if (
        variable is None
        or variable.kind == "global"
        or next((a for a in ancestors(site.statement) if a.type in LOOPS), None) is not None
    ):
        return variable is not None and variable.kind != "global" and variable.value is not None
    uses = [i for i in descendants(site.function.body, {"identifier"}) if text(i) == text(freed)]
    return not any(i.start_byte > site.statement.end_byte for i in uses)


def _pointers(place: Place) -> list[Node]:
    found: dict[str, Node] = {}
    for node in descendants(
        place.statement, {"field_expression", "subscript_expression", "pointer_expression", "call_expression"}
    ):
        inner = node.child_by_field_name("argument")
        for one in [inner] if inner is not None else arguments(node):
            if uncast(one).type in ("identifier", "field_expression"):
                found.setdefault(text(uncast(one)), uncast(one))
    return list(found.values())


def _both(original: bytes, one: bytes, other: bytes) -> bytes | None:
    """Two insertions into one text."""
    first, second = _inserted(original, one), _inserted(original, other)
    if first is None or second is None:
        return None
    (low, a), (high, b) = sorted([first, second])
    return original[:low] + a + original[low:high] + b + original[high:]


def _inserted(original: bytes, changed: bytes) -> tuple[int, bytes] | None:
    extra = len(changed) - len(original)
    at = next((i for i, (x, y) in enumerate(zip(original, changed, strict=False)) if x != y), min(len(original), len(changed)))
    return (at, changed[at : at + extra]) if extra > 0 and original[at:] == changed[at + extra :] else None


def _aliases(scene: Scene, site: Place, freed: Node, rank: float) -> Iterator[Draft]:
    """The use came by way of a member (`archive->latest`): where the object is freed, it is cleared if it points there."""
    name = text(freed)
    for place in scene.places[:3]:
        for used in _pointers(place):
            origin = used
            given = definition(place, text(used)) if used.type == "identifier" else None
            value = (given.child_by_field_name("right") or given.child_by_field_name("value")) if given is not None else None
            if value is not None and uncast(value).type == "field_expression":
                origin = uncast(value)
            if origin.type != "field_expression":
                continue
            holder = scene.code.resolved(place, origin.child_by_field_name("argument") or origin)
            member = text(origin.child_by_field_name("field"))
            target = scene.code.resolved(place, origin)
            if holder is None or target is None:
                continue
            for variable in scene.code.in_scope(site):
                if _plain(variable.type) != _plain(holder.type) or variable.dimensions or variable.expression == name:
                    continue
                alias = f"{variable.expression}{'->' if variable.stars else '.'}{member}"
                whole = freed
                kind = scene.code.resolved(site, whole)
                if alias == name or (kind is not None and _plain(kind.type) != _plain(target.type)):
                    continue
                how = style(site.source, site.function)
                lines = [f"{how.keyword}{alias} == {name})", f"{how.unit}{alias} = {_null(site)};"]
                content = before(site.source, site.function, site.statement, lines)
                if content is not None:
                    yield scene.draft(
                        site,
                        content,
                        cause=f"{name} is freed while {alias} still points to it.",
                        fix=f"{alias} is cleared along with it.",
                        condition=f"{alias} == {name}",
                        rank=rank,
                    )


def _plain(kind: str) -> str:
    return kind.replace("const ", "").replace("struct ", "").replace(" ", "")


def _later(scene: Scene, site: Place, freed: Node, rank: float) -> Iterator[Draft]:
    """The free goes behind the last use: in its own block, or in one around it where the pointer has a value in any case."""
    for place in scene.places[:2]:
        if place.source.path != site.source.path or place.function.node != site.function.node:
            continue
        if site.statement.type != "expression_statement" or site.statement.parent is None:
            continue
        block = _block_of_both(site, place, freed)
        last = place.statement
        while last.parent is not None and last.parent != block:
            last = last.parent
        if block is None or last.parent is None or last.start_byte <= site.statement.start_byte:
            continue
        gone = removed(site.source, site.statement)
        line = f"{indentation(site.source, last)}{text(site.statement)}{style(site.source, site.function).newline}"
        if last.type == "return_statement":
            value = last.named_children[0] if last.named_child_count else None
            if value is None or not text(freed):
                continue
            how = style(site.source, site.function)
            indent = indentation(site.source, last)
            lines = [f"{site.function.result} result = {text(value)};", text(site.statement), "return result;"]
            kept = f"{how.newline}{indent}".join(lines)
            yield scene.draft(
                site,
                replaced(site.source, [gone, replacing(last, kept)]),
                cause=f"{text(freed)} is freed before its last use.",
                fix="It is freed after that.",
                rank=rank,
            )
            continue
        end = site.source.content.find(b"\n", last.end_byte) + 1
        yield scene.draft(
            site,
            replaced(site.source, [gone, Edit(end, end, line)]),
            cause=f"{text(freed)} is freed before its last use.",
            fix="It is freed after that.",
            rank=rank,
        )


def _block_of_both(site: Place, place: Place, freed: Node) -> Node | None:
    """The innermost block with the free and the use in it; None where the pointer may be without a value at the block's end."""
    block, nested = site.statement.parent, False
    if block is None or block.type != "compound_statement":
        return None
    while block is not None and not block.start_byte <= place.statement.start_byte < block.end_byte:
        if block.type not in ("compound_statement", "if_statement", "else_clause"):
            return None
        block, nested = block.parent, True
    if block is None or not nested:
        return block
    if block.type != "compound_statement" or freed.type != "identifier":
        return None
    given = [
        node
        for statement in block.named_children
        if statement.type in ("declaration", "expression_statement") and statement.end_byte <= site.statement.start_byte
        for node in descendants(statement, {"init_declarator", "assignment_expression"})
    ]
    names = [text(node.child_by_field_name("left") or node.child_by_field_name("declarator")).lstrip("* ") for node in given]
    return block if text(freed) in names else None


def _next_first(scene: Scene, site: Place, freed: Node, rank: float) -> Iterator[Draft]:
    """`for (p = list; p; p = p->next) free(p);`: the next one is read before this one goes."""
    loop = next((a for a in ancestors(site.statement) if a.type in LOOPS), None)
    if loop is None or loop.type != "for_statement" or freed.type != "identifier":
        return
    update, body = loop.child_by_field_name("update"), loop.child_by_field_name("body")
    if update is None or body is None or operator(update) != "=" or text(update.child_by_field_name("left")) != text(freed):
        return
    value = update.child_by_field_name("right")
    variable = next((v for v in scene.code.in_scope(site) if v.expression == text(freed)), None)
    if value is None or variable is None or text(freed) not in identifiers(value):
        return
    how = style(site.source, site.function)
    name = "next" if "next" not in {text(i) for i in descendants(site.function.body, {"identifier"})} else f"next_{text(freed)}"
    kind = variable.type.replace(" *", " *").rstrip()
    edits = [replacing(update, f"{text(freed)} = {name}")]
    read_first = f"{name} = {text(value)};{how.newline}"
    if body.type == "compound_statement":
        first = body.named_children[0]
        edits.append(Edit(first.start_byte, first.start_byte, read_first + indentation(site.source, first)))
    else:
        previous, inner, outer = body.prev_sibling, indentation(site.source, body), indentation(site.source, loop)
        if previous is None:
            return
        block = f" {{{how.newline}{inner}{read_first}{inner}{text(body)}{how.newline}{outer}}}"
        edits.append(Edit(previous.end_byte, body.end_byte, block))
    # the update of a `for` does not see its body's names: the declaration goes in front of the loop
    start = site.source.content.rfind(b"\n", 0, loop.start_byte) + 1
    head = f"{kind}{'' if kind.endswith('*') else ' '}{name}"
    edits.append(Edit(start, start, f"{indentation(site.source, loop)}{head};{how.newline}"))
    yield scene.draft(
        site,
        replaced(site.source, edits),
        cause=f"{text(value)} is read after {text(freed)} was freed.",
        fix="The next one is read first.",
        rank=rank,
    )


def _once(scene: Scene, place: Place, call: Node, rank: float) -> Iterator[Draft]:
    """One of the two frees goes."""
    statement = statement_of(call)
    if statement.type != "expression_statement" or statement.parent is None or statement.parent.type != "compound_statement":
        return
    yield scene.draft(
        place,
        replaced(place.source, [removed(place.source, statement)]),
        cause=f"{text(call)} frees what is freed elsewhere too.",
        fix="It is freed once.",
        rank=rank,
    )


FREED_MEMORY = Template("freed-memory", KINDS, drafts, most=20)
