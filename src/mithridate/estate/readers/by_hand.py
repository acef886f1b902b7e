"""What people type by hand: a small YAML file of zones, hosts, accounts and data.

    estate: 1
    zones:
      internet: {}
      dmz:
        addresses: [192.0.2.0/24]
        part_of: [branches]
        reaches: [{zone: payment, protocol: tcp, ports: 5432}]
    hosts:
      web01:
        zones: [dmz]
        addresses: [192.0.2.7]
        tags: [front]
        system: debian 12
        opens_content: [alice]
        services: [{software: nginx 1.18, port: 443, account: www}]
        software: [openssl 3.0.2]
        vulnerabilities: [{software: nginx 1.18, id: CVE-2021-23017, how: remote, gives: code, cost: 3}]
        holds: [customer records]
        sboms: [shop.cdx.json]
    accounts:
      alice: {opens_content: [desk07], names: [alice@bank.example], tags: [staff]}
    services:
      - {host: web02, software: nginx 1.18, port: 443}
    allows:
      - {from: dmz, to: payment, protocol: tcp, ports: 5432}
    data:
      customer records: {tags: [crown-jewel]}
    facts:
      - allow(zone:internet, zone:dmz, tcp, 443, 443)

Names without a kind get the kind of their place ("dmz" under zones is zone:dmz). The text is composed, never constructed: no tag
makes an object, and an alias is looked at once for each place that it stands in, up to a number of values.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from mithridate.estate.readers.interface import Sink
from mithridate.estate.rules.terms import NUMBER
from mithridate.model.errors import UsageError
from mithridate.model.estate import Term

LARGEST = 32 << 20
"""Bytes; more than that nobody types."""
_MOST_VALUES = 2_000_000
_MARK = re.compile(rb"(?m)^\s*[\"']?estate[\"']?\s*:\s*1\s*(#.*)?$")
_FACT = re.compile(r"\s*([a-z][A-Za-z0-9_-]*)\s*\(([^()]*)\)\s*\Z")
_PORTS = re.compile(r"(\d+)(?:-(\d+))?\Z")
_HIGHEST_PORT = 65535
_COST = 3
_SECTIONS = frozenset({"estate", "zones", "hosts", "accounts", "services", "allows", "data", "tags", "facts"})


class ByHand:
    """See the module."""

    name = "yaml"
    title = "YAML by hand"

    def recognises(self, path: Path, head: bytes) -> bool:
        """It says `estate: 1`."""
        return path.suffix.lower() in (".yaml", ".yml") and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for a text that is no YAML, too large or too deep."""
        _Estate(sink).read(_composed(path))


def _composed(path: Path) -> yaml.Node:
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise UsageError(f"{path} is larger than {LARGEST >> 20} MiB", hint="use CSV for facts in bulk")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UsageError(f"{path}{where}: {getattr(error, 'problem', None) or 'it is no YAML'}") from None
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as YAML: {type(error).__name__}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if not isinstance(root, yaml.MappingNode):
        raise UsageError(f"{path} is no estate: it must be a mapping with `estate: 1`")
    return root


class _Estate:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._values = 0

    def read(self, root: yaml.Node) -> None:
        for section, value in self._entries(root):
            match section:
                case "zones":
                    self._each(value, self._zone)
                case "hosts":
                    self._each(value, self._host)
                case "accounts":
                    self._each(value, self._account)
                case "services":
                    self._each_of(value, lambda one: self._service(_kinded("host", self._told(one, "host")), one))
                case "allows":
                    self._each_of(value, lambda one: self._allow(_kinded("zone", self._told(one, "from")), "to", one))
                case "data":
                    self._each(value, self._data)
                case "tags":
                    for node, names in self._entries(value):
                        with self._sink.tolerate(_line(names)):
                            self._tag(node, names)
                case "facts":
                    for one in self._items(value):
                        self._fact(one)
            if section not in _SECTIONS:
                self._sink.broken(_line(value), f"there is no section {section!r}")

    def _each(self, value: yaml.Node, reads: Callable[[str, yaml.Node], None]) -> None:
        for name, body in self._entries(value):
            with self._sink.tolerate(_line(body)):
                reads(name, body)
                self._sink.record()

    def _each_of(self, value: yaml.Node, reads: Callable[[yaml.Node], None]) -> None:
        for one in self._items(value):
            with self._sink.tolerate(_line(one)):
                reads(one)
                self._sink.record()

    def _zone(self, name: str, body: yaml.Node) -> None:
        zone = _kinded("zone", name)
        self._sink.fact("zone", zone, place=_line(body))
        for key, value in self._entries(body):
            if key == "tags":
                self._tag(zone, value)
            elif key == "reaches":
                for one in self._items(value):
                    self._allow(zone, "zone", one)
            elif key == "addresses":
                for network in self._texts(value):
                    self._sink.fact("range", zone, str(ipaddress.ip_network(network, strict=False)), place=_line(value))
            elif key == "part_of":
                for whole in self._texts(value):
                    self._sink.fact("within", zone, _kinded("zone", whole), place=_line(value))
            else:
                self._sink.broken(_line(value), f"a zone has no {key!r}")

    def _allow(self, zone: str, to: str, body: yaml.Node) -> None:
        told = dict(self._entries(body))
        protocol = self._text(told["protocol"]) if "protocol" in told else "tcp"
        other = _kinded("zone", self._text(told[to]))
        self._sink.fact("allow", zone, other, protocol, *self._ports(told.get("ports")), place=_line(body))

    def _account(self, name: str, body: yaml.Node) -> None:
        account = _kinded("account", name)
        for key, value in self._entries(body):
            match key:
                case "opens_content":
                    for host in self._texts(value):
                        self._sink.fact("opens_content", _kinded("host", host), account, place=_line(value))
                case "names":
                    for known in self._texts(value):
                        kind = "upn" if "@" in known else "name"
                        self._sink.fact("identifier", account, kind, known, place=_line(value))
                case "tags":
                    self._tag(account, value)
                case _:
                    self._sink.broken(_line(value), f"an account has no {key!r}")

    def _host(self, name: str, body: yaml.Node) -> None:
        host = _kinded("host", name)
        for key, value in self._entries(body):
            place = _line(value)
            match key:
                case "zones":
                    for zone in self._texts(value):
                        self._sink.fact("in_zone", host, _kinded("zone", zone), place=place)
                case "addresses":
                    for address in self._texts(value):
                        self._sink.fact("identifier", host, "ip", address, place=place)
                case "names":
                    for known in self._texts(value):
                        self._sink.fact("identifier", host, "fqdn" if "." in known else "hostname", known, place=place)
                case "tags":
                    self._tag(host, value)
                case "opens_content":
                    for account in self._texts(value):
                        self._sink.fact("opens_content", host, _kinded("account", account), place=place)
                case "software":
                    for software in self._texts(value):
                        self._sink.fact("installed", host, _kinded("software", software), place=place)
                case "system":
                    software = _kinded("software", self._text(value))
                    self._sink.fact("system", host, software, place=place)
                    self._sink.fact("installed", host, software, place=place)
                case "holds":
                    for data in self._texts(value):
                        self._sink.fact("holds", host, _kinded("data", data), place=place)
                case "sboms":
                    for sbom in self._texts(value):
                        self._sink.fact("deployed", host, _kinded("sbom", sbom), place=place)
                case "services":
                    for one in self._items(value):
                        self._service(host, one)
                case "vulnerabilities":
                    for one in self._items(value):
                        self._vulnerability(host, one)
                case _:
                    self._sink.broken(place, f"a host has no {key!r}")

    def _service(self, host: str, body: yaml.Node) -> None:
        told = {key: self._text(value) for key, value in self._entries(body)}
        account = _kinded("account", told.get("account", f"{told['software']} on {host.partition(':')[2]}"))
        terms = (host, _kinded("software", told["software"]), told.get("protocol", "tcp"), int(told["port"]), account)
        self._sink.fact("service", *terms, place=_line(body))

    def _vulnerability(self, host: str, body: yaml.Node) -> None:
        told = {key: self._text(value) for key, value in self._entries(body)}
        flaw = _kinded("vulnerability", told["id"])
        place = _line(body)
        self._sink.fact("vulnerable", host, _kinded("software", told["software"]), flaw, place=place)
        self._sink.fact("grants", flaw, told.get("how", "remote"), told.get("gives", "code"), place=place)
        self._sink.fact("exploit", flaw, int(told.get("cost", _COST)), place=place)

    def _data(self, name: str, body: yaml.Node) -> None:
        for key, value in self._entries(body):
            if key == "tags":
                self._tag(_kinded("data", name), value)
            else:
                self._sink.broken(_line(value), f"data have no {key!r}")

    def _tag(self, node: str, value: yaml.Node) -> None:
        for tag in self._texts(value):
            self._sink.fact("tag", node, tag, place=_line(value))

    def _fact(self, node: yaml.Node) -> None:
        with self._sink.tolerate(_line(node)):
            found = _FACT.match(self._text(node))
            predicate = self._sink.base.rules.predicates.get(found[1]) if found else None
            if found is None or predicate is None or not predicate.stated:
                raise ValueError(f"{self._text(node)[:80]!r} is no fact that a pack declares")
            words = [w.strip() for w in found[2].split(",")]
            terms: list[Term] = [int(w) if k == NUMBER else w for w, k in zip(words, predicate.types, strict=True)]
            self._sink.fact(predicate.name, *terms, place=_line(node))
            self._sink.record()

    def _ports(self, node: yaml.Node | None) -> tuple[int, int]:
        if node is None or self._text(node) == "any":
            return 1, _HIGHEST_PORT
        found = _PORTS.match(self._text(node))
        if found is None:
            raise ValueError(f"{self._text(node)[:80]!r} is neither a port nor a range such as 80-90")
        return int(found[1]), int(found[2] or found[1])

    def _entries(self, node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
        if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null"):
            return
        if not isinstance(node, yaml.MappingNode):
            self._sink.broken(_line(node), "a mapping is wanted here")
            return
        for key, value in node.value:
            self._count()
            if isinstance(key, yaml.ScalarNode):
                yield str(key.value), value
            else:
                self._sink.broken(_line(key), "a name is wanted here")

    def _items(self, node: yaml.Node) -> Iterator[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            self._sink.broken(_line(node), "a list is wanted here")
            return
        for one in node.value:
            self._count()
            yield one

    def _texts(self, node: yaml.Node) -> Iterator[str]:
        if isinstance(node, yaml.ScalarNode):
            yield self._text(node)
            return
        for one in self._items(node):
            yield self._text(one)

    def _told(self, node: yaml.Node, key: str) -> str:
        return self._text(dict(self._entries(node))[key])

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise ValueError("a text is wanted here")
        return str(node.value)

    def _count(self) -> None:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise UsageError(f"more than {_MOST_VALUES:,} values (aliases count each time)", hint="use CSV for facts in bulk")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _kinded(kind: str, name: str) -> str:
    return name if re.match(r"[a-z][a-z-]*:", name) else f"{kind}:{name}"
