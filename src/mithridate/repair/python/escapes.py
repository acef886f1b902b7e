"""Values escaped by the grammar that they are put into: LDAP, XPath, regular expressions, log lines, response headers."""

from collections.abc import Callable, Iterator, Mapping

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.exits import exits
from mithridate.repair.python.flow import Place, Value, argument
from mithridate.repair.python.imports import modules, using
from mithridate.repair.python.pieces import Constant, Hole, holes, literal, pieces
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, Source, dotted, operand
from mithridate.repair.python.wrapped import built, groups, whole

_LOGGING = frozenset({"debug", "info", "warning", "warn", "error", "critical", "exception", "log", "fatal"})
_MATCHING = frozenset({"compile", "match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split"})
_SEARCHING = frozenset({"search", "search_s", "search_ext", "search_ext_s", "search_st", "paged_search", "bind", "simple_bind_s"})
_EXPRESSIONS = frozenset({"xpath", "XPath", "find", "findall", "findtext", "iterfind", "select", "evaluate"})

Wrapping = Callable[[Source, str], tuple[str, list[Edit]]]
"""From an expression's text to the escaped one, and the imports for it."""


class LogProposer(PythonProposer):
    """Line ends in log entries are written as escapes."""

    name = "python-log"
    kinds = frozenset({ViolationKind.LOG_INJECTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """Around each value of the call that logs."""
        cause = "a value with line ends is written to the log, where a line is an entry"
        fix = "write line ends as escapes"
        for place, call in _calls(scene, _LOGGING | {"write", "print", "writelines"}):
            values: list[tuple[cst.BaseExpression, bool]] = []
            for arg in call.args:
                if arg.keyword is not None:
                    continue
                origin = built(Value(place, arg.value))
                if origin is not None and origin.place is place:
                    row = pieces(place.source, origin.node) or []
                    values += [(h.node, h.text) for group in list(groups(place, holes(row)))[:1] for h in group]
                elif not isinstance(arg.value, cst.SimpleString | cst.Integer):
                    values.append((arg.value, False))
            if values:
                yield from (_lines(place.source, values, cause, fix, rank) for rank in (1.0, 1.1))
                return


class HeaderProposer(PythonProposer):
    """No line end in a response header."""

    name = "python-header"
    kinds = frozenset({ViolationKind.HEADER_INJECTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """Line ends are taken out of the values that make a header."""
        cause = "a value with line ends is put into a response header"
        fix = "take line ends out of the value"
        for place in scene.places[:2]:
            for node in _header_values(place):
                origin = built(Value(place, node))
                nodes = [(node, False)]
                if origin is not None and origin.place is place:
                    row = pieces(place.source, origin.node) or []
                    nodes = [(h.node, h.text) for group in list(groups(place, holes(row)))[:1] for h in group] or nodes
                edits = []
                for each, text in nodes:
                    code = operand(place.source, each) if text else _text(place.source, each)
                    edits.append(place.source.replace(each, f'{code}.replace("\\r", "").replace("\\n", "")'))
                yield Change(cause, fix, edits_of(place.source, edits))


class LdapProposer(PythonProposer):
    """Filter characters are escaped (RFC 4515)."""

    name = "python-ldap"
    kinds = frozenset({ViolationKind.LDAP_INJECTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """Around the values in a filter, or in a distinguished name."""
        for place, call in _calls(scene, _SEARCHING):
            for arg in call.args:
                origin = built(Value(place, arg.value))
                if origin is None:
                    continue
                row = pieces(origin.source, origin.node) or []
                first = next((p.value for p in row if isinstance(p, Constant)), "")
                wrap = _filter if first.lstrip().startswith("(") else _name
                yield from _all(origin, wrap, "a value is put into an LDAP expression", "escape the value for LDAP")


class RegexProposer(PythonProposer):
    """Text to be matched as it is."""

    name = "python-regex"
    kinds = frozenset({ViolationKind.REGEX_INJECTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """`re.escape` around the values in a pattern."""
        cause, fix = "a value is put into a regular expression", "match the value as plain text"
        for place, call in _calls(scene, _MATCHING):
            pattern = argument(call, 0, "pattern")
            if pattern is None:
                continue
            value = Value(place, pattern)
            origin = built(value)
            if origin is not None:
                yield from _all(origin, _pattern, cause, fix)
            elif whole(value) is not None:
                text, edits = _pattern(place.source, value.code)
                yield Change(cause, fix, edits_of(place.source, place.source.replace(pattern, text), edits))


class XPathProposer(PythonProposer):
    """Variables of the expression where the library has them, else values that are quoted or refused."""

    name = "python-xpath"
    kinds = frozenset({ViolationKind.XPATH_INJECTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """lxml's variables."""
        cause, fix = "a value is put into an XPath expression", "hand the value over as a variable of the expression"
        for place, call in _calls(scene, _EXPRESSIONS):
            first = argument(call, 0, "_path", "path", "expression")
            origin = built(Value(place, first)) if first is not None else None
            if origin is None or origin.place is not place:
                continue
            if dotted(call.func).endswith("xpath"):
                done = _variables(place, call, origin)
                if done is not None:
                    yield Change(cause, fix, edits_of(place.source, done))
            yield from _unquotable(place, origin, cause)


def _variables(place: Place, call: cst.Call, origin: Value) -> list[Edit] | None:
    """The expression with `$name` for each value in quotation marks."""
    source = place.source
    row = pieces(source, origin.node)
    if row is None:
        return None
    text, bound, names = "", [], set[str]()
    trailing = ""
    for index, piece in enumerate(row):
        if isinstance(piece, Constant):
            text += piece.value.removeprefix(trailing) if trailing else piece.value
            trailing = ""
            continue
        name = piece.node.value if isinstance(piece.node, cst.Name) else f"value{index}"
        if name in names or name in ("self", "smart_strings", "namespaces", "extensions"):
            name = f"{name}{index}"
        names.add(name)
        after = row[index + 1] if index + 1 < len(row) else None
        mark = text[-1:]
        if mark in ("'", '"') and isinstance(after, Constant) and after.value.startswith(mark):
            text, trailing = text[:-1], mark
        text += f"${name}"
        bound.append(f"{name}={source.code(piece.node)}")
    end = source.span(call.args[-1])[1]
    quote = source.quote
    node = next((n for n in source.nodes(origin.node) if isinstance(n, cst.SimpleString | cst.FormattedString)), None)
    if isinstance(node, cst.FormattedString):
        quote = node.start[-1:]
    elif isinstance(node, cst.SimpleString):
        quote = node.quote[:1]
    return [source.replace(origin.node, literal(text, quote)), Edit(end, end, ", " + ", ".join(bound))]


def _unquotable(place: Place, origin: Value, cause: str) -> Iterator[Change]:
    """Without variables: a value that holds quotation marks cannot be written as a literal of XPath 1.0, and is refused."""
    source = place.source
    row = pieces(source, origin.node) or []
    statement = source.statement_of(origin.node)
    if statement is None:
        return
    for group in groups(place, holes(row)):
        condition = " or ".join(f"""any(mark in {source.code(h.node)} for mark in "'\\"")""" for h in group)
        for end in list(exits(source, place.function, 400, "quotation marks are not allowed"))[:2]:
            edits = edits_of(source, source.before(statement, f"if {condition}:", source.step + end.statement), list(end.edits))
            yield Change(cause, "refuse values with quotation marks", edits, condition=condition, rank=1.5)


def _all(origin: Value, wrap: Wrapping, cause: str, fix: str) -> Iterator[Change]:
    """The values of a text, wrapped: those that came in, then others."""
    source = origin.source
    row = pieces(source, origin.node) or []
    for number, group in enumerate(groups(origin.place, holes(row))):
        edits: list[Edit] = []
        for hole in group:
            code = source.code(hole.node) if hole.text or _is_text(hole) else f"str({source.code(hole.node)})"
            text, more = wrap(source, code)
            edits += [source.replace(hole.node, text), *more]
        yield Change(cause, fix, edits_of(source, edits), rank=1.0 + number / 10)


def _is_text(hole: Hole) -> bool:
    return isinstance(hole.node, cst.Subscript | cst.Attribute) or not hole.number


def _filter(source: Source, code: str) -> tuple[str, list[Edit]]:
    if "ldap" in modules(source):
        shown, edits = using(source, "ldap.filter", "escape_filter_chars")
    else:
        shown, edits = using(source, "ldap3.utils.conv", "escape_filter_chars")
    return f"{shown}({code})", edits


def _name(source: Source, code: str) -> tuple[str, list[Edit]]:
    if "ldap" in modules(source):
        shown, edits = using(source, "ldap.dn", "escape_dn_chars")
    else:
        shown, edits = using(source, "ldap3.utils.dn", "escape_rdn")
    return f"{shown}({code})", edits


def _pattern(source: Source, code: str) -> tuple[str, list[Edit]]:
    shown, edits = using(source, "re")
    return f"{shown}.escape({code})", edits


def _lines(source: Source, values: list[tuple[cst.BaseExpression, bool]], cause: str, fix: str, rank: float) -> Change:
    """Two ways: what a line end is, written out; all that is not printable, written out."""
    edits = []
    for node, text in values:
        code = operand(source, node) if text else _text(source, node)
        escaped = (
            f'{code}.replace("\\r", "\\\\r").replace("\\n", "\\\\n")'
            if rank == 1.0
            else f'{code}.encode("unicode_escape").decode("ascii")'
        )
        edits.append(source.replace(node, escaped))
    return Change(cause, fix, edits_of(source, edits), rank=rank)


def _text(source: Source, node: cst.BaseExpression) -> str:
    """The value as a str: itself where it surely is one."""
    if isinstance(node, cst.Call) and dotted(node.func).endswith(".get") and len(node.args) > 1:
        default = node.args[1].value
        if isinstance(default, cst.SimpleString):
            return source.code(node)
    return f"str({source.code(node)})"


def _calls(scene: Scene, names: frozenset[str]) -> Iterator[tuple[Place, cst.Call]]:
    for place in scene.places[:3]:
        for call in place.calls:
            if dotted(call.func).rpartition(".")[2] in names:
                yield place, call


_SETTING: Mapping[str, int] = {
    "send_header": 1,
    "set_header": 1,
    "add_header": 1,
    "setdefault": 1,
    "append_header": 1,
    "add": 1,
    "set": 1,
    "__setitem__": 1,
}


def _header_values(place: Place) -> Iterator[cst.BaseExpression]:
    """What a line sets a header to: by a call, an assignment to headers, or in a list of pairs."""
    source = place.source
    nodes = list(source.nodes(place.function)) if place.vague else place.source.at_line(place.line, place.function)
    for node in nodes:
        if isinstance(node, cst.Call) and (at := _SETTING.get(dotted(node.func).rpartition(".")[2])) is not None:
            value = argument(node, at, "value")
            if value is not None and not isinstance(value, cst.SimpleString):
                yield value
    for node in source.nodes(place.function):
        value = _header_of(node)
        if value is not None and not isinstance(value, cst.SimpleString):
            yield value


def _header_of(node: cst.CSTNode) -> cst.BaseExpression | None:
    """The value of a header in an assignment to headers, a pair, or a dictionary."""
    match node:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Subscript(value=held))]):
            name = dotted(held)
            return node.value if "headers" in name or "response" in name or name in ("resp", "answer") else None
        case cst.Tuple(elements=[cst.Element(value=cst.SimpleString() as name), cst.Element(value=value)]):
            return value if _is_header(name) else None
        case cst.DictElement(key=cst.SimpleString() as name, value=value):
            return value if _is_header(name) else None
        case _:
            return None


def _is_header(name: cst.SimpleString) -> bool:
    text = str(name.evaluated_value)
    return "-" in text or text == "Location"
