"""What iptables-save and ip6tables-save write: the filter table, as flows.

The file is called after the machine: "fw01.iptables", "fw01.rules.v4". Chains INPUT and FORWARD are followed through all chains
that they jump to; translation of addresses is not looked at.
"""

import ipaddress
import re
import shlex
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from mithridate.estate.readers.interface import Sink
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
from mithridate.model.errors import UsageError

_MARK = re.compile(rb"(?m)^\*(filter|nat|mangle|raw|security)\s*$")
_CHAIN = re.compile(r":(\S+)\s+(\S+)")
_COUNTERS = re.compile(r"\[\d+:\d+\]\s*")
_LONGEST_LINE = 64 << 10
_MOST_RULES = 500_000
_MOST_BOXES = 1000
_VERDICTS = {"ACCEPT": Verdict.ACCEPT, "DROP": Verdict.DROP, "REJECT": Verdict.DROP, "RETURN": Verdict.RETURN}
_HARMLESS = frozenset({"-m", "--match", "--comment", "--reject-with"})
_GOES_ON = frozenset({"LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "TRACE", "AUDIT", "NOTRACK", "TCPMSS", "SET", "CT"})


class Iptables:
    """See the module."""

    name = "iptables"
    title = "iptables-save"

    def recognises(self, path: Path, head: bytes) -> bool:
        """A line names a table, and none is XML or JSON."""
        return path.suffix.lower() not in (".xml", ".json") and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for a file without a table, or that is no text."""
        chains = _chains(path, sink)
        machine = path.name.split(".")[0] if path.suffix.lower() in (".v4", ".v6") else path.stem
        facts = FilterFacts(sink, machine)
        for name, states in (("INPUT", facts.arriving), ("FORWARD", lambda f, _: facts.passing(f))):
            chain = chains.get(name)
            if chain is None or not (chain.rules or chain.policy is Verdict.DROP):
                continue
            with sink.tolerate(chain.place):
                states([f for f in flows(chains, [name]) if f[0].arrives != "lo"], chain.place)


def _chains(path: Path, sink: Sink) -> dict[str, Chain]:
    chains: dict[str, Chain] = {}
    table, tables, count = "", 0, 0
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            place = 0
            while text := file.readline(_LONGEST_LINE):
                place += 1
                line = _COUNTERS.sub("", text.strip(), count=1) if text.startswith("[") else text.strip()
                if line.startswith("*"):
                    table, tables = line[1:], tables + 1
                elif table == "filter":
                    count += 1
                    if count > _MOST_RULES:
                        raise UsageError(f"{path} has more than {_MOST_RULES:,} rules")
                    with sink.tolerate(place):
                        _line(line, place, chains, sink)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    if not tables:
        raise UsageError(f"{path} names no table, as iptables-save does")
    return chains


def _line(line: str, place: int, chains: dict[str, Chain], sink: Sink) -> None:
    if found := _CHAIN.match(line):
        policy = _VERDICTS.get(found[2], Verdict.ACCEPT)
        chains[found[1]] = Chain(policy=policy, place=place)
        sink.record()
    elif line.startswith(("-A ", "--append ")):
        words = shlex.split(line)
        rule = _Options(words[2:]).rule(place)
        if rule is not None:
            chains.setdefault(words[1], Chain(place=place)).rules.append(rule)
        sink.record()
    elif line and not line.startswith("#") and line != "COMMIT":
        raise ValueError(f"{line[:80]!r} is no rule")


class _Options:
    """The options of one rule."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._exact = True
        self._answers = False
        self._sources: list[Network | None] = [None]
        self._destinations: list[Network | None] = [None]
        self._ports: list[Range] = [(1, HIGHEST_PORT)]
        self._protocol = self._arrives = self._leaves = ""
        self._target, self._goto = "", False

    def rule(self, place: int) -> FilterRule | None:
        """None for a rule that no packet meets which opens a connection, or that only looks."""
        for option, values, negated in self._options():
            if negated and option not in ("-j", "-g"):
                self._exact = False
                self._answers = self._answers or option == "--syn"
            else:
                self._option(option, values)
        if self._answers or self._target in _GOES_ON or not self._target:
            return None
        verdict = _VERDICTS.get(self._target, Verdict.GOTO if self._goto else Verdict.JUMP)
        parts = [*product(self._sources, self._destinations, self._ports)]
        if len(parts) > _MOST_BOXES:
            raise ValueError(f"it has more than {_MOST_BOXES:,} combinations of addresses and ports")
        boxes = tuple(Box(s, d, self._protocol, p, self._arrives, self._leaves) for s, d, p in parts)
        return FilterRule(boxes, verdict, self._target, self._exact, place)

    def _options(self) -> Iterator[tuple[str, list[str], bool]]:
        """(option, what follows it, whether it is negated)."""
        at, negated = 0, False
        while at < len(self._words):
            if self._words[at] == "!":
                negated, at = True, at + 1
                continue
            option, at = self._words[at], at + 1
            values = []
            if at < len(self._words) and self._words[at] == "!":
                negated, at = True, at + 1
            while at < len(self._words) and not self._words[at].startswith("-") and self._words[at] != "!":
                values.append(self._words[at])
                at += 1
            yield option, values, negated
            negated = False

    def _option(self, option: str, values: list[str]) -> None:
        match option, values:
            case ("-s" | "--source", [text]):
                self._sources = [ipaddress.ip_network(t, strict=False) for t in text.split(",")]
            case ("-d" | "--destination", [text]):
                self._destinations = [ipaddress.ip_network(t, strict=False) for t in text.split(",")]
            case ("--src-range", [text]):
                self._sources = [*_between(text)]
            case ("--dst-range", [text]):
                self._destinations = [*_between(text)]
            case ("-p" | "--protocol", [name]):
                self._protocol = {"6": "tcp", "17": "udp", "all": "", "0": ""}.get(name, name.lower())
            case ("--dport" | "--dports" | "--destination-port" | "--destination-ports", [text]):
                self._ports = [_range(t) for t in text.split(",")]
            case ("-i" | "--in-interface", [name]):
                self._arrives = name
            case ("-o" | "--out-interface", [name]):
                self._leaves = name
            case ("--state" | "--ctstate", [text]):
                states = text.split(",")
                self._answers = self._answers or only_answers(states)
                self._exact = self._exact and "NEW" in states
            case ("-j" | "--jump", [name, *_]):
                self._target = name
            case ("-g" | "--goto", [name]):
                self._target, self._goto = name, True
            case ("--syn", []):
                pass
            case _:
                self._exact = self._exact and option in _HARMLESS


def _range(text: str) -> Range:
    low, colon, high = text.partition(":")
    first = int(low or 0)
    last = int(high or HIGHEST_PORT) if colon else first
    if not 0 <= first <= last <= HIGHEST_PORT:
        raise ValueError(f"{text[:40]!r} is no range of ports")
    return first, last


def _between(text: str) -> Iterator[Network]:
    first, _, last = text.partition("-")
    yield from ipaddress.summarize_address_range(ipaddress.ip_address(first), ipaddress.ip_address(last or first))
