"""Python, read with libcst."""

from collections.abc import Iterator, Sequence

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from mithridate.repair.reading.statements import OUTSIDE, Function, Kind, Statement, Unit, even, unit

_BROAD = frozenset({"", "Exception", "BaseException"})
_LEAVING = (cst.Return, cst.Raise, cst.Break, cst.Continue)
_QUIET = (cst.Pass, cst.Continue, cst.Break)


class PythonReader:
    """See `Reader`. A file that this grammar does not take gives an empty unit."""

    suffixes = frozenset({".py", ".pyi", ".pyw"})

    def read(self, source: bytes, suffix: str) -> Unit:  # noqa: ARG002  # all these suffixes are one grammar
        """Functions under their names with class and function around them; OUTSIDE is the module's own statements."""
        try:
            wrapper = MetadataWrapper(cst.parse_module(source))
        except (cst.ParserSyntaxError, UnicodeDecodeError, RecursionError):
            return unit([])
        reading = _Reading(wrapper)
        statements = tuple(reading.block(wrapper.module.body, (), ""))
        return unit([*reading.functions, Function(name=OUTSIDE, line=1, statements=statements)])


class _Reading:
    """One file being read."""

    def __init__(self, wrapper: MetadataWrapper) -> None:
        self._module = wrapper.module
        self._positions = wrapper.resolve(PositionProvider)
        self.functions: list[Function] = []

    def block(self, body: Sequence[cst.CSTNode], guards: tuple[str, ...], owner: str) -> Iterator[Statement]:
        for position, node in enumerate(body):
            if isinstance(node, cst.SimpleStatementLine | cst.SimpleStatementSuite):
                last = position == len(body) - 1
                for number, small in enumerate(node.body):
                    yield self._small(small, guards, ends=last and number == len(node.body) - 1)
            elif isinstance(node, cst.BaseSmallStatement):  # what stands behind a colon, on the same line
                yield self._small(node, guards, ends=position == len(body) - 1)
            elif isinstance(node, cst.FunctionDef):
                self._function(node, owner)
            elif isinstance(node, cst.ClassDef):
                yield from self.block(node.body.body, guards, f"{owner}{node.name.value}.")
            else:
                yield from self._compound(node, guards, owner)

    def _function(self, node: cst.FunctionDef, owner: str) -> None:
        name = f"{owner}{node.name.value}"
        defaults = tuple(self._calls(node.params))
        heads = [
            Statement(kind=Kind.OTHER, text=self._text(d), line=self._line(d), calls=self._calls(d)) for d in node.decorators
        ]
        place = len(self.functions)
        inside = tuple(self.block(node.body.body, (), f"{name}."))
        signature = Statement(kind=Kind.DECLARATION, text=self._text(node.params), line=self._line(node), calls=defaults)
        self.functions.insert(
            place, Function(name=name, line=self._line(node), statements=(*heads, signature, *_without_docstring(inside)))
        )

    def _small(self, node: cst.BaseSmallStatement, guards: tuple[str, ...], *, ends: bool) -> Statement:
        kind = Kind.OTHER
        calls = self._calls(node)
        if isinstance(node, _LEAVING):
            kind = Kind.EXIT
        elif calls or isinstance(node, cst.Assign | cst.AugAssign | cst.AnnAssign | cst.Del):
            kind = Kind.EFFECT
        ignored = calls[:1] if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call) else ()
        return Statement(
            kind=kind, text=self._text(node), line=self._line(node), calls=calls, ignored=ignored, guards=guards,
            cut=kind is Kind.EXIT and not guards and not ends,
        )  # fmt: skip

    def _compound(self, node: cst.CSTNode, guards: tuple[str, ...], owner: str) -> Iterator[Statement]:
        if isinstance(node, cst.If):
            yield from self._branch(node, guards, owner)
        elif isinstance(node, cst.Try | cst.TryStar):
            yield from self.block(node.body.body, guards, owner)
            for handler in node.handlers:
                yield from self._handler(handler, guards, owner)
            for part in (node.orelse, node.finalbody):
                if part is not None:
                    yield from self.block(part.body.body, guards, owner)
        elif isinstance(node, cst.While | cst.For):
            parts = (node.test,) if isinstance(node, cst.While) else (node.target, node.iter)
            told = even(" in ".join(self._text(part) for part in parts))
            never = isinstance(node, cst.While) and _truth(node.test) is False
            calls = tuple(call for part in parts for call in self._calls(part))
            yield self._head(
                "while" if isinstance(node, cst.While) else "for", told, node, guards, calls, False if never else None
            )
            yield from self.block(node.body.body, (*guards, told), owner)
            if node.orelse is not None:
                yield from self.block(node.orelse.body.body, (*guards, f"not {told}"), owner)
        elif isinstance(node, cst.With):
            for item in node.items:
                text = f"with {self._text(item.item)}"
                calls = self._calls(item.item)
                silent = any(call.rpartition(".")[2] == "suppress" for call in calls)
                yield Statement(
                    kind=Kind.HANDLER if silent else Kind.EFFECT, text=text, line=self._line(node), calls=calls, guards=guards,
                    broad=silent, swallows=silent,
                )  # fmt: skip
            yield from self.block(node.body.body, guards, owner)
        elif isinstance(node, cst.Match):
            yield self._head("match", self._text(node.subject), node, guards, self._calls(node.subject), None)
            for case in node.cases:
                told = self._text(case.pattern)
                yield self._head("case", told, case, guards, (), None)
                yield from self.block(case.body.body, (*guards, f"case {told}"), owner)

    def _branch(self, node: cst.If, guards: tuple[str, ...], owner: str) -> Iterator[Statement]:
        told = self._text(node.test)
        body = node.body.body
        ends = body[-1] if body else None
        smalls = ends.body if isinstance(ends, cst.SimpleStatementLine) else [ends] if ends else []
        leaves = bool(smalls) and isinstance(smalls[-1], _LEAVING)
        yield self._head("if", told, node.test, guards, self._calls(node.test), _truth(node.test), leaves=leaves)
        yield from self.block(body, (*guards, told), owner)
        if isinstance(node.orelse, cst.If):
            yield from self._branch(node.orelse, (*guards, f"not {told}"), owner)
        elif node.orelse is not None:
            yield from self.block(node.orelse.body.body, (*guards, f"not {told}"), owner)

    def _handler(
        self, node: cst.ExceptHandler | cst.ExceptStarHandler, guards: tuple[str, ...], owner: str
    ) -> Iterator[Statement]:
        caught = self._text(node.type) if node.type is not None else ""
        inside = tuple(self.block(node.body.body, (*guards, f"except {caught}"), owner))
        names = {name.strip(" ()") for name in caught.split(",")}
        yield Statement(
            kind=Kind.HANDLER, text=f"except {caught}", line=self._line(node), guards=guards, broad=bool(names & _BROAD),
            swallows=_says_nothing(node),
        )  # fmt: skip
        yield from inside

    def _head(
        self, word: str, told: str, node: cst.CSTNode, guards: tuple[str, ...], calls: tuple[str, ...], settled: bool | None,
        *, leaves: bool = False,
    ) -> Statement:  # fmt: skip
        return Statement(
            kind=Kind.CONDITION, text=f"{word} {told}", line=self._line(node), calls=calls, guards=guards, settled=settled,
            leaves=leaves,
        )  # fmt: skip

    def _text(self, node: cst.CSTNode) -> str:
        return even(self._module.code_for_node(node))

    def _line(self, node: cst.CSTNode) -> int:
        return int(self._positions[node].start.line)

    def _calls(self, node: cst.CSTNode) -> tuple[str, ...]:
        found = _Calls(self._module)
        node.visit(found)
        return tuple(found.names)


class _Calls(cst.CSTVisitor):
    """The names that are called, dotted as written."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__()
        self._module = module
        self.names: list[str] = []

    def visit_Call(self, node: cst.Call) -> None:
        """Outer calls before those among their arguments."""
        self.names.append(even(self._module.code_for_node(node.func)))


def _without_docstring(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    return statements[1:] if statements and statements[0].text[:1] in "\"'" and statements[0].kind is Kind.OTHER else statements


def _says_nothing(node: cst.ExceptHandler | cst.ExceptStarHandler) -> bool:
    """Only pass, continue, or the return of a value that does not depend on the error."""
    smalls: list[cst.CSTNode] = []
    for line in node.body.body:
        if isinstance(line, cst.BaseCompoundStatement):
            return False
        smalls += line.body if isinstance(line, cst.SimpleStatementLine) else [line]
    return all(
        isinstance(small, _QUIET)
        or (isinstance(small, cst.Return) and (small.value is None or _constant(small.value)))
        or (isinstance(small, cst.Expr) and isinstance(small.value, cst.Ellipsis | cst.SimpleString))
        for small in smalls
    )


def _constant(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Name):
        return node.value in ("None", "True", "False")
    if isinstance(node, cst.List | cst.Tuple | cst.Dict | cst.Set):
        return not node.elements
    return isinstance(node, cst.SimpleString | cst.Integer | cst.Float)


def _truth(node: cst.BaseExpression) -> bool | None:
    """The truth value of a condition that depends on nothing."""
    if isinstance(node, cst.Name):
        return {"True": True, "False": False, "None": False}.get(node.value)
    if isinstance(node, cst.Integer):
        return int(node.value.replace("_", ""), 0) != 0
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
        inner = _truth(node.expression)
        return None if inner is None else not inner
    if isinstance(node, cst.BooleanOperation):
        decides = isinstance(node.operator, cst.Or)
        truths = (_truth(node.left), _truth(node.right))
        opposite = any(
            isinstance(a, cst.UnaryOperation) and isinstance(a.operator, cst.Not) and a.expression.deep_equals(b)
            for a, b in ((node.left, node.right), (node.right, node.left))
        )
        if decides in truths or opposite:
            return decides
        return None if None in truths else not decides
    if isinstance(node, cst.Comparison) and len(node.comparisons) == 1:
        (target,) = node.comparisons
        if isinstance(node.left, cst.Name) and node.left.deep_equals(target.comparator):
            return isinstance(target.operator, cst.Equal | cst.LessThanEqual | cst.GreaterThanEqual | cst.Is)
    return None
