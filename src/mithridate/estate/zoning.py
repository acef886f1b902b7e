"""Which zone an address is in, made of all files together before names become numbers.

Zones of addresses are those with a range (`range`), and those that are called after one ("zone:10.0.0.0/8"). They are put in a
tree, and a host is in the smallest that holds one of its addresses; `within` says which zone is part of which. An address for
which nobody names a zone is in one of its own: the /24 around it, or the /64 of IPv6. What it holds reaches itself, as in
a flat network. All of that is inferred.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mithridate.estate.facts import FactBase
from mithridate.model.estate import Confidence, Term

ANYWHERE, INTERNET = "zone:anywhere", "zone:internet"
_NEEDED = ("identifier", "zone", "range", "in_zone", "within", "allow")
_DEFAULT = {4: 24, 6: 64}
_BITS = {4: 32, 6: 128}
_PREFIX = "zone:"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Said = tuple[int, int]
"""Source and place."""


def zone(base: FactBase) -> None:
    """Add the facts."""
    if not all(base.knows(name) for name in _NEEDED):
        return
    base.flush()
    zones = _Zones()
    told = _rows(base, "SELECT a0, a0, source, place FROM \"stage zone\" WHERE contains(a0, '/')")
    for name, text, source, place in [*told, *_rows(base, 'SELECT a0, a1, source, place FROM "stage range"')]:
        network = _network(text.removeprefix(_PREFIX))
        if network is not None:
            zones.add(network, name, (source, place))
    found = _addresses(base)
    settled = {row[0] for row in _rows(base, 'SELECT DISTINCT a0, a1, 0, 0 FROM "stage in_zone"')}
    known = {address for host, address, _, _ in found if host in settled}
    ranged = zones.told()
    for _, address, source, place in found:
        if address not in known and not ranged.holds(address):
            zones.add_default(address, (source, place))
    _State(base).all(zones, found)


def _rows(base: FactBase, query: str) -> list[tuple[str, str, int, int]]:
    return [(str(a), str(b), int(s), int(p)) for a, b, s, p in base.db.execute(query + " ORDER BY ALL").fetchall()]


def _addresses(base: FactBase) -> list[tuple[str, Address, int, int]]:
    rows = _rows(
        base,
        "SELECT a0, a2, min(source), min(place) FROM \"stage identifier\" WHERE a1 = 'ip' AND starts_with(a0, 'host:') "
        "GROUP BY a0, a2",
    )
    found = []
    for host, text, source, place in rows:
        try:
            found.append((host, ipaddress.ip_address(text), source, place))
        except ValueError:
            continue
    return found


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


@dataclass(slots=True)
class _Zones:
    """Networks by version, length and number → the zones that are exactly these addresses."""

    named: dict[tuple[int, int, int], dict[str, Said]] = field(default_factory=dict)
    defaults: dict[str, Said] = field(default_factory=dict)

    def add(self, network: Network, name: str, said: Said) -> None:
        self.named.setdefault(_key(network), {}).setdefault(name, said)

    def add_default(self, address: Address, said: Said) -> None:
        """The zone that an address is in when nobody says."""
        network = ipaddress.ip_network(f"{address}/{_DEFAULT[address.version]}", strict=False)
        for name in self.named.setdefault(_key(network), {f"{_PREFIX}{network}": said}):
            self.defaults.setdefault(name, said)

    def told(self) -> "_Zones":
        """Those that people named, and not after their addresses."""
        named = {k: n for k, names in self.named.items() if (n := {z: s for z, s in names.items() if _own(z)})}
        return _Zones(named)

    def holds(self, address: Address) -> bool:
        return any(self.around(address.version, int(address), _BITS[address.version]))

    def around(self, version: int, number: int, longest: int) -> Iterator[dict[str, Said]]:
        """The zones that hold a number, the smallest first."""
        for length in self.lengths(version):
            if length <= longest and (names := self.named.get(_cut(version, number, length))):
                yield names

    def lengths(self, version: int) -> Sequence[int]:
        """Lengths of prefixes in use, the longest first."""
        return sorted({k[1] for k in self.named if k[0] == version}, reverse=True)


class _Lookup:
    """Finds the smallest zone quickly."""

    def __init__(self, zones: _Zones) -> None:
        self._named = zones.named
        self._lengths = {version: zones.lengths(version) for version in _BITS}

    def smallest(self, version: int, number: int, longest: int) -> dict[str, Said]:
        """The zones of the smallest network that holds a number and is at most `longest` bits long."""
        for length in self._lengths[version]:
            if length <= longest and (names := self._named.get(_cut(version, number, length))):
                return names
        return {}


class _State:
    """Collects facts and states them together."""

    def __init__(self, base: FactBase) -> None:
        self._base = base
        self._facts: defaultdict[tuple[str, int], list[tuple[tuple[Term, ...], int]]] = defaultdict(list)

    def all(self, zones: _Zones, found: Iterable[tuple[str, Address, int, int]]) -> None:
        lookup = _Lookup(zones)
        for host, address, source, place in found:
            for name in lookup.smallest(address.version, int(address), _BITS[address.version]):
                self._say((source, place), "in_zone", host, name)
        for (version, length, number), names in zones.named.items():
            wider = lookup.smallest(version, number, length - 1)
            for name, said in names.items():
                self._say(said, "zone", name)
                for other in wider:
                    self._say(said, "within", name, other)
        for name, said in zones.defaults.items():
            for protocol in ("tcp", "udp"):
                self._say(said, "allow", name, name, protocol, 1, 65535)
        self._anywhere(zones)
        for (predicate, source), rows in self._facts.items():
            terms, places = [r for r, _ in rows], [p for _, p in rows]
            self._base.add_all(predicate, terms, source=source, place=places, confidence=Confidence.INFERRED)

    def _anywhere(self, zones: _Zones) -> None:
        """Every zone, and the internet, is part of what filters call anywhere."""
        rows = _rows(self._base, f"SELECT a0, a0, source, place FROM \"stage zone\" WHERE a0 = '{ANYWHERE}'")
        if not rows:
            return
        said = rows[0][2], rows[0][3]
        stated = {row[0] for row in _rows(self._base, 'SELECT DISTINCT a0, a0, 0, 0 FROM "stage zone"')}
        stated |= {row[1] for row in _rows(self._base, 'SELECT DISTINCT a0, a1, 0, 0 FROM "stage in_zone"')}
        stated |= {name for names in zones.named.values() for name in names}
        self._say(said, "zone", INTERNET)
        for name in sorted((stated | {INTERNET}) - {ANYWHERE}):
            self._say(said, "within", name, ANYWHERE)

    def _say(self, said: Said, predicate: str, *terms: Term) -> None:
        self._facts[predicate, said[0]].append((terms, said[1]))


def _key(network: Network) -> tuple[int, int, int]:
    return network.version, network.prefixlen, int(network.network_address)


def _cut(version: int, number: int, length: int) -> tuple[int, int, int]:
    rest = _BITS[version] - length
    return version, length, number >> rest << rest


def _own(name: str) -> bool:
    """A zone that is not called after its addresses."""
    return _network(name.removeprefix(_PREFIX)) is None
