"""SQL injection: values are bound, names are checked (CWE-89)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.exits import exits
from mithridate.repair.python.flow import Place, Value, argument, assignments, caller, given, origins, parameters
from mithridate.repair.python.imports import meant, modules
from mithridate.repair.python.pieces import Constant, Hole, Piece, holes, literal, pieces
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, Source, dotted, operand

_EXECUTING = frozenset(
    {"execute", "executemany", "executescript", "raw", "exec_driver_sql", "scalar", "scalars", "read_sql", "read_sql_query"}
    | {"fetch", "fetchrow", "fetchval", "fetch_all", "fetch_one", "query", "extra", "sql", "text", "RawSQL", "select"}
)
_STYLES = (
    ("sqlite3", "?"),
    ("aiosqlite", "?"),
    ("pyodbc", "?"),
    ("duckdb", "?"),
    ("psycopg", "%s"),
    ("psycopg2", "%s"),
    ("pymysql", "%s"),
    ("MySQLdb", "%s"),
    ("mysql.connector", "%s"),
    ("django", "%s"),
    ("asyncpg", "$"),
    ("oracledb", ":"),
    ("cx_Oracle", ":"),
)
_NAMED = re.compile(r"(?:\b(?:from|join|into|update|table|order\s+by|group\s+by|by|desc|asc)|[.`\[\"])\s*$", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:order|group)\s+by\s+[\w.\s,]*,\s*$|\bselect\s+(?:distinct\s+)?$", re.IGNORECASE)
_CAUSE = "a value is put into the text of an SQL statement instead of being bound"


@dataclass(frozen=True, slots=True)
class _Bound:
    """A string expression with placeholders in it: edits, the expressions to bind, and those that stand for names."""

    edits: tuple[Edit, ...]
    values: tuple[str, ...]
    names: tuple[Hole, ...]


class SqlProposer(PythonProposer):
    """Parameterised queries in the style of the driver in use."""

    name = "python-sql"
    kinds = frozenset({ViolationKind.SQL_INJECTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """At the innermost frame that builds a statement; the driver's style first, then others."""
        for place in scene.places[:4]:
            for call in place.calls:
                if dotted(call.func).rpartition(".")[2] not in _EXECUTING and place is not scene.places[0]:
                    continue
                statement = argument(call, 0, "sql", "query", "statement", "operation", "text")
                if statement is None:
                    continue
                found = False
                for change in _bound(scene, place, call, statement):
                    found = True
                    yield change
                if found:
                    return


def styles(scene: Scene, place: Place) -> list[str]:
    """Placeholder styles, the likeliest first: by what the file imports, then by what the project's files do."""
    used = modules(place.source)
    found = [style for name, style in _STYLES if name in used]
    texts = [path.read_bytes() for path in sorted(scene.tree.rglob("*.py"))[:400] if path.is_file() and not path.is_symlink()]
    for name, style in _STYLES:
        word = re.compile(rb"^\s*(?:import|from)\s+" + re.escape(name.encode()) + rb"\b", re.MULTILINE)
        if any(word.search(text) for text in texts):
            found.append(style)
    return list(dict.fromkeys([*found, "?", "%s"]))[:3]


def _bound(scene: Scene, place: Place, call: cst.Call, statement: cst.BaseExpression) -> Iterator[Change]:
    source = place.source
    inner = statement
    wrapped = isinstance(statement, cst.Call) and meant(source, statement.func).endswith("text") and bool(statement.args)
    if wrapped and isinstance(statement, cst.Call):
        inner = statement.args[0].value
    alchemy = wrapped or meant(source, call.func).endswith(("sqlalchemy.text", "sqlalchemy.sql.text"))
    value = Value(place, inner)
    for origin in origins(value):
        row = pieces(origin.source, origin.node)
        if row is None or not holes(row):
            continue
        if origin.place is place:
            for number, style in enumerate(["named"] if alchemy else styles(scene, place)):
                yield from _local(place, call, origin, style, 1.0 + number / 10)
        else:
            yield from _called(scene, place, call, statement, origin)
        return
    if isinstance(inner, cst.Name) and not alchemy:  # made in several steps, as by `+=`
        for number, style in enumerate(styles(scene, place)):
            yield from _stepwise(place, call, inner, style, 1.0 + number / 10)


def _local(place: Place, call: cst.Call, origin: Value, style: str, rank: float) -> Iterator[Change]:
    source = place.source
    known, many = _parameters(source, call, style)
    if known is None:
        return
    done = _rewritten(source, origin.node, style, len(known))
    if done is None:
        return
    edits = list(done.edits)
    if done.values:
        edits.extend(_given(source, call, done.values, known, style, many))
    yield from _checked(place, origin, done, edits, rank)


def _checked(place: Place, origin: Value, done: _Bound, edits: Sequence[Edit], rank: float) -> Iterator[Change]:
    """With a check of what stands for a name, where there is any."""
    source = place.source
    if not done.names:
        fix = "bind the value as a parameter of the statement"
        yield Change(_CAUSE, fix, edits_of(source, edits), rank=rank)
        return
    statement = source.statement_of(origin.node)
    if statement is None:
        return
    for end in list(exits(source, place.function, 400, "not the name of a column"))[:2]:
        checks: list[str] = []
        conditions = []
        for hole in done.names:
            condition = f"not {operand(source, hole.node)}.isidentifier()"
            conditions.append(condition)
            checks += [f"if {condition}:", source.step + end.statement]
        cause = "a value is put into an SQL statement as the name of a column or table"
        fix = "refuse what is no plain name"
        every = edits_of(source, edits, source.before(statement, *checks), list(end.edits))
        yield Change(cause, fix, every, condition=" or ".join(conditions), rank=rank)


def _rewritten(source: Source, node: cst.BaseExpression, style: str, known: int) -> _Bound | None:
    """Placeholders for the holes of a string expression."""
    row = pieces(source, node)
    if row is None:
        return None
    text = ""
    made: list[Piece | str] = []
    values: list[str] = []
    names: list[Hole] = []
    index = 0
    while index < len(row):
        piece = row[index]
        if isinstance(piece, Constant):
            made.append(piece.value.replace("%", "%%") if style == "%s" and "%" in piece.value else piece.value)
            text += piece.value
            index += 1
            continue
        opened = _open_quote(text)
        if opened == "'":
            group, index = _quoted(row, index)
            if group is None:
                return None
            before = text[text.rindex("'") + 1 :] if text.count("'") else ""
            values.append(_sum(source, before, group))
            placeholder = _placeholder(style, known + len(values))
            made[-1] = str(made[-1])[: str(made[-1]).rindex("'")]
            made.append(placeholder)
            text = text[: text.rindex("'")] + "?"
            rest = row[index]
            assert isinstance(rest, Constant)
            tail = rest.value[rest.value.index("'") + 1 :]
            row = [*row[:index], Constant(tail, rest.start, rest.end, tail), *row[index + 1 :]]
            continue
        if opened in ('"', "`") or _NAMED.search(text) or _LISTED.search(text):
            names.append(piece)
            made.append(piece)
            text += "x"
        else:
            values.append(source.code(piece.node))
            made.append(_placeholder(style, known + len(values)))
            text += "?"
        index += 1
    if not values and not names:
        return None
    if not values:
        return _Bound((), (), tuple(names))
    return _Bound((source.replace(node, _spelled(source, node, made)),), tuple(values), tuple(names))


def _open_quote(text: str) -> str:
    """The quotation mark that is open at the end of a piece of SQL, "" for none."""
    opened = ""
    for character in text:
        if opened:
            opened = "" if character == opened else opened
        elif character in "'\"`":
            opened = character
    return opened


def _quoted(row: Sequence[Piece], index: int) -> tuple[list[Hole | str] | None, int]:
    """The holes and texts from a position to the end of the SQL literal, and the position of the piece that ends it."""
    group: list[Hole | str] = []
    while index < len(row):
        piece = row[index]
        if isinstance(piece, Hole):
            group.append(piece)
        elif "'" in piece.value:
            group.append(piece.value[: piece.value.index("'")])
            return group, index
        else:
            group.append(piece.value)
        index += 1
    return None, index


def _sum(source: Source, before: str, group: Sequence[Hole | str]) -> str:
    """The text that stood within the literal, as an expression."""
    parts = [p for p in (before, *group) if p != ""]
    if len(parts) == 1 and isinstance(parts[0], Hole):
        return source.code(parts[0].node)
    spelled = []
    for part in parts:
        if isinstance(part, str):
            spelled.append(literal(part, source.quote))
        else:
            spelled.append(operand(source, part.node) if part.text else f"str({source.code(part.node)})")
    return " + ".join(spelled)


def _placeholder(style: str, number: int) -> str:
    return {"$": f"${number}", ":": f":{number}", "named": f":value{number}"}.get(style, style)


def _spelled(source: Source, node: cst.BaseExpression, made: Sequence[Piece | str]) -> str:
    """The statement as a literal; an f-string when names are still put in."""
    quote = source.quote
    first = next((n for n in source.nodes(node) if isinstance(n, cst.SimpleString | cst.FormattedString)), None)
    if isinstance(first, cst.SimpleString):
        quote = first.quote[:1]
    elif isinstance(first, cst.FormattedString):
        quote = first.start[-1:]
    left = [piece for piece in made if isinstance(piece, Hole)]
    if not left:
        return literal("".join(str(piece) for piece in made), quote)
    text = "".join(
        "{" + source.code(piece.node) + "}" if isinstance(piece, Hole) else str(piece).replace("{", "{{").replace("}", "}}")
        for piece in made
    )
    return "f" + literal(text, quote)


def _parameters(source: Source, call: cst.Call, style: str) -> tuple[list[str] | None, bool]:
    """The expressions that are bound already, None when they cannot be seen, and whether they come one by one."""
    spread = style == "$"
    plain = [arg for arg in call.args if arg.keyword is None]
    if any(arg.star for arg in plain):
        return None, spread
    if spread:
        return [source.code(arg.value) for arg in plain[1:]], True
    bound = argument(call, 1, "params", "parameters", "args", "vars")
    if bound is None:
        return [], False
    if isinstance(bound, cst.Tuple | cst.List) and not any(isinstance(e, cst.StarredElement) for e in bound.elements):
        return [source.code(element.value) for element in bound.elements], False
    return None, False


def _given(source: Source, call: cst.Call, values: Sequence[str], known: Sequence[str], style: str, spread: bool) -> list[Edit]:
    """The values as arguments of the call, behind those that are there."""
    if style == "named":
        return _named(source, call, values)
    if spread:
        return [_appended(source, call, ", ".join(values))]
    bound = argument(call, 1, "params", "parameters", "args", "vars")
    if bound is not None:
        every = [*known, *values]
        return [source.replace(bound, _row(every, bound))]
    keyword = "params=" if dotted(call.func).rpartition(".")[2] in ("read_sql", "read_sql_query") else ""
    return [_appended(source, call, keyword + _row(values, None))]


def _row(values: Sequence[str], like: cst.BaseExpression | None) -> str:
    if isinstance(like, cst.List):
        return "[" + ", ".join(values) + "]"
    inner = ", ".join(values) + ("," if len(values) == 1 else "")
    return inner if like is not None and isinstance(like, cst.Tuple) and like.lpar else f"({inner})"


def _named(source: Source, call: cst.Call, values: Sequence[str]) -> list[Edit]:
    pairs = ", ".join(f'"value{number}": {value}' for number, value in enumerate(values, 1))
    if meant(source, call.func).endswith("text"):
        bound = ", ".join(f"value{number}={value}" for number, value in enumerate(values, 1))
        end = source.span(call)[1]
        return [Edit(end, end, f".bindparams({bound})")]
    return [_appended(source, call, "{" + pairs + "}")]


def _appended(source: Source, call: cst.Call, text: str) -> Edit:
    """One more positional argument, behind the first."""
    plain = [arg for arg in call.args if arg.keyword is None]
    end = _argument_end(source, plain[-1] if plain else call.args[0])
    return Edit(end, end, f", {text}")


def _argument_end(source: Source, arg: cst.Arg) -> int:
    return source.span(arg)[1]


def _called(scene: Scene, place: Place, call: cst.Call, statement: cst.BaseExpression, origin: Value) -> Iterator[Change]:
    """The statement comes from the caller of a function that executes it: values are handed on through that function."""
    found = caller(place)
    if found is None or not isinstance(statement, cst.Name) or not isinstance(place.function, cst.FunctionDef):
        return
    outer, outer_call = found
    if given(place, outer_call, statement.value) is None or outer is not origin.place:
        return
    for number, style in enumerate(styles(scene, place)):
        done = _rewritten(origin.source, origin.node, style, 0)
        if done is None or done.names or not done.values or style == "$":
            continue
        bound = argument(call, 1, "params", "parameters", "args")
        inside: list[Edit] = []
        if isinstance(bound, cst.Name) and bound.value in parameters(place.function):
            if given(place, outer_call, bound.value) is not None:
                continue
            name = bound.value
        elif bound is None:
            name = "parameters"
            params = place.function.params
            last = params.params[-1] if params.params else None
            if last is None or params.star_arg is not cst.MaybeSentinel.DEFAULT or params.kwonly_params:
                continue
            end = place.source.span(last)[1]
            inside = [Edit(end, end, f", {name}=()"), _appended(place.source, call, name)]
        else:
            continue
        end = origin.source.span(outer_call.args[-1])[1] if outer_call.args else 0
        outside = [*done.edits, Edit(end, end, f", {name}={_row(done.values, None)}")]
        fix = "bind the value as a parameter of the statement, handed on to where it is executed"
        yield Change(_CAUSE, fix, (*edits_of(place.source, inside), *edits_of(origin.source, outside)), rank=1.0 + number / 10)


def _stepwise(place: Place, call: cst.Call, name: cst.Name, style: str, rank: float) -> Iterator[Change]:
    """A statement that grows by `+=`: the values are collected in a list beside it."""
    source = place.source
    steps = assignments(source, place.function, name.value)
    known, spread = _parameters(source, call, style)
    if not steps or known or known is None or spread or not any(isinstance(s, cst.AugAssign) for s in steps):
        return
    collected = "parameters" if "parameters" not in source.code(place.function) else "bound"
    edits: list[Edit] = []
    first = source.statement_of(steps[0])
    if first is None:
        return
    started = False
    for step in steps:
        value = step.value
        done = _rewritten(source, value, style, 0) if value is not None else None
        statement = source.statement_of(step)
        if done is None or statement is None:
            if not started:
                edits.append(source.before(first, f"{collected} = []"))
                started = True
            continue
        if done.names:
            return
        edits.extend(done.edits)
        if not started:
            edits.append(source.before(first, f"{collected} = [{', '.join(done.values)}]"))
            started = True
        elif len(done.values) == 1:
            edits.append(source.after(statement, f"{collected}.append({done.values[0]})"))
        else:
            edits.append(source.after(statement, f"{collected} += [{', '.join(done.values)}]"))
    if any(edit.text.lstrip().startswith(collected) for edit in edits):
        edits.append(_appended(source, call, collected))
        yield Change(_CAUSE, "bind the values as parameters of the statement", edits_of(source, edits), rank=rank)
