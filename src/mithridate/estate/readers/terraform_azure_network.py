"""The network of Azure in Terraform: cards, public addresses, security groups with their priorities.

A security group is a zone; members with a public address are in another one too, which the internet may reach. The virtual
network is a third: its machines send from it. What a rule denies to some only (a source, a destination, a source port), later
rules still allow.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from mithridate.estate.readers.address_zones import INTERNET, is_everything, zone_of_range
from mithridate.estate.readers.azure_resources import MACHINES, AzureResources
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.terraform_resources import Resource, base_address, listed, whole
from mithridate.model.estate import Confidence

_VNET = re.compile(r"(.*/virtualnetworks/[^/]+)/subnets/[^/]+\Z", re.IGNORECASE)
_RANGE = re.compile(r"[0-9a-fA-F.:]+(/[0-9]+)?")
_ANY = frozenset({"*", "any", "0.0.0.0/0"})
_GROUP = "azurerm_network_security_group"
_HIGHEST = 65535
Rule = dict[str, object]
Ports = list[tuple[str, int, int]]
"""Protocol, first and last port."""
_EVERY: Ports = [("tcp", 1, _HIGHEST), ("udp", 1, _HIGHEST)]


class AzureNetwork:
    """See the module."""

    def __init__(self, found: AzureResources, sink: Sink) -> None:
        self._all = found
        self._sink = sink
        self._guards: defaultdict[str, list[Resource]] = defaultdict(list)
        """Security groups by the card or subnet that they guard."""
        self._networks: defaultdict[str, set[str]] = defaultdict(set)
        """Virtual networks by the security group of which members are in them."""

    def state(self) -> None:
        """Put all facts into the sink."""
        self._associations()
        for machine in self._all.each(*MACHINES):
            with self._sink.tolerate(machine.place):
                for card in self._cards(machine):
                    self._place(machine, card)
        more = self._rules()
        for group in self._all.each(_GROUP):
            with self._sink.tolerate(group.place):
                own = (_scoped(group, "name"), group.address, base_address(group.address))
                rules = [
                    *((r, group.place) for r in group.blocks("security_rule")),
                    *(r for name in dict.fromkeys(own) for r in more[name]),
                ]
                self._guard(group, rules)

    def _associations(self) -> None:
        for kind, attribute in (("network_interface", "network_interface_id"), ("subnet", "subnet_id")):
            for one in self._all.each(
                f"azurerm_{kind}_security_group_association", f"azurerm_{kind}_network_security_group_association"
            ):
                group = self._all.find(one, "network_security_group_id", _GROUP)
                guarded = self._all.find(one, attribute)
                name = self._all.name_of(guarded) if guarded else next(self._all.named(one, attribute), "")
                if group and name:
                    self._guards[name].append(group)

    def _rules(self) -> dict[str, list[tuple[Rule, int]]]:
        """Rules that are resources of their own, by the group that they name, each with its place."""
        found: defaultdict[str, list[tuple[Rule, int]]] = defaultdict(list)
        for one in self._all.each("azurerm_network_security_rule"):
            named = one.references.get("network_security_group_name", [""])
            name = _scoped(one, "network_security_group_name") if one.text("network_security_group_name") else named[0]
            found[name].append((one.values, one.place))
        return found

    def _cards(self, machine: Resource) -> Iterator[Resource]:
        for name in self._all.named(machine, "network_interface_ids"):
            known = self._all.known(name)
            if known and known.type == "azurerm_network_interface":
                yield known

    def _place(self, machine: Resource, card: Resource) -> None:
        """In which zones a machine is by one of its cards."""
        groups = list(self._guards.get(self._all.name_of(card), ()))
        public, network = bool(machine.text("public_ip_address")), ""
        for block in card.blocks("ip_configuration"):
            public = public or bool(block.get("public_ip_address_id"))
            subnet = block.get("subnet_id")
            for name in [subnet.lower()] if isinstance(subnet, str) else card.references.get("ip_configuration", []):
                known = self._all.known(name)
                public = public or bool(known and known.type == "azurerm_public_ip")
                own = self._all.name_of(known) if known else name
                groups += self._guards.get(own, ())
                if found := _VNET.match(own):
                    network = f"zone:{found[1]}"
        zones = [f"zone:{self._all.name_of(group)}" for group in groups]
        if network:
            self._within(machine, network, card.place)
            for group in groups:
                self._networks[self._all.name_of(group)].add(network)
        if not groups:
            zones = [f"zone:{self._all.name_of(card)}"]
            self._open(zones[0], network, public, card.place)
        for zone in zones:
            for one in (zone, *([f"{zone} from outside"] if public else [])):
                self._within(machine, one, card.place)

    def _within(self, machine: Resource, zone: str, place: int) -> None:
        self._sink.fact("zone", zone, place=place)
        self._sink.fact("in_zone", self._all.node(machine), zone, place=place)

    def _open(self, zone: str, network: str, public: bool, place: int) -> None:
        """Nothing filters: the whole network connects and, with a basic public address, everybody."""
        ways = [(network, zone)] if network else []
        for source, target in ways + ([(INTERNET, f"{zone} from outside")] if public else []):
            self._allow(source, target, _EVERY, place, Confidence.INFERRED)

    def _guard(self, group: Resource, rules: Iterable[tuple[Rule, int]]) -> None:
        """Inbound rules by priority; what one denies to everybody, later ones no longer allow. Then the rule that Azure adds."""
        target = f"zone:{self._all.name_of(group)}"
        networks = sorted(self._networks[self._all.name_of(group)])
        inbound = [one for one in rules if str(one[0].get("direction")).lower() == "inbound"]
        denied: Ports = []
        for rule, place in sorted(inbound, key=lambda one: whole(one[0].get("priority"), 4096)):
            with self._sink.tolerate(place):
                ports = _ports(rule)
                if str(rule.get("access")).lower() == "deny":
                    denied += ports if _denies_all(rule) else []
                    continue
                left = _without(ports, denied)
                for source in _either(rule, "source_address_prefix"):
                    for zone, into in self._sources(source, target, networks, place):
                        self._allow(zone, into, left, place)
                for name in listed(rule.get("source_application_security_group_ids")):
                    self._allow(f"zone:{name.lower()}", target, left, place)
        for network in networks:
            self._allow(network, target, _without(_EVERY, denied), group.place)

    def _sources(self, source: str, target: str, networks: list[str], place: int) -> list[tuple[str, str]]:
        """From which zone to which a rule with this source leads; nowhere for a tag of one of Azure's services."""
        inner = [(network, target) for network in networks]
        outer = (INTERNET, f"{target} from outside")
        match source.lower():
            case "*" | "any":
                return [outer, *inner]
            case "internet":
                return [outer]
            case "virtualnetwork":
                return inner
        if not _RANGE.fullmatch(source):
            return []
        return [outer] if is_everything(source) else [(zone_of_range(source, self._sink, place), target)]

    def _allow(self, source: str, target: str, ports: Ports, place: int, confidence: Confidence = Confidence.OBSERVED) -> None:
        for zone in (source, target):
            self._sink.fact("zone", zone, place=place)
        self._sink.facts("allow", [(source, target, *one) for one in ports], place=place, confidence=confidence)


def _scoped(one: Resource, attribute: str) -> str:
    """A name with its resource group, in which it is the only one."""
    return f"{one.text('resource_group_name')}/{one.text(attribute)}".lower()


def _either(rule: Rule, name: str) -> list[str]:
    """An attribute that has one value, or in the plural several."""
    return [*listed(rule.get(name)), *listed(rule.get(f"{name}{'es' if name.endswith('x') else 's'}"))]


def _denies_all(rule: Rule) -> bool:
    """Whether it is about packets of everybody, from any port, to every member."""
    groups = [rule.get(f"{side}_application_security_group_ids") for side in ("source", "destination")]
    whole_sides = [
        any(text.lower() in _ANY for text in _either(rule, name))
        for name in ("source_address_prefix", "destination_address_prefix", "source_port_range")
    ]
    return not any(groups) and all(whole_sides)


def _ports(rule: Rule) -> Ports:
    """ValueError for a range that is none."""
    protocol = str(rule.get("protocol") or "*").lower()
    names = ("tcp", "udp") if protocol in ("*", "any") else (protocol,)
    spans = []
    for text in _either(rule, "destination_port_range"):
        low, dash, high = text.partition("-")
        span = (1, _HIGHEST) if text == "*" else (max(1, int(low)), int(high) if dash else int(low))
        if not 0 < span[0] <= span[1] <= _HIGHEST:
            raise ValueError(f"{text[:40]!r} is no range of ports")
        spans.append(span)
    return [(name, *span) for name in names for span in spans]


def _without(ports: Ports, denied: Ports) -> Ports:
    """Ranges of ports without others."""
    for protocol, low, high in denied:
        left: Ports = []
        for name, first, last in ports:
            if name != protocol or last < low or high < first:
                left.append((name, first, last))
                continue
            if first < low:
                left.append((name, first, low - 1))
            if high < last:
                left.append((name, high + 1, last))
        ports = left
    return ports
