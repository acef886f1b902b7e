"""Documents as an honest user sends them to a program that was made for what an attacker abuses: sums for a calculator."""

import re
from collections.abc import Mapping

from mithridate.model.document import LARGEST_BYTES, Document, decode, encode, found, put
from mithridate.model.errors import UsageError
from mithridate.model.violation import ViolationKind
from mithridate.repair.steps.perturbed_documents import chosen

_SPAN = re.compile("\ue000[\ue100-\ue1ff][^\ue000\ue001]*\ue001[\ue100-\ue1ff]", re.DOTALL)
ORDINARY: Mapping[ViolationKind, tuple[str, ...]] = {
    ViolationKind.CODE_INJECTION: ("7", "1 + 1", "(2 + 3) * 4", "-7 // 2", "'amber'", "[1, 2]"),
}
"""Texts that neither name nor call anything. What a program answers to them it was made to answer."""


def half_an_attack(data: bytes, proof: bytes) -> bool:
    """Whether a document holds what a proof's attacker wrote outside of marks (`../`): it may be refused in other words."""
    try:
        document, attack = decode(data), decode(proof)
    except UsageError:
        return False
    for place, text in chosen(attack):
        outside = _SPAN.sub("", text)
        try:
            if outside and found(document.attack, place) == outside:
                return True
        except LookupError:
            continue
    return False


def ordinary_documents(data: bytes, kind: ViolationKind) -> list[bytes]:
    """The proof's own steps, without a mark, with an ordinary text in each place that the attacker chose.

    Nothing for kinds whose sink is never meant to interpret what comes from outside, and for bytes that are no document.
    """
    try:
        document = decode(data)
    except UsageError:
        return []
    made: dict[bytes, None] = {}
    for text in ORDINARY.get(kind, ()):
        for place, _ in chosen(document):
            steps = put(document.attack, place, text)
            assert isinstance(steps, list)
            made[encode(Document(control=[], attack=steps))] = None
    return [each for each in made if len(each) <= LARGEST_BYTES]
