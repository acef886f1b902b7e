"""Text of a rule pack → its syntax tree."""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import cast

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from mithridate.estate.rules.terms import (
    Argument,
    Assume,
    Atom,
    Comparison,
    Constant,
    Cost,
    Fix,
    Pack,
    Place,
    Predicate,
    Role,
    Rule,
    Variable,
)
from mithridate.model.errors import UsageError

LARGEST_PACK = 4 << 20
"""Characters; a longer text is no pack that somebody wrote."""

_Node = Tree[Token]

_EXPECTED = {
    "NAME": "a name in small letters",
    "VARIABLE": "a variable",
    "STRING": "a text in quotes",
    "NUMBER": "a number",
    "TECHNIQUE": "an ATT&CK technique such as T1190",
    "LPAR": '"("',
    "RPAR": '")"',
    "COMMA": '","',
    "DOT": '"."',
    "ROLE": "a declaration",
    "OPERATOR": "a comparison",
    "__ANON_0": '":-"',
    "$END": "the end",
}


def parse(text: str, name: str) -> Pack:
    """The pack in `text`; `name` is where it comes from, for messages. UsageError tells line and column of the first mistake."""
    if len(text) > LARGEST_PACK:
        raise UsageError(f"{name}: {len(text)} characters are too many for a rule pack", hint=f"at most {LARGEST_PACK}")
    try:
        tree = _lark().parse(text)
    except UnexpectedInput as error:
        raise UsageError(
            f"{name}:{error.line}:{error.column}: {_mistake(error)}", hint=error.get_context(text).rstrip()
        ) from None
    except RecursionError:
        raise UsageError(f"{name}: nested too deeply for a rule pack") from None
    return _Reader(name).pack(tree)


@cache
def _lark() -> Lark:
    grammar = resources.files(__package__).joinpath("grammar.lark").read_text()
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _mistake(error: UnexpectedInput) -> str:
    expected = sorted({_EXPECTED.get(name, f'"{name.lower()}"') for name in _names(error)})
    wanted = f"; expected {' or '.join(expected[:6])}" if expected else ""
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return f"{str(error.token)!r} does not fit here{wanted}"
    if isinstance(error, UnexpectedCharacters):
        return f"a character that does not fit here{wanted}"
    return f"the text ends too early{wanted}"


def _names(error: UnexpectedInput) -> Iterator[str]:
    if isinstance(error, UnexpectedToken):
        yield from error.accepts or error.expected
    elif isinstance(error, UnexpectedCharacters):
        yield from error.allowed or ()
    elif isinstance(error, UnexpectedEOF):
        yield from error.expected


class _Reader:
    """Turns the parser's tree into ours."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._pack = ""
        self._anonymous = 0

    def pack(self, tree: _Node) -> Pack:
        head, *statements = _trees(tree)
        name, title = _tokens(head)
        self._pack = str(name)
        predicates: list[Predicate] = []
        rules: list[Rule] = []
        assumes: list[Assume] = []
        fixes: list[Fix] = []
        for statement in statements:
            match str(statement.data):
                case "predicate":
                    predicates.append(self._predicate(statement))
                case "rule":
                    rules.append(self._rule(statement))
                case "assume":
                    assumes.append(self._assume(statement))
                case "fix":
                    fixes.append(self._fix(statement))
        return Pack(
            name=self._pack,
            title=_string(title),
            predicates=tuple(predicates),
            rules=tuple(rules),
            assumes=tuple(assumes),
            fixes=tuple(fixes),
        )

    def _predicate(self, tree: _Node) -> Predicate:
        role, name, *rest = _tokens(tree)
        return Predicate(
            name=str(name),
            role=Role(str(role)),
            types=tuple(str(_tokens(t)[0]) for t in _trees(tree)),
            sentence=_string(rest[0]) if rest else "",
            place=self._place(tree),
        )

    def _rule(self, tree: _Node) -> Rule:
        told: dict[str, _Node] = {}
        for part in _trees(tree):
            kind = str(part.data)
            if kind in told:
                raise UsageError(f"{self._place(part)}: {kind} is told twice in one rule")
            told[kind] = part
        body, absent, comparisons = self._body(told["body"])
        return Rule(
            name=str(_tokens(tree)[0]),
            pack=self._pack,
            head=self._atom(told["atom"]),
            body=body,
            absent=absent,
            comparisons=comparisons,
            cost=self._cost(told.get("cost")),
            confidence=float(_tokens(told["confidence"])[0]) if "confidence" in told else 1.0,
            techniques=tuple(str(t) for t in _tokens(told["techniques"])) if "techniques" in told else (),
            sentence=_string(_tokens(told["says"])[0]) if "says" in told else "",
            hidden="hidden" in told,
            place=self._place(tree),
        )

    def _assume(self, tree: _Node) -> Assume:
        head, literals = _trees(tree)
        body, absent, comparisons = self._body(literals)
        if absent:
            raise UsageError(f'{self._place(tree)}: an assumption takes no "not"')
        return Assume(head=self._atom(head), body=body, comparisons=comparisons, place=self._place(tree))

    def _fix(self, tree: _Node) -> Fix:
        parts = _trees(tree)
        cost = next((p for p in parts if p.data == "cost"), None)
        return Fix(
            name=str(_tokens(tree)[0]),
            pack=self._pack,
            sentence=next(_string(_tokens(p)[0]) for p in parts if p.data == "says"),
            removes=tuple(self._atom(p) for p in parts if p.data == "atom"),
            cost=self._cost(cost) if cost is not None else Cost(fixed=1.0),
            place=self._place(tree),
        )

    def _body(self, tree: _Node) -> tuple[tuple[Atom, ...], tuple[Atom, ...], tuple[Comparison, ...]]:
        atoms: list[Atom] = []
        absent: list[Atom] = []
        comparisons: list[Comparison] = []
        for literal in _trees(tree):
            match str(literal.data):
                case "atom":
                    atoms.append(self._atom(literal))
                case "absent":
                    absent.append(self._atom(_trees(literal)[0]))
                case "comparison":
                    left, operator, right = literal.children
                    comparisons.append(Comparison(self._argument(left), str(operator), self._argument(right)))
        return tuple(atoms), tuple(absent), tuple(comparisons)

    def _atom(self, tree: _Node) -> Atom:
        name, *arguments = tree.children
        return Atom(str(name), tuple(self._argument(a) for a in arguments))

    def _argument(self, part: Token | _Node) -> Argument:
        if isinstance(part, Token):
            if part == "_":
                self._anonymous += 1
                return Variable(f"_{self._anonymous}")
            return Variable(str(part))
        (token,) = _tokens(part)
        match str(part.data):
            case "number":
                if "." in token:
                    raise UsageError(f"{self._place(part)}: {token} is no whole number")
                return Constant(int(token))
            case "string":
                return Constant(_string(token))
            case _:
                return Constant(str(token))

    def _cost(self, tree: _Node | None) -> Cost:
        if tree is None:
            return Cost()
        tokens = _tokens(_trees(tree)[0])
        return Cost(
            fixed=sum(float(t) for t in tokens if t.type == "NUMBER"),
            variables=tuple(str(t) for t in tokens if t.type == "VARIABLE"),
        )

    def _place(self, tree: _Node) -> Place:
        return Place(pack=self._source, line=tree.meta.line, column=tree.meta.column)


def _trees(tree: _Node) -> list[_Node]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _tokens(tree: _Node) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token)]


def _string(token: Token) -> str:
    inner = cast(str, token)[1:-1]
    return inner.replace('\\"', '"').replace("\\\\", "\\")
