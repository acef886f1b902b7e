"""One thing from several sources is one node; what is not one stays apart, and it is told why."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mithridate.estate.facts import FactBase
from mithridate.estate.identity import UNIQUE, identify
from mithridate.model.estate import Identity
from tests.estate.small import packs

RULES = packs(["network", "software"])
Row = tuple[str, str, str]


def united(rows: list[Row], more: list[tuple[str, ...]] = []) -> Identity:  # noqa: B006
    with FactBase(RULES, memory_bytes=256 << 20, threads=1) as base:
        source = base.source("facts")
        for place, (node, kind, value) in enumerate(rows, start=1):
            base.add("identifier", node, kind, value, source=source, place=place)
        for predicate, *terms in more:
            base.add(predicate, *terms, source=source)
        return identify(base)


def classes(found: Identity, nodes: set[str]) -> set[frozenset[str]]:
    by: dict[str, set[str]] = {}
    for node in nodes:
        by.setdefault(found.same.get(node, node), set()).add(node)
    return {frozenset(c) for c in by.values()}


def test_addresses_names_and_numbers_of_a_host_lead_to_one_node() -> None:
    rows = [
        ("host:web01", "ip", "192.0.2.7"),
        ("host:192.0.2.7", "mac", "00-11-22-33-44-55"),
        ("host:S-1-5-21-1-2-3-1104", "fqdn", "WEB01.corp.example."),
        ("host:web01.corp.example", "mac", "00:11:22:33:44:55"),
    ]
    found = united(rows)
    assert found.same == {
        "host:192.0.2.7": "host:web01",
        "host:S-1-5-21-1-2-3-1104": "host:web01",
        "host:web01.corp.example": "host:web01",
    }
    (merge,) = found.merges
    assert merge.by == (("mac", "001122334455"), ("fqdn", "web01.corp.example"), ("ip", "192.0.2.7"))
    assert {(e.source, e.place) for e in merge.evidence} == {("facts", p) for p in (1, 2, 3, 4)}
    assert merge.sentence.startswith("host:web01 is also host:192.0.2.7, host:S-1-5-21-1-2-3-1104")
    assert found.conflicting == 0


def test_a_name_by_hand_needs_no_identifier_of_its_own() -> None:
    found = united([("host:10.1.1.1", "hostname", "DB01")], [("in_zone", "host:db01", "zone:lan")])
    assert found.same == {"host:10.1.1.1": "host:db01"}


def test_two_machines_with_one_address_stay_apart_and_are_told() -> None:
    rows = [
        ("host:a", "sid", "S-1-5-21-1-1"),
        ("host:b", "sid", "S-1-5-21-1-2"),
        ("host:a", "ip", "10.0.0.1"),
        ("host:b", "ip", "10.0.0.1"),
    ]
    found = united(rows)
    assert found.same == {}
    (conflict,) = found.conflicts
    assert (conflict.kind, conflict.value, conflict.nodes, conflict.differ) == ("ip", "10.0.0.1", ("host:a", "host:b"), "sid")
    assert [e.place for e in conflict.evidence] == [3, 4]
    assert conflict.sentence == "host:a, host:b share the ip 10.0.0.1 and differ in sid: they are kept apart"


def test_two_numbers_for_one_name_are_told() -> None:
    found = united([("host:a", "sid", "S-1-5-21-1-1"), ("host:a", "sid", "S-1-5-21-9-9"), ("host:b", "sid", "S-1-5-21-1-1")])
    assert found.same == {}
    assert "host:a has more than one sid, and is not taken as any other node" in [c.sentence for c in found.conflicts]


def test_a_chain_of_weak_names_does_not_unite_what_differs() -> None:
    rows = [
        ("host:a", "sid", "S-1-5-21-1-1"),
        ("host:a", "ip", "10.0.0.1"),
        ("host:m", "ip", "10.0.0.1"),
        ("host:m", "ip", "10.0.0.2"),
        ("host:b", "ip", "10.0.0.2"),
        ("host:b", "sid", "S-1-5-21-1-2"),
    ]
    found = united(rows)
    assert found.same == {}
    assert {c.value for c in found.conflicts} == {"10.0.0.1", "10.0.0.2"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ip", "127.0.0.1"),
        ("ip", "::1"),
        ("ip", "fe80::1"),
        ("ip", "169.254.3.3"),
        ("ip", "nonsense"),
        ("mac", "00:00:00:00:00:00"),
        ("mac", "ff:ff:ff:ff:ff:ff"),
        ("sid", "S-1-5-18"),
        ("hostname", "localhost"),
        ("guid", "{00000000-0000-0000-0000-000000000000}"),
    ],
)
def test_what_every_machine_has_identifies_none(kind: str, value: str) -> None:
    assert united([("host:a", kind, value), ("host:b", kind, value)]).same == {}


def test_addresses_of_ipv6_are_compared_in_one_form() -> None:
    rows = [("host:a", "ip", "2001:db8::1"), ("host:b", "ipv6", "2001:0DB8:0:0:0:0:0:1")]
    assert united(rows).same == {"host:b": "host:a"}


def test_a_host_and_an_account_with_one_name_share_nothing() -> None:
    assert united([("host:anna", "hostname", "anna"), ("account:x", "hostname", "anna")]).same == {}


def test_software_of_two_ecosystems_with_one_name_stays_apart() -> None:
    found = united(
        [("software:pkg:pypi/a@1", "name", "a 1"), ("software:pkg:npm/a@1", "name", "a 1"), ("software:a 1", "name", "a 1")]
    )
    assert found.same == {}
    assert found.conflicts[0].differ == "purl"
    alone = united([("software:pkg:pypi/a@1", "name", "a 1"), ("software:a 1", "name", "a 1")])
    assert alone.same == {"software:pkg:pypi/a@1": "software:a 1"}


def test_aliases_of_a_flaw_are_one_flaw_called_by_its_cve() -> None:
    assert united(
        [("vulnerability:GHSA-aaaa", "cve", "CVE-2021-1")], [("grants", "vulnerability:CVE-2021-1", "remote", "code")]
    ).same == {"vulnerability:GHSA-aaaa": "vulnerability:CVE-2021-1"}
    two = united([("vulnerability:GHSA-b", "cve", "CVE-1-1"), ("vulnerability:GHSA-b", "cve", "CVE-1-2")])
    assert two.same == {}


_NODES = [f"host:n{i}" for i in range(7)]
_ROWS = st.lists(
    st.tuples(
        st.sampled_from(_NODES),
        st.sampled_from(["guid", "uid", "mac", "fqdn", "hostname", "ip"]),
        st.integers(1, 4),
    ).map(
        lambda row: (
            row[0],
            row[1],
            {
                "guid": f"{row[2]}0000000-0000-0000-0000-000000000001",
                "uid": f"u{row[2]}",
                "mac": f"00:11:22:33:44:0{row[2]}",
                "fqdn": f"f{row[2]}.example",
                "hostname": f"h{row[2]}",
                "ip": f"10.0.0.{row[2]}",
            }[row[1]],
        )
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=25, deadline=None)
@given(_ROWS, st.randoms(use_true_random=False))
def test_the_outcome_does_not_depend_on_the_order_and_is_stable_and_safe(rows: list[Row], chance: random.Random) -> None:
    nodes = {row[0] for row in rows}
    found = united(rows)
    shuffled = rows[:]
    chance.shuffle(shuffled)
    again = united(shuffled)
    assert again.same == found.same
    assert [c.sentence for c in again.conflicts] == [c.sentence for c in found.conflicts]
    renamed = [(found.same.get(node, node), kind, value) for node, kind, value in rows]
    # The names that were given up say nothing by themselves here: none of them is a name that another node carries.
    assert united(renamed).same == {}
    for group in classes(found, nodes):
        for kind in UNIQUE:
            carried = {node: {v for n, k, v in rows if n == node and k == kind} for node in group}
            assert len(group) == 1 or len(set().union(*carried.values())) <= 1
