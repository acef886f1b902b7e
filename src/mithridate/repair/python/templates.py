"""Template injection: what comes from outside is a variable of the template, never a part of its source (CWE-1336)."""

from collections.abc import Iterator

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.flow import Place, Value, argument
from mithridate.repair.python.imports import meant
from mithridate.repair.python.pieces import Constant, Hole, holes, literal, pieces
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, Source, dotted
from mithridate.repair.python.wrapped import built, groups, whole

_CAUSE = "a value is put into the source of a template"
_FIX = "hand the value over as a variable of the template"


class TemplateProposer(PythonProposer):
    """Also of scripting that comes of it, since a template escapes its variables."""

    name = "python-template"
    kinds = frozenset({ViolationKind.TEMPLATE_INJECTION, ViolationKind.CROSS_SITE_SCRIPTING})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """For the calls that make a template of a text."""
        for place in scene.places[:3]:
            for call in place.all_calls if place.vague else place.calls:
                yield from _variables(place, call)
            if scene.violation.kind is ViolationKind.TEMPLATE_INJECTION:
                yield from _formats(place)


def _variables(place: Place, call: cst.Call) -> Iterator[Change]:
    source = place.source
    name = dotted(call.func).rpartition(".")[2]
    if name not in ("render_template_string", "from_string", "Template", "template"):
        return
    first = argument(call, 0, "source", "template_string")
    if first is None:
        return
    rendering = call if name in ("render_template_string", "template") else _rendering(source, call)
    if rendering is None:
        return
    mako = meant(source, call.func).startswith("mako")
    value = Value(place, first)
    origin = built(value)
    if origin is not None and origin.place is place:
        row = pieces(source, origin.node) or []
        for number, group in enumerate(groups(place, holes(row))):
            text, bound = _spelled(source, row, group, "${{{}}}" if mako else "{{{{ {} }}}}")
            edits = [source.replace(origin.node, text), *_bound(source, rendering, bound)]
            yield Change(_CAUSE, _FIX, edits_of(source, edits), rank=1.0 + number / 10)
    elif whole(value) is not None:
        quote = source.quote
        shown = "${value}" if mako else "{{ value }}"
        edits = [source.replace(first, f"{quote}{shown}{quote}"), *_bound(source, rendering, [("value", source.code(first))])]
        yield Change(_CAUSE, _FIX, edits_of(source, edits), rank=1.5)


def _spelled(source: Source, row: list[Constant | Hole], group: tuple[Hole, ...], form: str) -> tuple[str, list[tuple[str, str]]]:
    """The template with a variable for each hole of the group, and these variables."""
    text = ""
    bound: list[tuple[str, str]] = []
    left = [piece for piece in row if isinstance(piece, Hole) and piece not in group]
    for index, piece in enumerate(row):
        if isinstance(piece, Constant):
            text += piece.value.replace("{", "{{").replace("}", "}}") if left else piece.value
        elif piece in group:
            name = piece.node.value if isinstance(piece.node, cst.Name) else f"value{index}" if len(group) > 1 else "value"
            bound.append((name, source.code(piece.node)))
            shown = form.format(name)
            text += shown.replace("{", "{{").replace("}", "}}") if left else shown
        else:
            text += "{" + source.code(piece.node) + "}"
    return ("f" if left else "") + literal(text, source.quote), bound


def _rendering(source: Source, call: cst.Call) -> cst.Call | None:
    """The call of `render` on a template that a call makes, at once or by a local name."""
    holder = source.parent(call)
    if isinstance(holder, cst.Attribute) and holder.attr.value.startswith("render"):
        outer = source.parent(holder)
        return outer if isinstance(outer, cst.Call) else None
    assignment = next((p for p in source.parents(call) if isinstance(p, cst.Assign)), None)
    if assignment is None or not isinstance(assignment.targets[0].target, cst.Name):
        return None
    wanted = assignment.targets[0].target.value
    for node in source.nodes(source.function_of(call)):
        if isinstance(node, cst.Call) and dotted(node.func).startswith(f"{wanted}.render"):
            return node
    return None


def _bound(source: Source, call: cst.Call, bound: list[tuple[str, str]]) -> list[Edit]:
    """The variables as arguments: into a Context's dictionary where there is one, else by name."""
    first = call.args[0].value if call.args and call.args[0].keyword is None else None
    context = first
    if isinstance(first, cst.Call) and dotted(first.func).endswith("Context"):
        context = first.args[0].value if first.args else None
        if context is None:
            end = source.span(first)[1] - 1
            return [Edit(end, end, "{" + ", ".join(f'"{n}": {v}' for n, v in bound) + "}")]
    if isinstance(context, cst.Dict) and (context is not first or not dotted(call.func).endswith("render_template_string")):
        at = source.span(context)[0] + 1
        text = ", ".join(f'"{n}": {v}' for n, v in bound)
        return [Edit(at, at, text + (", " if context.elements else ""))]
    text = ", ".join(f"{n}={v}" for n, v in bound)
    if call.args:
        end = source.span(call.args[-1])[1]
        return [Edit(end, end, f", {text}")]
    end = source.span(call)[1] - 1
    return [Edit(end, end, text)]


def _formats(place: Place) -> Iterator[Change]:
    """`(text + value).format(...)`: braces in the value are doubled, so that they stand for themselves."""
    source = place.source
    for call in place.calls:
        if not isinstance(call.func, cst.Attribute) or call.func.attr.value not in ("format", "format_map"):
            continue
        origin = built(Value(place, call.func.value))
        if origin is None or origin.place is not place:
            continue
        row = pieces(source, origin.node) or []
        for number, group in enumerate(groups(place, holes(row))):
            edits = []
            for hole in group:
                code = (
                    source.code(hole.node) if isinstance(hole.node, cst.Name | cst.Attribute) else f"({source.code(hole.node)})"
                )
                code = code if hole.text else f"str({source.code(hole.node)})"
                edits.append(source.replace(hole.node, f'{code}.replace("{{", "{{{{").replace("}}", "}}}}")'))
            yield Change(
                "a value is put into a format",
                "let braces in the value stand for themselves",
                edits_of(source, edits),
                rank=1.0 + number / 10,
            )
