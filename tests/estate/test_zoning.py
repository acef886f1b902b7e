"""Which zone an address is in."""

import ipaddress

from hypothesis import given, settings
from hypothesis import strategies as st

from mithridate.estate.facts import FactBase
from mithridate.estate.zoning import zone
from mithridate.model.estate import Confidence
from tests.estate.small import packs

RULES = packs(["network"])
INFERRED = ("zone", "in_zone", "within", "allow")


def zoned(*facts: tuple[str, ...]) -> set[str]:
    """What zoning adds."""
    with FactBase(RULES, memory_bytes=256 << 20, threads=1) as base:
        source = base.source("facts")
        for predicate, *terms in facts:
            base.add(predicate, *terms, source=source, place=1)
        zone(base)
        base.freeze()
        told = [f for p in INFERRED for f in base.rows(p, range(base.facts(p))).values()]
        return {str(f) for f in told if f.confidence is Confidence.INFERRED}


def ip(host: str, address: str) -> tuple[str, ...]:
    return ("identifier", f"host:{host}", "ip", address)


def flat(name: str) -> set[str]:
    return {f"zone({name})", f"allow({name}, {name}, tcp, 1, 65535)", f"allow({name}, {name}, udp, 1, 65535)"}


def test_without_a_word_the_subnet_is_a_flat_zone() -> None:
    assert zoned(ip("a", "192.0.2.7"), ip("b", "192.0.2.9"), ip("c", "2001:db8::1:2")) == {
        *flat("zone:192.0.2.0/24"),
        *flat("zone:2001:db8::/64"),
        "in_zone(host:a, zone:192.0.2.0/24)",
        "in_zone(host:b, zone:192.0.2.0/24)",
        "in_zone(host:c, zone:2001:db8::/64)",
    }


def test_what_somebody_says_comes_first() -> None:
    assert zoned(ip("a", "192.0.2.7"), ("in_zone", "host:a", "zone:dmz"), ip("192.0.2.7", "192.0.2.7")) == set()
    assert zoned(ip("a", "192.0.2.7"), ("range", "zone:dmz", "192.0.2.0/28")) == {
        "zone(zone:dmz)",
        "in_zone(host:a, zone:dmz)",
    }


def test_zones_that_filters_name_are_a_tree() -> None:
    assert zoned(
        ip("a", "10.0.0.5"),
        ("zone", "zone:10.0.0.0/8"),
        ("zone", "zone:10.0.0.5/32"),
        ("zone", "zone:anywhere"),
    ) == {
        *flat("zone:10.0.0.0/24"),
        "in_zone(host:a, zone:10.0.0.5/32)",
        "within(zone:10.0.0.5/32, zone:10.0.0.0/24)",
        "within(zone:10.0.0.0/24, zone:10.0.0.0/8)",
        *(f"within(zone:{z}, zone:anywhere)" for z in ("internet", "10.0.0.0/8", "10.0.0.0/24", "10.0.0.5/32")),
        "zone(zone:internet)",
    }


def test_what_is_no_address_is_left_alone() -> None:
    assert zoned(ip("a", "nowhere"), ip("b", "192.0.2.7/24"), ("range", "zone:x", "all"), ("zone", "zone:a/b")) == set()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.ip_addresses(v=4), min_size=1, max_size=6),
    st.lists(st.tuples(st.ip_addresses(v=4), st.integers(0, 32)), max_size=6),
)
def test_a_host_is_in_the_smallest_zone_that_holds_it(
    addresses: list[ipaddress.IPv4Address], networks: list[tuple[ipaddress.IPv4Address, int]]
) -> None:
    ranges = [ipaddress.ip_network(f"{a}/{n}", strict=False) for a, n in networks]
    told = zoned(*(ip(f"h{i}", str(a)) for i, a in enumerate(addresses)), *(("zone", f"zone:{r}") for r in ranges))
    for i, address in enumerate(addresses):
        own = ipaddress.ip_network(f"{address}/24", strict=False)
        smallest = max((r for r in [*ranges, own] if address in r), key=lambda r: r.prefixlen)
        assert {f for f in told if f.startswith(f"in_zone(host:h{i},")} == {f"in_zone(host:h{i}, zone:{smallest})"}


def test_a_zone_never_lies_in_itself() -> None:
    told = zoned(("zone", "zone:10.0.0.0/8"), ("zone", "zone:10.0.0.0/9"), ("range", "zone:x", "10.0.0.0/8"))
    assert told == {
        "within(zone:10.0.0.0/9, zone:10.0.0.0/8)",
        "within(zone:10.0.0.0/9, zone:x)",
        "zone(zone:x)",
    }
