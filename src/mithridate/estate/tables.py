"""What the tables of a predicate are called. Predicates are names by the grammar, so that quoting them is enough."""

from mithridate.estate.rules.terms import Predicate


def stage(predicate: Predicate) -> str:
    """The table of a predicate's rows as they came."""
    return f'"stage {predicate.name}"'


def said(predicate: Predicate) -> str:
    """The table of a predicate's rows as numbers, as often as they are said."""
    return f'"said {predicate.name}"'


def table(predicate: Predicate) -> str:
    """The table of a predicate's facts, each once: rid, a0, a1, …"""
    return f'"fact {predicate.name}"'
