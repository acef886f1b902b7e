"""The network of a cluster: policies, services, ingresses. They are gathered first, then asked about each pod.

What selects pods by labels is decided here, within one file; what concerns a whole namespace is a fact, so that it also holds for
pods of other files.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mithridate.estate.readers.address_zones import INTERNET, is_everything, zone_of_range
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.kubernetes_names import Names, entries, labels_of, mapping, text, texts
from mithridate.model.estate import Confidence

_HIGHEST = 65535
_INTERNAL = ("load-balancer-internal", "load-balancer-scheme", "load-balancer-type")
_MOST_GATHERED = 200_000
"""Policies, services and routes of one file."""
Ports = list[tuple[str, int, int]]
Selector = Callable[[dict[str, str]], bool]


@dataclass(frozen=True, slots=True)
class _Policy:
    zone: str
    selects: Selector
    open_to_all: Ports


@dataclass(frozen=True, slots=True)
class _Service:
    node: str
    name: str
    selects: Selector
    targets: list[str | int]
    zones: list[str]
    place: int


@dataclass(slots=True)
class ClusterNetwork:
    """What one file says about connections between pods."""

    names: Names
    sink: Sink
    gathered: int = 0
    live: bool = False
    """The file lists pods that were started from templates, so that the templates need not be read as pods."""
    _policies: defaultdict[str, list[_Policy]] = field(default_factory=lambda: defaultdict(list))
    _services: defaultdict[str, list[_Service]] = field(default_factory=lambda: defaultdict(list))
    _routes: defaultdict[tuple[str, str], list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    _namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    _peers: list[tuple[str, Selector, Selector]] = field(default_factory=list)
    _raw: list[tuple[dict[str, Any], str, int]] = field(default_factory=list)

    def gather(self, kind: str, body: dict[str, Any], namespace: str, place: int) -> None:
        """Keep what matters of one object."""
        if kind == "Namespace":
            name = text(body["metadata"]["name"], "the name of a namespace")
            self._namespaces[name] = labels_of(body["metadata"].get("labels")) | {"kubernetes.io/metadata.name": name}
        elif kind == "Pod":
            self.live = self.live or bool(mapping(body.get("metadata")).get("ownerReferences"))
        elif kind in ("NetworkPolicy", "Service", "Ingress", "HTTPRoute"):
            self.gathered += 1
            if self.gathered > _MOST_GATHERED:
                raise ValueError(f"more than {_MOST_GATHERED:,} policies, services and routes")
            if kind == "NetworkPolicy":
                self._raw.append((body, namespace, place))
            elif kind == "Service":
                self._service(body, namespace, place)
            else:
                self._route(kind, body, namespace, place)

    def settle(self) -> None:
        """Read the policies, now that the namespaces' labels are known."""
        for body, namespace, place in self._raw:
            with self.sink.tolerate(place):
                self._policy(body, namespace, place)
        self._raw.clear()

    # One pod.

    def place_pod(self, namespace: str, labels: dict[str, str], containers: list[str], on_host: bool, place: int) -> None:
        """In which zones the containers of a pod are, and who may connect to them."""
        zones = [self.names.zone(namespace)]
        if on_host:
            zones = [self.names.nodes_zone]
            self.sink.fact("zone", self.names.nodes_zone, place=place)
        space = self._namespaces.get(namespace, {"kubernetes.io/metadata.name": namespace})
        zones += [zone for zone, of_space, of_pod in self._peers if of_space(space) and of_pod(labels)]
        policies = [] if on_host else [p for p in self._policies[namespace] if p.selects(labels)]
        zones += [p.zone for p in policies]
        for container in containers:
            self.sink.facts("in_zone", [(container, zone) for zone in dict.fromkeys(zones)], place=place)
            if not policies:
                spot = (container, self.names.namespace(namespace), self.names.cluster)
                self.sink.fact("unprotected", *spot, place=place, confidence=Confidence.INFERRED)
            admitted = {ports for p in policies for ports in p.open_to_all}
            self.sink.facts("admits", [(container, self.names.cluster, *ports) for ports in sorted(admitted)], place=place)

    def exposures(self, namespace: str, labels: dict[str, str]) -> Iterator[tuple[str, list[str], list[str | int], int]]:
        """(what exposes, the zones that it is exposed to, target ports, place) for a pod with these labels."""
        for service in self._services[namespace]:
            if not service.selects(labels):
                continue
            if service.zones:
                yield service.node, service.zones, service.targets, service.place
            for route, place in self._routes[namespace, service.name]:
                yield route, [INTERNET], service.targets, place

    # What is gathered.

    def _service(self, body: dict[str, Any], namespace: str, place: int) -> None:
        metadata, spec = body["metadata"], mapping(body.get("spec"))
        name = text(metadata["name"], "the name of a service")
        wanted = labels_of(spec.get("selector"))
        if not wanted:
            return
        targets: list[str | int] = []
        for port in entries(spec.get("ports")):
            target = port.get("targetPort", port.get("port"))
            if isinstance(target, str | int) and not isinstance(target, bool):
                targets.append(int(target) if str(target).isdigit() else target)
        node = f"service:{self.names.prefix}{namespace}/{name}"
        zones = self._service_zones(spec, labels_of(metadata.get("annotations")), place)
        self._services[namespace].append(_Service(node, name, _all_of(wanted), targets, zones, place))

    def _service_zones(self, spec: dict[str, Any], annotations: dict[str, str], place: int) -> list[str]:
        if spec.get("type") == "LoadBalancer":
            internal = any(
                key.endswith(_INTERNAL) and value.lower() in ("true", "internal") for key, value in annotations.items()
            )
            ranges = texts(spec.get("loadBalancerSourceRanges"))
            if ranges:
                return [zone_of_range(one, self.sink, place) for one in ranges]
            return [self.names.nodes_zone if internal else INTERNET]
        if spec.get("type") == "NodePort":
            return [self.names.nodes_zone]
        return [INTERNET] if texts(spec.get("externalIPs")) else []

    def _route(self, kind: str, body: dict[str, Any], namespace: str, place: int) -> None:
        spec = mapping(body.get("spec"))
        node = f"ingress:{self.names.prefix}{namespace}/{text(body['metadata']['name'], 'the name of an ingress')}"
        backends = [mapping(spec.get("defaultBackend"))]
        for rule in entries(spec.get("rules")):
            if kind == "HTTPRoute":
                self._routes_to(
                    ((b.get("namespace", namespace), b.get("name")) for b in entries(rule.get("backendRefs"))), node, place
                )
            backends += [mapping(p.get("backend")) for p in entries(mapping(rule.get("http")).get("paths"))]
        found = ((namespace, mapping(b.get("service")).get("name", b.get("serviceName"))) for b in backends)
        self._routes_to(found, node, place)

    def _routes_to(self, services: Iterator[tuple[Any, Any]], node: str, place: int) -> None:
        for namespace, name in services:
            if isinstance(name, str) and isinstance(namespace, str):
                self._routes[namespace, name].append((node, place))

    # Policies.

    def _policy(self, body: dict[str, Any], namespace: str, place: int) -> None:
        spec = mapping(body.get("spec"))
        name = text(body["metadata"]["name"], "the name of a policy")
        kinds = texts(spec.get("policyTypes")) or ["Ingress"]
        if "Ingress" not in kinds:
            return
        zone = f"zone:{self.names.prefix}policy {namespace}/{name}"
        self.sink.fact("zone", zone, place=place)
        selector = spec.get("podSelector")
        if not mapping(selector).get("matchLabels") and not mapping(selector).get("matchExpressions"):
            self.sink.fact("default_deny", self.names.namespace(namespace), place=place)
        open_to_all: Ports = []
        for rule in entries(spec.get("ingress")):
            ports = _ports(rule.get("ports"))
            if not rule.get("from"):
                open_to_all += ports
            for peer in entries(rule.get("from")):
                open_to_all += self._peer(peer, namespace, zone, ports, place)
        self._policies[namespace].append(_Policy(zone, _selector(selector), open_to_all))

    def _peer(self, peer: dict[str, Any], namespace: str, zone: str, ports: Ports, place: int) -> Ports:
        """State who is allowed; what every pod is allowed is returned."""
        if "ipBlock" in peer:
            block = text(mapping(peer["ipBlock"]).get("cidr"), "a range of addresses")
            self._allow(zone_of_range(block, self.sink, place), zone, ports, place)
            return ports if is_everything(block) else []
        spaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
        if spaces is not None and not mapping(spaces) and not mapping(pods):
            return ports
        of_space = _selector(spaces) if spaces is not None else _all_of({"kubernetes.io/metadata.name": namespace})
        source = f"{zone}: peer {len(self._peers)}"
        self.sink.fact("zone", source, place=place)
        self._peers.append((source, of_space, _selector(pods)))
        self._allow(source, zone, ports, place)
        return []

    def _allow(self, source: str, zone: str, ports: Ports, place: int) -> None:
        self.sink.facts("allow", [(source, zone, *one) for one in ports], place=place)


def _ports(value: Any) -> Ports:
    """Protocols with ranges of ports; none given means all. A port by name may be any."""
    found: Ports = []
    for port in entries(value):
        protocol = str(port.get("protocol", "TCP")).lower()[:10]
        low = port.get("port")
        if isinstance(low, int) and not isinstance(low, bool) and 0 < low <= _HIGHEST:
            high = port.get("endPort", low)
            found.append((protocol, low, high if isinstance(high, int) and low <= high <= _HIGHEST else low))
        else:
            found.append((protocol, 1, _HIGHEST))
    return found or [(protocol, 1, _HIGHEST) for protocol in ("tcp", "udp", "sctp")]


def _all_of(wanted: dict[str, str]) -> Selector:
    return lambda labels: all(labels.get(key) == value for key, value in wanted.items())


def _selector(value: Any) -> Selector:
    """A label selector; an empty one selects everything."""
    wanted = labels_of(mapping(value).get("matchLabels"))
    conditions = [_condition(one) for one in entries(mapping(value).get("matchExpressions"))]
    return lambda labels: all(labels.get(k) == v for k, v in wanted.items()) and all(c(labels) for c in conditions)


def _condition(one: dict[str, Any]) -> Selector:
    key, values = text(one.get("key"), "the key of a label"), texts(one.get("values"))
    match one.get("operator"):
        case "In":
            return lambda labels: labels.get(key) in values
        case "NotIn":
            return lambda labels: labels.get(key) not in values
        case "Exists":
            return lambda labels: key in labels
        case "DoesNotExist":
            return lambda labels: key not in labels
    raise ValueError(f"a selector has the operator {str(one.get('operator'))[:40]!r}")
