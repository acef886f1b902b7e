"""Cross-site scripting: values escaped for the place in the page that they are put into (CWE-79)."""

import re
from collections.abc import Iterator, Sequence

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.flow import Place, Value, argument, origins
from mithridate.repair.python.helper import defined_before, free_name
from mithridate.repair.python.imports import imported, meant, using
from mithridate.repair.python.page_context import Context, context
from mithridate.repair.python.pieces import Constant, Hole, Piece, holes, pieces
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, Source, dotted
from mithridate.repair.python.wrapped import groups

_CAUSE = "a value is put into a page as it is"
_FIX = "escape the value for the place in the page that it is put into"
_RAW = frozenset({"Markup", "mark_safe", "SafeString", "SafeText", "HTML", "literal"})
_MARKUP = re.compile(r"<[a-zA-Z!/]|&\w+;")
_ANSWERING = frozenset({"Response", "HttpResponse", "HTMLResponse", "make_response", "write", "HttpResponseBadRequest", "send"})

_SCRIPTS = {
    True: (
        "def {name}(value):",
        '    """`value` for the inside of a string in a script, in either kind of quotation marks."""',
        "    text = {json}.dumps(str(value), ensure_ascii=False)[1:-1]",
        """    return text.replace("'", "\\\\u0027").replace("<", "\\\\u003c").replace("`", "\\\\u0060")""",
    ),
    False: (
        "def {name}(value):",
        '    """`value` as an expression of a script."""',
        """    return {json}.dumps(value).replace("<", "\\\\u003c")""",
    ),
}


class MarkupProposer(PythonProposer):
    """Text that a function makes a page of; what it says is safe and is not; templates that do not escape."""

    name = "python-markup"
    kinds = frozenset({ViolationKind.CROSS_SITE_SCRIPTING})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """At the innermost frame that makes a page, else in its templates."""
        for place in scene.places[:3]:
            found = False
            for change in (*_texts(place), *_declared(place), *_autoescape(place)):
                found = True
                yield change
            for change in _of_templates(scene, place):
                found = True
                yield change
            if found:
                return


def _texts(place: Place) -> Iterator[Change]:
    """The strings with markup in the function, those of the line first."""
    source = place.source
    done: set[int] = set()
    nodes = [] if place.vague else source.at_line(place.line, place.function)
    for node in (*nodes, *source.nodes(place.function)):
        if not isinstance(node, cst.BaseExpression) or id(node) in done:
            continue
        row = pieces(source, node)
        if row is None or not holes(row) or not any(isinstance(p, Constant) and _MARKUP.search(p.value) for p in row):
            continue
        done |= {id(inner) for inner in source.nodes(node)}
        if not any(isinstance(p, cst.Call) and dotted(p.func).rpartition(".")[2] in _RAW for p in source.parents(node)):
            yield from _escaped(place, row)
    yield from _bare(place)


def _escaped(place: Place, row: Sequence[Piece]) -> Iterator[Change]:
    source = place.source
    for number, group in enumerate(groups(place, holes(row))):
        edits: list[Edit] = []
        before = ""
        for piece in row:
            if isinstance(piece, Constant):
                before += piece.value
            elif piece in group:
                edits += _in_context(place, piece, context(before))
                before += "x"
            else:
                before += "x"
        yield Change(_CAUSE, _FIX, edits_of(source, edits), rank=1.0 + number / 10)


def _in_context(place: Place, hole: Hole, where: Context) -> list[Edit]:
    source = place.source
    code = source.code(hole.node)
    text = code if hole.text or _surely_text(Value(place, hole.node)) else f"str({code})"
    if where.script:
        shown, extra = using(source, "json")
        name = free_name(source, "script_text" if where.quote else "script_value")
        helper = defined_before(
            source, place.function, [line.format(name=name, json=shown) for line in _SCRIPTS[bool(where.quote)]]
        )
        return [source.replace(hole.node, f"{name}({code})"), helper, *extra]
    shown, extra = _escape_function(source)
    edits = [source.replace(hole.node, f"{shown}({text})"), *extra]
    if where.unquoted:
        mark = "'" if source.text[hole.start - 40 : hole.start].rfind('"') >= 0 else '"'
        edits += [Edit(hole.start, hole.start, mark), Edit(hole.end, hole.end, mark)] if not hole.text else []
    return edits


def _bare(place: Place) -> Iterator[Change]:
    """A value that is the whole page."""
    source = place.source
    for node in source.nodes(place.function):
        value: cst.BaseExpression | None = None
        if isinstance(node, cst.Return) and source.function_of(node) is place.function:
            value = node.value
            if isinstance(value, cst.Tuple) and value.elements:
                value = value.elements[0].value
        if isinstance(node, cst.Call) and dotted(node.func).rpartition(".")[2] in _ANSWERING:
            value = argument(node, 0, "content", "response", "text", "body")
        if value is None or isinstance(value, cst.SimpleString | cst.Dict | cst.List):
            continue
        if isinstance(value, cst.Call) and not dotted(value.func).endswith((".get", ".read", "getvalue", "format", "decode")):
            continue
        if pieces(source, value) is not None or any(pieces(o.source, o.node) for o in origins(Value(place, value))):
            row = pieces(source, value)
            if row is None or any(isinstance(p, Constant) and _MARKUP.search(p.value) for p in row):
                continue
        shown, extra = _escape_function(source)
        code = source.code(value)
        text = code if _surely_text(Value(place, value)) else f"str({code})"
        yield Change(_CAUSE, _FIX, edits_of(source, source.replace(value, f"{shown}({text})"), extra), rank=1.5)


def _declared(place: Place) -> Iterator[Change]:
    """`Markup(…)` and `mark_safe(…)` of what is not: escaped instead, or its values escaped."""
    source = place.source
    for call in place.all_calls:
        name = dotted(call.func).rpartition(".")[2]
        if name not in _RAW or not call.args or isinstance(call.args[0].value, cst.SimpleString):
            continue
        value = call.args[0].value
        row = pieces(source, value)
        if row is not None and holes(row):
            yield from _escaped(place, row)
            continue
        django = meant(source, call.func).startswith("django")
        shown, extra = using(source, "django.utils.html" if django else "markupsafe", "escape")
        yield Change(
            "a value is declared to be safe markup", "escape the value", edits_of(source, source.replace(call.func, shown), extra)
        )


def _autoescape(place: Place) -> Iterator[Change]:
    """Environments of Jinja2 in the file that do not escape."""
    source = place.source
    for node in source.nodes():
        if not isinstance(node, cst.Call) or not meant(source, node.func).endswith(("jinja2.Environment", "jinja2.Template")):
            continue
        given = next((arg for arg in node.args if arg.keyword is not None and arg.keyword.value == "autoescape"), None)
        if given is None:
            end = source.span(node.args[-1])[1] if node.args else source.span(node)[1] - 1
            edit = Edit(end, end, f"{', ' if node.args else ''}autoescape=True")
        elif source.code(given.value) == "False":
            edit = source.replace(given.value, "True")
        else:
            continue
        yield Change("templates are rendered without escaping", "let the templates escape", edits_of(source, edit), rank=1.2)


_SAFE = re.compile(r"\s*\|\s*safe\b(?!\w)|\s*\|\s*n\b(?=\s*\})")
_OFF = re.compile(r"(\{%-?\s*autoescape\s+)(false|off)(\s*-?%\})")
_NAMED = re.compile(r"""\{%-?\s*(?:include|extends|import|from)\s+["']([^"']+)["']""")


def _of_templates(scene: Scene, place: Place) -> Iterator[Change]:
    """Templates that the line names: a filter that turns escaping off is taken away, each alone, then all of a file."""
    cause, fix = "a template puts a value into the page as it is", "let the template escape the value"
    for name in _template_names(place):
        for path in _template_files(scene, name):
            data = scene.file(path)
            text = data.decode("utf-8", "replace") if data is not None else ""
            spots = [(m.start(), m.end(), "") for m in _SAFE.finditer(text)]
            spots += [(m.start(2), m.end(2), {"false": "true", "off": "on"}[m[2]]) for m in _OFF.finditer(text)]
            for start, end, new in spots[:6]:
                yield Change(cause, fix, files={path: (text[:start] + new + text[end:]).encode()}, rank=1.0)
            if len(spots) > 1:
                every = text
                for start, end, new in sorted(spots, reverse=True):
                    every = every[:start] + new + every[end:]
                yield Change(cause, fix, files={path: every.encode()}, rank=1.1)


def _template_names(place: Place) -> Iterator[str]:
    for call in place.all_calls if place.vague else place.calls:
        if "template" in dotted(call.func).lower() or dotted(call.func).rpartition(".")[2] in ("render", "TemplateResponse"):
            for arg in call.args:
                value = arg.value.evaluated_value if isinstance(arg.value, cst.SimpleString) else None
                if isinstance(value, str) and "." in value:
                    yield value


def _template_files(scene: Scene, name: str, depth: int = 4) -> Iterator[str]:
    """The files of that name below the tree's template folders, and those that they include."""
    for path in sorted(scene.tree.rglob(name.rpartition("/")[2]))[:20]:
        shown = path.relative_to(scene.tree).as_posix()
        if not shown.endswith(name) or path.is_symlink():
            continue
        yield shown
        text = (scene.file(shown) or b"").decode("utf-8", "replace")
        for found in _NAMED.finditer(text) if depth else ():
            yield from _template_files(scene, found[1], depth - 1)


def _escape_function(source: Source) -> tuple[str, list[Edit]]:
    """What the file has already, else the standard library's."""
    for shown, what in imported(source).items():
        if what in ("html.escape", "django.utils.html.escape"):
            return shown, []
    if "html" in imported(source) and imported(source)["html"] != "html":
        return using(source, "html", "escape")
    shown, extra = using(source, "html")
    taken = {
        n.value for n in source.nodes() if isinstance(n, cst.Name) and isinstance(source.parent(n), cst.AssignTarget | cst.Param)
    }
    if shown == "html" and "html" in taken:
        return using(source, "html", "escape")
    return f"{shown}.escape", extra


def _surely_text(value: Value) -> bool:
    for origin in origins(value):
        node = origin.node
        if isinstance(node, cst.Call) and dotted(node.func).endswith((".get", "getlist")) and len(node.args) > 1:
            return isinstance(node.args[1].value, cst.SimpleString)
        if pieces(origin.source, node) is not None:
            return True
    return False
