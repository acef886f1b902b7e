"""Bodies of rules as SQL over the fact base."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mithridate.estate.rules.terms import Argument, Assume, Atom, Comparison, Constant, Predicate, Variable


class Symbols(Protocol):
    """Numbers of names, and tables of facts."""

    def table(self, predicate: Predicate) -> str:
        """The table of a predicate's facts: a0, a1, …"""
        ...

    def symbol(self, name: str) -> int:
        """-1 for a name that nothing has."""
        ...


@dataclass(slots=True)
class Query:
    """FROM and WHERE of a body, and the expression that each variable is."""

    symbols: Symbols
    tables: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def join(self, atom: Atom, table: str, alias: str) -> None:
        """Take rows of `table` (columns a0, a1, …) that match the atom."""
        self.tables.append(f"{table} {alias}")
        for i, argument in enumerate(atom.arguments):
            column = f"{alias}.a{i}"
            if isinstance(argument, Variable) and argument.name not in self.variables:
                self.variables[argument.name] = column
            else:
                self.conditions.append(f"{column} = {self.expression(argument)}")

    def forbid(self, atom: Atom, table: str, alias: str) -> None:
        """Take only what no row of `table` matches; a variable that is not bound stands for anything."""
        same = [
            f"{alias}.a{i} = {self.expression(argument)}"
            for i, argument in enumerate(atom.arguments)
            if isinstance(argument, Constant) or argument.name in self.variables
        ]
        self.conditions.append(f"NOT EXISTS (SELECT 1 FROM {table} {alias} WHERE {' AND '.join(same) or 'true'})")

    def compare(self, comparisons: Sequence[Comparison]) -> None:
        """Take only rows for which all comparisons hold."""
        for comparison in comparisons:
            operator = "<>" if comparison.operator == "!=" else comparison.operator
            self.conditions.append(f"{self.expression(comparison.left)} {operator} {self.expression(comparison.right)}")

    def expression(self, argument: Argument) -> str:
        """What a constant or a variable is in SQL."""
        if isinstance(argument, Variable):
            return self.variables[argument.name]
        return str(argument.value if isinstance(argument.value, int) else self.symbols.symbol(argument.value))

    def select(self, columns: Sequence[str], *, distinct: bool = False) -> str:
        """The query of these columns."""
        chosen = f"SELECT {'DISTINCT ' if distinct else ''}{', '.join(columns)}"
        tables = f" FROM {', '.join(self.tables)}" if self.tables else ""
        return chosen + tables + (f" WHERE {' AND '.join(self.conditions)}" if self.conditions else "")


def assumed(assume: Assume, symbols: Symbols, predicates: Mapping[str, Predicate]) -> str:
    """The rows that an assumption adds."""
    query = Query(symbols)
    for i, atom in enumerate(assume.body):
        query.join(atom, symbols.table(predicates[atom.predicate]), f"b{i}")
    query.compare(assume.comparisons)
    return query.select([f"{query.expression(a)} AS a{i}" for i, a in enumerate(assume.head.arguments)], distinct=True)
