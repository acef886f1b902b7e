"""Code from outside: literals are read as such (CWE-95), and modules are those that the project lists (CWE-829)."""

from collections.abc import Iterator

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.flow import Place, Value, argument, origins
from mithridate.repair.python.guards import default_of, guarded
from mithridate.repair.python.helper import defined_before, free_name
from mithridate.repair.python.imports import meant, using
from mithridate.repair.python.pieces import Constant, Hole, holes, pieces
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, Source
from mithridate.repair.python.wrapped import built, groups

_CAUSE = "text from outside is evaluated as code"
_ARITHMETIC = (
    "def {name}(text):",
    '    """The value of a literal, or of a sum of numbers. Raises ValueError for anything else."""',
    "    operators = {{",
    "        {ast}.Add: {operator}.add,",
    "        {ast}.Sub: {operator}.sub,",
    "        {ast}.Mult: {operator}.mul,",
    "        {ast}.Div: {operator}.truediv,",
    "        {ast}.FloorDiv: {operator}.floordiv,",
    "        {ast}.Mod: {operator}.mod,",
    "    }}",
    "",
    "    def value(node):",
    "        if isinstance(node, {ast}.BinOp) and type(node.op) in operators:",
    "            left, right = value(node.left), value(node.right)",
    "            if isinstance(left, (int, float)) and isinstance(right, (int, float)):",
    "                return operators[type(node.op)](left, right)",
    '            raise ValueError("not a sum of numbers")',
    "        return {ast}.literal_eval(node)",
    "",
    '    return value({ast}.parse(text, mode="eval").body)',
)


class CodeProposer(PythonProposer):
    """`ast.literal_eval` in place of `eval`; values in code of the project's own as literals."""

    name = "python-code"
    kinds = frozenset({ViolationKind.CODE_INJECTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """Where the text is evaluated."""
        for place in scene.places[:3]:
            for call in place.calls:
                name = meant(place.source, call.func)
                first = argument(call, 0, "source", "expression")
                if name not in ("eval", "builtins.eval", "exec", "builtins.exec", "compile") or first is None:
                    continue
                origin = built(Value(place, first))
                if origin is not None:
                    yield from _literal_values(origin)
                if name.endswith("eval"):
                    yield from _literals(place, call, first)
                return


def _literals(place: Place, call: cst.Call, first: cst.BaseExpression) -> Iterator[Change]:
    source = place.source
    shown, extra = using(source, "ast")
    code = source.code(first)
    literal = source.replace(call, f"{shown}.literal_eval({code})")
    yield Change(_CAUSE, "read the text as a literal", edits_of(source, literal, extra), rank=1.0)
    name = free_name(source, "calculated")
    operators, more = using(source, "operator")
    helper = defined_before(
        source, place.function, [line.format(name=name, ast=shown, operator=operators) for line in _ARITHMETIC]
    )
    edits = edits_of(source, source.replace(call, f"{name}({code})"), helper, extra, more)
    yield Change(_CAUSE, "read the text as a literal or a sum of numbers", edits, rank=1.5)


def _literal_values(origin: Value) -> Iterator[Change]:
    """Values that stand between quotation marks in code of the project's own are written as literals."""
    source = origin.source
    row = pieces(source, origin.node) or []
    for group in groups(origin.place, holes(row)):
        edits: list[Edit] = []
        for index, piece in enumerate(row):
            before, after = row[index - 1] if index else None, row[index + 1] if index + 1 < len(row) else None
            if not isinstance(piece, Hole) or piece not in group:
                continue
            if not isinstance(before, Constant) or not isinstance(after, Constant):
                break
            mark = before.raw[-1:]
            if mark not in ("'", '"') or not after.raw.startswith(mark):
                break
            edits.append(source.replace(piece.node, f"repr({source.code(piece.node)})"))
            edits += [Edit(before.end - 1, before.end, ""), Edit(after.start, after.start + 1, "")]
        else:
            yield Change(
                "a value is put into code that is evaluated", "write the value as a literal", edits_of(source, edits), rank=0.9
            )


class ImportProposer(PythonProposer):
    """Only modules that the project lists."""

    name = "python-import"
    kinds = frozenset({ViolationKind.UNTRUSTED_IMPORT})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """The lists of names in the file, those first that hold the default."""
        cause = "a module is imported whose name comes from outside"
        for place in scene.places[:3]:
            for call in place.calls:
                if meant(place.source, call.func) not in ("importlib.import_module", "__import__", "runpy.run_module"):
                    continue
                first = argument(call, 0, "name", "mod_name")
                if first is None:
                    continue
                value = Value(place, first)
                default = next((d.strip("'\"") for o in origins(value) if (d := default_of(o)) is not None), "")
                for name, names in sorted(listed(place.source), key=lambda pair: default not in pair[1]):
                    if not all(each.replace(".", "").isidentifier() for each in names):
                        continue

                    def unknown(held: str, name: str = name) -> str:
                        return f"{held} not in {name}"

                    for text, edits in guarded(place, first, "name", unknown, 404, "not a known module"):
                        rank = 1.0 if default in names else 1.3
                        fix = "import only the modules that are listed"
                        yield Change(cause, fix, edits_of(place.source, edits), condition=text, rank=rank)
                return


def listed(source: Source) -> list[tuple[str, tuple[str, ...]]]:
    """Names of the module that stand for rows of text: {"PLUGINS": ("json", "csv")}, also keys of dictionaries."""
    found = []
    for statement in source.module.body:
        for node in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            if not isinstance(node, cst.Assign | cst.AnnAssign) or node.value is None:
                continue
            target = node.targets[0].target if isinstance(node, cst.Assign) else node.target
            value = node.value
            if isinstance(value, cst.Call) and value.args:
                value = value.args[0].value
            texts: list[str] = []
            match value:
                case cst.Tuple() | cst.List() | cst.Set():
                    texts = [str(e.value.evaluated_value) for e in value.elements if isinstance(e.value, cst.SimpleString)]
                    whole = len(texts) == len(value.elements)
                case cst.Dict():
                    texts = [
                        str(e.key.evaluated_value)
                        for e in value.elements
                        if isinstance(e, cst.DictElement) and isinstance(e.key, cst.SimpleString)
                    ]
                    whole = len(texts) == len(value.elements)
                case _:
                    continue
            if texts and whole and isinstance(target, cst.Name):
                found.append((target.value, tuple(texts)))
    return found
