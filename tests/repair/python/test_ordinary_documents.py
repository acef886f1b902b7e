"""What an honest user sends in the place of an attacker's text."""

from mithridate.model.document import MARK, decode, found
from mithridate.model.violation import ViolationKind as K
from mithridate.repair.steps.ordinary_documents import ORDINARY, ordinary_documents

from .vulnerable import get, marked, pair

PROOF = pair(
    get("/change", query=[["sum", marked("amber")], ["shop", "north"]]),
    get("/change", query=[["sum", "+" + marked("")], ["shop", "north"]]),
)


def test_each_text_stands_unmarked_in_the_place_that_the_attacker_chose_and_nowhere_else() -> None:
    made = [decode(data) for data in ordinary_documents(PROOF, K.CODE_INJECTION)]
    assert [found(d.attack, (0, "request", "query", 0, 1)) for d in made] == list(ORDINARY[K.CODE_INJECTION])
    assert {str(found(d.attack, (0, "request", "query", 1, 1))) for d in made} == {"north"}
    assert all(d.control == [] for d in made)
    assert not any(MARK.search(str(d.attack)) for d in made)


def test_what_no_program_is_meant_to_interpret_is_not_sent_and_bytes_are_no_document() -> None:
    assert ordinary_documents(PROOF, K.SQL_INJECTION) == []
    assert ordinary_documents(b"\x00", K.CODE_INJECTION) == []
