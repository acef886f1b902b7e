"""What `nft -j list ruleset` writes: base chains at the hooks input and forward, as flows.

The file is called after the machine: "fw01.nft.json". Named sets and verdict maps are followed; concatenations and what else is
not understood make a rule inexact (see packet_filter.py).
"""

import ipaddress
import re
import socket
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.json_records import records_of
from mithridate.estate.readers.packet_filter import (
    Box,
    Chain,
    FilterFacts,
    FilterRule,
    Network,
    Range,
    Verdict,
    flows,
    only_answers,
)
from mithridate.estate.readers.scanned import HIGHEST_PORT

_MARK = re.compile(rb'\A\s*\{\s*"nftables"\s*:')
_FAMILIES = ("inet", "ip", "ip6")
_MOST_BOXES = 1000
_HOOKS = ("input", "forward")
_VERDICTS = {"accept": Verdict.ACCEPT, "drop": Verdict.DROP, "reject": Verdict.DROP, "return": Verdict.RETURN}
_LOOKING = frozenset({"counter", "log", "comment", "notrack", "mangle"})
_Table = tuple[str, str]


class Nftables:
    """See the module."""

    name = "nftables"
    title = "nftables JSON"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It begins with the key nftables."""
        return path.suffix.lower() == ".json" and bool(_MARK.match(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for what is no JSON."""
        ruleset = _Ruleset(sink)
        for place, item in enumerate(records_of(path, "nftables.item"), start=1):
            with sink.tolerate(place):
                ruleset.take(item, place)
                sink.record()
        ruleset.state(FilterFacts(sink, path.name.removesuffix(".json").removesuffix(".nft")))


class _Ruleset:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._rules: list[tuple[_Table, str, Any, int]] = []
        self._sets: dict[tuple[_Table, str], Any] = {}
        self._chains: defaultdict[_Table, dict[str, Chain]] = defaultdict(dict)
        self._bases: defaultdict[str, list[tuple[int, _Table, str]]] = defaultdict(list)

    def take(self, item: Any, place: int) -> None:
        """One object of the ruleset."""
        if not isinstance(item, dict):
            raise ValueError("an object is wanted")
        for kind, told in item.items():
            if kind in ("chain", "rule", "set", "map") and told["family"] in _FAMILIES:
                table = str(told["family"]), str(told["table"])
                if kind == "chain":
                    self._chain(table, told, place)
                elif kind in ("set", "map"):
                    self._sets[table, str(told["name"])] = told.get("elem", [])
                else:
                    self._rules.append((table, str(told["chain"]), told["expr"], place))

    def _chain(self, table: _Table, told: Any, place: int) -> None:
        name = str(told["name"])
        policy = _VERDICTS.get(str(told.get("policy", "accept")), Verdict.ACCEPT)
        self._chains[table][name] = Chain(policy=policy, place=place)
        if told.get("type") == "filter" and told.get("hook") in _HOOKS:
            self._bases[told["hook"]].append((told["prio"] if isinstance(told.get("prio"), int) else 0, table, name))

    def state(self, facts: FilterFacts) -> None:
        """The facts, when all is taken."""
        for table, name, expressions, place in self._rules:
            with self._sink.tolerate(place):
                chain = self._chains[table].setdefault(name, Chain(place=place))
                chain.rules += _Expressions(table, self._sets).rules(expressions, place)
        whole = {f"{t[0]} {t[1]} {n}": _placed(c, t) for t, chains in self._chains.items() for n, c in chains.items()}
        for hook in _HOOKS:
            for family in ("ip", "ip6"):
                bases = [f"{t[0]} {t[1]} {n}" for _, t, n in sorted(self._bases[hook]) if t[0] in ("inet", family)]
                if not any(whole[b].rules or whole[b].policy is Verdict.DROP for b in bases):
                    continue
                place = whole[bases[0]].place
                with self._sink.tolerate(place):
                    found = [f for f in flows(whole, bases) if f[0].arrives != "lo"]
                    if hook == "input":
                        facts.arriving(found, place)
                    else:
                        facts.passing(found)


def _first(told: Any) -> tuple[str, Any]:
    for key, value in told.items():
        return key, value
    raise ValueError("a mapping is empty")


def _placed(chain: Chain, table: _Table) -> Chain:
    """A chain whose jumps name the table, too."""
    rules = [
        FilterRule(r.boxes, r.verdict, f"{table[0]} {table[1]} {r.target}" if r.target else "", r.exact, r.place)
        for r in chain.rules
    ]
    return Chain(rules, chain.policy, chain.place)


class _Expressions:
    """The statements of one rule."""

    def __init__(self, table: _Table, sets: dict[tuple[_Table, str], Any]) -> None:
        self._table = table
        self._sets = sets
        self._exact = True
        self._answers = False
        self._sources: list[Network | None] = [None]
        self._destinations: list[Network | None] = [None]
        self._ports: list[Range] = [(1, HIGHEST_PORT)]
        self._words: dict[str, list[str]] = {"protocol": [""], "arrives": [""], "leaves": [""]}

    def rules(self, expressions: Any, place: int) -> list[FilterRule]:
        """What it does; several for a verdict map."""
        found: list[FilterRule] = []
        for one in expressions:
            for kind, told in one.items():
                if kind == "match":
                    self._match(told["left"], told["right"], str(told.get("op", "==")))
                elif kind in _VERDICTS or kind in ("jump", "goto"):
                    found.append(self._rule(kind, told, place))
                elif kind == "vmap":
                    for value, verdict in self._elements(told["data"]):
                        part = self._copy()
                        part._match(told["key"], value, "==")
                        name, target = _first(verdict)
                        found.append(part._rule(name, target, place))
                else:
                    self._exact = self._exact and kind in _LOOKING
        return [r for r in found if r.boxes]

    def _copy(self) -> "_Expressions":
        part = _Expressions(self._table, self._sets)
        part._exact, part._answers = self._exact, self._answers
        part._sources, part._destinations, part._ports = self._sources, self._destinations, self._ports
        part._words = dict(self._words)
        return part

    def _rule(self, kind: str, told: Any, place: int) -> FilterRule:
        verdict = _VERDICTS.get(kind) or Verdict(kind)
        target = str(told["target"]) if kind in ("jump", "goto") else ""
        packets = [*product(self._sources, self._destinations, self._ports)]
        words = [*product(*self._words.values())]
        if len(packets) * len(words) > _MOST_BOXES:
            raise ValueError(f"it has more than {_MOST_BOXES:,} combinations of addresses and ports")
        boxes = [Box(s, d, protocol, p, arrives, leaves) for s, d, p in packets for protocol, arrives, leaves in words]
        return FilterRule(() if self._answers else tuple(boxes), verdict, target, self._exact, place)

    def _match(self, left: Any, right: Any, operator: str) -> None:
        kind, told = _first(left)
        values = list(self._values(right))
        key = str(told.get("field", told.get("key", ""))) if isinstance(told, dict) else ""
        if operator not in ("==", "in"):
            self._exact = False
        elif kind == "ct" and key == "state":
            states = [str(v) for v in values]
            self._answers = self._answers or only_answers(states)
            self._exact = self._exact and "new" in states
        elif kind == "payload" and key in ("saddr", "daddr") and told["protocol"] in ("ip", "ip6"):
            networks = [n for v in values for n in _networks(v)]
            if key == "saddr":
                self._sources = [*networks]
            else:
                self._destinations = [*networks]
        elif kind == "payload" and key == "dport":
            self._ports = [_ports(v) for v in values]
            if told["protocol"] in ("tcp", "udp"):
                self._words["protocol"] = [str(told["protocol"])]
        elif (kind, key) in (("meta", "l4proto"), ("payload", "protocol"), ("payload", "nexthdr")):
            self._words["protocol"] = [{"6": "tcp", "17": "udp"}.get(str(v), str(v)) for v in values]
        elif kind == "meta" and key in ("iifname", "iif"):
            self._words["arrives"] = [str(v) for v in values]
        elif kind == "meta" and key in ("oifname", "oif"):
            self._words["leaves"] = [str(v) for v in values]
        else:
            self._exact = False

    def _values(self, right: Any) -> Iterator[Any]:
        """The values that the right side of a comparison stands for."""
        if (isinstance(right, str) and right.startswith("@")) or (isinstance(right, dict) and "set" in right):
            for one in self._elements(right):
                yield one["elem"]["val"] if isinstance(one, dict) and "elem" in one else one
        elif isinstance(right, list):
            yield from right
        else:
            yield right

    def _elements(self, told: Any) -> Any:
        """The elements of a set or a map, which may be named."""
        return self._sets[self._table, told[1:]] if isinstance(told, str) else told["set"]


def _networks(value: Any) -> list[Network]:
    if isinstance(value, dict) and "prefix" in value:
        return [ipaddress.ip_network(f"{value['prefix']['addr']}/{value['prefix']['len']}", strict=False)]
    if isinstance(value, dict) and "range" in value:
        first, last = (ipaddress.ip_address(v) for v in value["range"])
        return [*ipaddress.summarize_address_range(first, last)]
    if not isinstance(value, str):
        raise ValueError("an address is wanted")
    return [ipaddress.ip_network(value, strict=False)]


def _ports(value: Any) -> Range:
    if isinstance(value, dict) and "range" in value:
        low, high = (_port(v) for v in value["range"])
    else:
        low = high = _port(value)
    if not 0 <= low <= high <= HIGHEST_PORT:
        raise ValueError("no range of ports")
    return low, high


def _port(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("a port is wanted")
    if isinstance(value, int) or value.isdigit():
        return int(value)
    try:
        return socket.getservbyname(value)
    except (OSError, UnicodeError):
        raise ValueError(f"{value[:40]!r} is no port") from None
