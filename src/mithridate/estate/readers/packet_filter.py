"""What a packet filter lets through: its chains are followed for all packets at once that open a connection.

What is let through is told as flows, each a box: addresses from, addresses to, a protocol and a range of ports. A condition that
is not understood, or says "not", makes a rule that accepts accept more than it does, and one that refuses refuse nothing: what
comes out is never less than what the filter lets through.
"""

import ipaddress
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.scanned import HIGHEST_PORT, is_address
from mithridate.model.estate import Confidence

ANYWHERE = "zone:anywhere"
PROTOCOLS = ("tcp", "udp")
_ONLY_ANSWERS = frozenset({"established", "related", "invalid"})
_DEEPEST = 16
_MOST_LOOKS = 20_000_000
"""Boxes that are compared with each other."""
_A_CHAIN = 200
"""What it costs to follow a chain, in such comparisons."""
_MOST_KEPT = 1000
"""Boxes known to be decided in a chain; without the others more comes out."""
_MOST_FLOWS = 100_000

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Range = tuple[int, int]


class Verdict(StrEnum):
    """What a rule does with what it matches."""

    ACCEPT = "accept"
    DROP = "drop"
    RETURN = "return"
    JUMP = "jump"
    GOTO = "goto"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Box:
    """Packets. None is every address, "" every interface."""

    source: Network | None = None
    destination: Network | None = None
    protocol: str = ""
    ports: Range = (1, HIGHEST_PORT)
    arrives: str = ""
    leaves: str = ""

    def meet(self, other: "Box") -> "Box | None":
        """What is in both; None for nothing."""
        source, destination = _meet(self.source, other.source), _meet(self.destination, other.destination)
        ports = max(self.ports[0], other.ports[0]), min(self.ports[1], other.ports[1])
        words = [(self.protocol, other.protocol), (self.arrives, other.arrives), (self.leaves, other.leaves)]
        if source is _NOTHING or destination is _NOTHING or ports[0] > ports[1] or any(a and b and a != b for a, b in words):
            return None
        protocol, arrives, leaves = (a or b for a, b in words)
        return Box(source, destination, protocol, ports, arrives, leaves)

    def covers(self, other: "Box", *, but_ports: bool = False) -> bool:
        """The other lies in this one."""
        met = self.meet(replace(other, ports=self.ports) if but_ports else other)
        return met == (replace(other, ports=self.ports) if but_ports else other)


@dataclass(frozen=True, slots=True)
class FilterRule:
    """`boxes` are what it matches, any of them; `exact`: exactly these."""

    boxes: tuple[Box, ...]
    verdict: Verdict
    target: str = ""
    exact: bool = True
    place: int = 0


@dataclass(slots=True)
class Chain:
    """Rules in their order. `policy` is what becomes of what no rule decides on."""

    rules: list[FilterRule] = field(default_factory=list)
    policy: Verdict = Verdict.ACCEPT
    place: int = 0


Flow = tuple[Box, int]
"""What is let through, and the place of the rule that does."""


def only_answers(states: Sequence[str]) -> bool:
    """States of connections that no packet has which opens one."""
    return bool(states) and {s.lower() for s in states} <= _ONLY_ANSWERS


def flows(chains: Mapping[str, Chain], bases: Sequence[str]) -> list[Flow]:
    """What passes all chains in `bases`, one after the other. ValueError when that takes too long."""
    found: list[Flow] = [(Box(protocol=p), 0) for p in PROTOCOLS]
    for name in bases:
        walk = _Walk(chains)
        found = [(box, at or place) for start, place in found for box, at in walk.passed(name, start)]
        if len(found) > _MOST_FLOWS:
            raise ValueError(f"it lets more than {_MOST_FLOWS:,} flows through")
    return list({box: (box, place) for box, place in reversed(found)}.values())


class _Walk:
    def __init__(self, chains: Mapping[str, Chain]) -> None:
        self._chains = chains
        self._looks = 0
        self._followed: list[str] = []

    def passed(self, name: str, start: Box) -> Iterator[Flow]:
        """What a base chain lets through of `start`."""
        refused: list[Box] = []
        left = yield from self._chain(name, start, refused, 0)
        chain = self._chains[name]
        if left and chain.policy is Verdict.ACCEPT:
            yield from ((box, chain.place) for box in _without(start, refused))

    def _chain(self, name: str, start: Box, refused: list[Box], depth: int) -> Generator[Flow, None, bool]:
        """Follow a chain. Returns whether something may come out at its end. What is decided is added to `refused`: no later rule
        sees it. A chain that leads to itself is not followed again: no kernel takes one."""
        if depth > _DEEPEST or name not in self._chains or name in self._followed:
            return True
        self._followed.append(name)
        self._looks += _A_CHAIN
        try:
            return (yield from self._rules(name, start, refused, depth))
        finally:
            self._followed.pop()

    def _rules(self, name: str, start: Box, refused: list[Box], depth: int) -> Generator[Flow, None, bool]:
        returned: list[Box] = []
        jumps: list[tuple[FilterRule, Box]] = []
        for rule in self._chains[name].rules:
            for part in rule.boxes:
                self._looks += 1 + len(refused) + len(returned)
                if self._looks > _MOST_LOOKS:
                    raise ValueError(f"to follow its chains takes more than {_MOST_LOOKS:,} comparisons")
                met = start.meet(part)
                if met is None or any(box.covers(met) for box in (*refused, *returned)):
                    continue
                if rule.target:
                    self._looks += len(jumps)
                    if any(_does_as(same, rule) and box.covers(met) for same, box in jumps):
                        continue  # what it lets through was told then, and what it refuses is refused
                    jumps.append((rule, met))
                yield from self._apply(rule, met, refused, returned, depth)
                if any(box.covers(start) for box in refused):
                    return False
                if any(box.covers(start) for box in returned):
                    return True
        return True

    def _apply(self, rule: FilterRule, met: Box, refused: list[Box], returned: list[Box], depth: int) -> Iterator[Flow]:
        exact = rule.exact and len(refused) + len(returned) < _MOST_KEPT
        if rule.verdict is Verdict.ACCEPT:
            yield from ((box, rule.place) for box in _without(met, (*refused, *returned)))
        elif rule.verdict in (Verdict.JUMP, Verdict.GOTO):
            inner = [*refused, *returned]
            before = len(inner)
            left = yield from self._chain(rule.target, met, inner, depth + 1)
            if exact:
                for box in inner[before:] if left else [met]:
                    refused += _apart(box, returned)
                if left and rule.verdict is Verdict.GOTO:
                    returned.append(met)
            return
        if exact and rule.verdict in (Verdict.ACCEPT, Verdict.DROP):
            refused += _apart(met, returned)
        elif exact and rule.verdict is Verdict.RETURN:
            returned.append(met)


def _does_as(one: FilterRule, other: FilterRule) -> bool:
    """A jump behind which the other one decides nothing more of the same packets."""
    return (one.target, one.verdict) == (other.target, other.verdict) and one.exact >= other.exact


def _without(box: Box, refused: Sequence[Box]) -> list[Box]:
    """A box without ports that are refused for all of it."""
    left = [box.ports]
    for other in refused:
        if other.covers(box, but_ports=True):
            low, high = other.ports
            left = [r for a, b in left for r in ((a, min(b, low - 1)), (max(a, high + 1), b)) if r[0] <= r[1]]
    return [replace(box, ports=r) for r in left]


def _apart(box: Box, returned: Sequence[Box]) -> list[Box]:
    """What of a box surely did not leave the chain before."""
    return [part for part in _without(box, returned) if not any(part.meet(other) for other in returned)]


_NOTHING = ipaddress.ip_network("0.0.0.0/32")
"""Stands for no address; compared by identity."""


def _meet(one: Network | None, other: Network | None) -> Network | None:
    if one is None or other is None:
        return one if other is None else other
    if one.version != other.version:
        return _NOTHING
    if one.prefixlen > other.prefixlen:
        one, other = other, one
    inside = int(other.network_address) >> (other.max_prefixlen - one.prefixlen)
    same = inside == int(one.network_address) >> (one.max_prefixlen - one.prefixlen)
    return other if same else _NOTHING


class FilterFacts:
    """States what flows mean, for the machine that a file is called after."""

    def __init__(self, sink: Sink, machine: str) -> None:
        self._sink = sink
        self._machine = machine
        self.host = f"host:{machine}"
        kind = "ip" if is_address(machine) else "fqdn" if "." in machine else "hostname"
        sink.fact("identifier", self.host, kind, machine, confidence=Confidence.INFERRED)

    def arriving(self, found: Sequence[Flow], place: int) -> None:
        """What the machine itself accepts."""
        self._sink.fact("filtered", self.host, place=place)
        for box, at in found:
            zone = self._zone(box.source, box.arrives, at)
            self._sink.fact("accepts", self.host, zone, box.protocol, *box.ports, place=at)

    def passing(self, found: Sequence[Flow]) -> None:
        """What it passes on between networks."""
        for box, at in found:
            zones = self._zone(box.source, box.arrives, at), self._zone(box.destination, box.leaves, at)
            self._sink.fact("allow", *zones, box.protocol, *box.ports, place=at)

    def _zone(self, network: Network | None, interface: str, place: int) -> str:
        zone = ANYWHERE
        if network is not None and network.prefixlen:
            zone = f"zone:{network}"
        elif interface:
            zone = f"zone:{interface} of {self._machine}"
        self._sink.fact("zone", zone, place=place)
        return zone
