"""Actions are told apart by their sentences: the checker and `--without` find a fix by them."""

import re
from dataclasses import replace

import pytest

from mithridate.estate.checker import check
from mithridate.estate.removal import bound_by, removed
from mithridate.estate.rules.linter import named
from mithridate.estate.rules.rulebase import own_pack, own_packs
from mithridate.model.estate import Question
from tests.estate.small import estate, facts, packs

ALL = sorted(own_packs())
FIXES = {(name, fix.name): fix for name in ALL for fix in own_pack(name).fixes}
ROAD = """
zone(zone:a)
zone(zone:b)
allow(zone:a, zone:b, tcp, 80, 90)
in_zone(host:web, zone:b)
service(host:web, software:httpd, tcp, 80, account:www)
vulnerable(host:web, software:httpd, vulnerability:V)
grants(vulnerability:V, remote, code)
exploit(vulnerability:V, 1)
answers(host:web, zone:c, tcp, 80)
edge(GenericAll, group:g, user:u)
edge(GPLink, policy:p, group:g)
edge(OIDGroupLink, policy:q, group:g)
"""


@pytest.mark.parametrize("key", [k for k in FIXES if k[0] in ("network", "mulval")], ids=" ".join)
def test_a_sentence_of_networks_is_no_other_fix_s(key: tuple[str, str]) -> None:
    sentence = FIXES[key].sentence
    for number, variable in enumerate(named(sentence), start=1):
        sentence = sentence.replace(f"{{{variable}}}", str(number))
    assert [k for k, fix in FIXES.items() if bound_by(fix, sentence) is not None] == [key]


def test_no_two_fixes_say_the_same() -> None:
    said: dict[str, list[tuple[str, str]]] = {}
    for key, fix in FIXES.items():
        said.setdefault(re.sub(r"\{\w+\}", "{}", fix.sentence), []).append(key)
    assert [keys for keys in said.values() if len(keys) > 1] == []


@pytest.mark.parametrize(
    ("sentence", "predicate"),
    [
        ("Patch software:httpd on host:web", "vulnerable"),
        ("Forbid zone:a to reach zone:b on tcp 80 to 90", "allow"),
        ("Hide host:web from zone:c on tcp 80", "answers"),
        ("Take GenericAll on user:u from group:g", "edge"),
        ("Unlink the group policy policy:p from group:g", "edge"),
        ("Unlink the issuance policy policy:q from group:g", "edge"),
    ],
)
def test_the_reading_that_a_fact_fits_is_meant(sentence: str, predicate: str) -> None:
    with facts(packs(ALL), ROAD) as base:
        assert [name for name, _ in removed(base, sentence)] == [predicate]


def test_a_cut_holds_with_all_packs_in_use() -> None:
    with estate(packs(ALL), ROAD, "zone:a") as road:
        certificate = road.ask(Question(starts=("zone:a",), goals=("host:web",))).cut.certificate
        assert certificate is not None
        assert check(certificate, road.base).holds
        assert not check(replace(certificate, actions=()), road.base).holds
