"""A cut's certificate in paths.json: it comes back as it was, and holds or not for the facts, whoever wrote it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.estate.small import estate, packs
from tests.estate.test_asking import HOUSE, OVER, TOY, to
from tests.report.estate.answers import answer

from mithridate.estate.checker import check
from mithridate.model.errors import UsageError
from mithridate.model.estate import Answer
from mithridate.report.estate import certificate, json_v1

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "schema" / "paths-v1.schema.json").read_text())


@pytest.fixture(scope="module")
def house() -> Answer:
    with estate(packs([], TOY), HOUSE, "n:street") as made:
        return made.ask(to("n:vault", "n:hall"))


def test_it_is_valid_by_the_schema_and_comes_back_as_it_was(house: Answer) -> None:
    text = json_v1.render(house)
    assert [e.message for e in Draft202012Validator(SCHEMA).iter_errors(json.loads(text))] == []
    read, made = certificate.read(text), house.cut.certificate
    assert read and made
    assert (read.starts, read.goals, read.lower_bound, read.proofs) == (made.starts, made.goals, made.lower_bound, made.proofs)
    assert (read.prices, read.without, read.assume) == (made.prices, made.without, made.assume)
    assert [(a.key, a.cost) for a in read.actions] == [(a.key, a.cost) for a in made.actions]


def test_what_proofs_share_stands_once(house: Answer) -> None:
    written = json.loads(json_v1.render(house))["cut"]["certificate"]
    for part in ("facts", "steps", "prices"):
        told = [json.dumps(one) for one in written[part]]
        assert len(told) == len(set(told)) > 0


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "below the bound": lambda d: d["cut"].update(lower_bound=d["cut"]["lower_bound"] + 1),
    "is still reached": lambda d: d["cut"]["actions"].pop(),
    "no fix offers": lambda d: d["cut"]["actions"][0].update(sentence="door(_, _, _)"),
    "is not what": lambda d: d["cut"]["certificate"]["steps"][0].update(facts=[]),
    "there is no rule": lambda d: d["cut"]["certificate"]["steps"][0].update(rule="magic"),
    "is a part of one thing": lambda d: d["cut"]["certificate"]["steps"][0].update(rule="projection", pack="", needs=[]),
    "does not fit": lambda d: [f.update(predicate="nothing") for f in d["cut"]["certificate"]["facts"]],
    "breaks it too": lambda d: d["cut"]["certificate"]["proofs"][0].update(actions=[]),
}


@pytest.mark.parametrize("said", FORGERIES)
def test_a_forged_document_is_seen_through(said: str, house: Answer) -> None:
    document = json.loads(json_v1.render(house))
    FORGERIES[said](document)
    read = certificate.read(json.dumps(document))
    assert read
    with estate(packs([], TOY), HOUSE, "n:street") as made:
        wrong = check(read, made.base).wrong
    assert any(said in w for w in wrong) or (said == "does not fit" and wrong), wrong


def test_a_cut_that_was_not_found_has_none() -> None:
    with estate(packs([], TOY), HOUSE, "n:street") as made:
        text = json_v1.render(made.ask(to("n:vault", seconds=OVER)))
    assert json.loads(text)["cut"]["certificate"] is None
    assert certificate.read(text) is None
    assert certificate.read(json_v1.render(answer())) is None


def broken(house: Answer) -> list[str]:
    text = json_v1.render(house)
    out_of_place = json.loads(text)
    out_of_place["cut"]["certificate"]["steps"][0]["gives"] = -1
    of_another_kind = json.loads(text)
    of_another_kind["cut"]["certificate"]["facts"][0]["terms"] = [[]]
    endless = text.replace('"lower_bound": 4.0', '"lower_bound": NaN')
    assert endless != text
    return ["", "[]", "{}", '{"cut": 1}', "[" * 100_000, json.dumps(out_of_place), json.dumps(of_another_kind), endless]


def test_what_is_no_such_document_is_refused_in_one_sentence(house: Answer) -> None:
    for text in broken(house):
        with pytest.raises(UsageError, match=r"^this is no paths\.json: .+$"):
            certificate.read(text)
