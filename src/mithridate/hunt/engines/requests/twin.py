"""A harmless value and an attack of one shape."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mithridate.hunt.engines.requests.document import Value, marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Two leaves to put into one input: they differ in what the attacker chose and in nothing else."""

    control: Value
    attack: Value


def twin(attack: str, control: str = "amber") -> Twin:
    """Both marked from end to end."""
    return Twin(control=marked(control), attack=marked(attack))


def twins(attacks: Iterable[str]) -> Iterator[Twin]:
    """A twin for each attack, against a plain word."""
    yield from (twin(attack) for attack in attacks)
