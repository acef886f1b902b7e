"""Azure in Terraform: identities and role assignments, machines and network security groups, stores of data."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from mithridate.estate.readers.address_zones import INTERNET, is_everything, zone_of_range
from mithridate.estate.readers.azure_rights import AZURE_RIGHTS, AZURE_ROLES, GRANT
from mithridate.estate.readers.iam_policies import wildcard
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.terraform_resources import Resource, base_address, whole
from mithridate.model.estate import Confidence

_MACHINES = ("azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine", "azurerm_virtual_machine")
_APPS = tuple(f"azurerm_{system}_{kind}_app" for system in ("linux", "windows") for kind in ("web", "function"))
_STORES = {
    "azurerm_storage_account": "objects",
    "azurerm_storage_container": "objects",
    "azurerm_key_vault": "secrets",
    "azurerm_key_vault_secret": "secrets",
    "azurerm_mssql_database": "database",
    "azurerm_cosmosdb_account": "database",
}
_PRINCIPALS = {
    "azurerm_user_assigned_identity": "account",
    "azuread_user": "account",
    "azuread_service_principal": "account",
    "azuread_group": "group",
}
_ENTRA = "cloud:entra id"
"""Users, groups and applications belong to the directory: who owns a subscription does not own them."""
AZURE_TYPES = (
    frozenset(_MACHINES)
    | frozenset(_APPS)
    | frozenset(_STORES)
    | frozenset(_PRINCIPALS)
    | frozenset(
        {
            "azuread_group_member",
            "azurerm_role_assignment",
            "azurerm_role_definition",
            "azurerm_key_vault_access_policy",
            "azurerm_network_interface",
            "azurerm_network_interface_security_group_association",
            "azurerm_network_security_group",
            "azurerm_network_security_rule",
            "azurerm_public_ip",
            "azurerm_subnet",
            "azurerm_subnet_network_security_group_association",
        }
    )
)
_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-f-]{36})", re.IGNORECASE)
_GROUP = re.compile(r"(/subscriptions/[^/]+/resourcegroups/[^/]+)/", re.IGNORECASE)
_VNET = re.compile(r"(.*/virtualnetworks/[^/]+)/subnets/[^/]+\Z", re.IGNORECASE)
_INFERRED, _OBSERVED = Confidence.INFERRED, Confidence.OBSERVED
_HIGHEST = 65535
Ports = list[tuple[str, int, int]]
Actions = tuple[tuple[str, ...], tuple[str, ...]]
"""Patterns of actions that a role allows, and of those that it takes out again."""


class Azure:
    """All resources of one file; `state` says what they mean.

    Scopes are as Azure's: a resource, its resource group, its subscription; a right on one holds within it. Identities are
    called by their object in Entra ID, machines and stores by their resource.
    """

    def __init__(self, found: list[Resource], sink: Sink) -> None:
        self._sink = sink
        self._of: defaultdict[str, list[Resource]] = defaultdict(list)
        self._known: dict[str, Resource] = {}
        for one in found:
            if one.type in AZURE_TYPES and not one.data:
                self._of[one.type].append(one)
                for name in (one.text("id").lower(), one.address, base_address(one.address)):
                    if name:
                        self._known.setdefault(name, one)
        ids = (m[1].lower() for one in found if one.type in AZURE_TYPES and (m := _SUBSCRIPTION.search(one.text("id"))))
        self.subscription = next(ids, "")
        self.account = f"cloud:{self.subscription or 'azure'}"

    def state(self) -> None:
        """Put all facts into the sink."""
        if not self._of:
            return
        self._sink.fact("cloud_account", self.account, place=1, confidence=_INFERRED)
        for step in (self._nodes, self._groups, self._machines, self._apps, self._assignments, self._vaults, self._network):
            step()

    # Names.

    def _each(self, *types: str) -> Iterator[Resource]:
        for kind in types:
            yield from self._of[kind]

    def _named(self, one: Resource, attribute: str) -> Iterator[str]:
        """What an attribute refers to: resources' ids in lower case, or their addresses where a plan does not know more."""
        values = [value.lower() for value in one.texts(attribute)]
        yield from values or one.references.get(attribute, [])

    def _find(self, one: Resource, attribute: str, *types: str) -> Resource | None:
        for name in self._named(one, attribute):
            if (found := self._known.get(name)) and (not types or found.type in types):
                return found
        return None

    def _id(self, one: Resource) -> str:
        return one.text("id").lower() or base_address(one.address)

    def _node(self, one: Resource) -> str:
        if one.type in _PRINCIPALS:
            own = one.text("principal_id", "object_id").lower() or self._id(one)
            return f"{_PRINCIPALS[one.type]}:{own}"
        kind = "host" if one.type in _MACHINES else "function" if one.type in _APPS else "data"
        return f"{kind}:{self._id(one)}"

    def _scopes(self, one: Resource) -> list[str]:
        """The scopes that a resource is in, the widest last."""
        own = self._id(one)
        group = _GROUP.match(own)
        scopes = [f"scope:{own}"]
        parent = self._find(one, "storage_account_id") or self._find(one, "key_vault_id") or self._find(one, "server_id")
        if parent:
            scopes.append(f"scope:{self._id(parent)}")
        elif own.count("/providers/") == 1 and "/databases/" in own:
            scopes.append(f"scope:{own.partition('/databases/')[0]}")
        if group or parent:
            within = group or _GROUP.match(self._id(parent)) if parent else group
            scopes += [f"scope:{within[1].lower()}"] if within else []
        return [*scopes, self._whole()]

    def _whole(self) -> str:
        return f"scope:/subscriptions/{self.subscription}" if self.subscription else "scope:azure"

    def _nodes(self) -> None:
        for one in self._each(*_PRINCIPALS, *_MACHINES, *_APPS, *_STORES):
            with self._sink.tolerate(one.place):
                node = self._node(one)
                own = not one.type.startswith("azuread_")
                for scope in self._scopes(one) if own else ():
                    self._sink.fact("in_scope", node, scope, place=one.place)
                if one.text("id"):
                    self._sink.fact("identifier", node, "resource", one.text("id").lower(), place=one.place)
                if one.type in _PRINCIPALS:
                    self._sink.fact("principal", node, self.account if own else _ENTRA, place=one.place)
                if one.type in _STORES:
                    self._sink.fact(_STORES[one.type], node, place=one.place)
                    self._sink.fact("stored", node, self.account, place=one.place)
                if one.type == "azurerm_storage_container" and one.text("container_access_type") in ("blob", "container"):
                    account = self._find(one, "storage_account_id", "azurerm_storage_account")
                    if not account or account.values.get("allow_nested_items_to_be_public") is not False:
                        self._sink.fact("public", node, place=one.place)

    def _groups(self) -> None:
        for one in self._each("azuread_group_member"):
            with self._sink.tolerate(one.place):
                for group in self._principals(one, "group_object_id", "group"):
                    for who in self._principals(one, "member_object_id", "account"):
                        self._sink.fact("member", who, group, place=one.place)
        for one in self._each("azuread_group"):
            with self._sink.tolerate(one.place):
                for who in self._principals(one, "members", "account"):
                    self._sink.fact("member", who, self._node(one), place=one.place)

    def _principals(self, one: Resource, attribute: str, kind: str) -> list[str]:
        """The identities that an attribute names: by their objects, or by the resources that a plan makes."""
        found = []
        for name in self._named(one, attribute):
            known = self._known.get(name)
            if known and known.type in _PRINCIPALS:
                found.append(self._node(known))
            elif known and known.type in (*_MACHINES, *_APPS):
                found.append(f"account:{self._id(known)}")
            elif "." not in name:
                found.append(f"{kind}:{name.rpartition('/')[2]}")
        return found

    # Machines and what else runs with an identity.

    def _machines(self) -> None:
        for one in self._each(*_MACHINES):
            with self._sink.tolerate(one.place):
                node = self._node(one)
                self._sink.fact("instance", node, self.account, place=one.place)
                if one.values.get("provision_vm_agent") is not False:
                    self._sink.fact("managed", node, place=one.place, confidence=_INFERRED)
                self._sink.fact("metadata_from_containers", node, place=one.place, confidence=_INFERRED)
                for name in (one.text("private_ip_address"), one.text("public_ip_address")):
                    if name:
                        self._sink.fact("identifier", node, "ip", name, place=one.place)
                self._identities(one)

    def _apps(self) -> None:
        for one in self._each(*_APPS):
            with self._sink.tolerate(one.place):
                self._identities(one)

    def _identities(self, one: Resource) -> None:
        for block in one.blocks("identity"):
            if "SystemAssigned" in str(block.get("type")):
                own = block.get("principal_id")
                account = f"account:{own.lower()}" if isinstance(own, str) and own else f"account:{self._id(one)}"
                self._sink.fact("principal", account, self.account, place=one.place)
                self._sink.fact("runs_with", self._node(one), account, place=one.place)
            named = block.get("identity_ids")
            names = [n.lower() for n in named if isinstance(n, str)] if isinstance(named, list) else []
            for name in names or one.references.get("identity", []):
                known = self._known.get(name)
                if known and known.type == "azurerm_user_assigned_identity":
                    self._sink.fact("runs_with", self._node(one), self._node(known), place=one.place)

    # Who may do what.

    def _assignments(self) -> None:
        for one in self._each("azurerm_role_assignment"):
            with self._sink.tolerate(one.place):
                kind = "group" if one.text("principal_type") == "Group" else "account"
                scopes = [f"scope:{self._scope_of(name)}" for name in self._named(one, "scope")]
                actions = self._role(one)
                if actions is None:
                    label = one.text("role_definition_name", "role_definition_id") or one.address
                    self._sink.broken(one.place, f"the actions of the role {label} are not known here")
                    continue
                policy = f"policy:{one.text('role_definition_name') or 'role'} {one.address}"
                for who in self._principals(one, "principal_id", kind):
                    self._sink.fact("principal", who, _ENTRA, place=one.place, confidence=_INFERRED)
                    for scope in scopes:
                        self._granted(who, scope, policy, actions, one)

    def _scope_of(self, name: str) -> str:
        known = self._known.get(name)
        return self._id(known) if known else name

    def _role(self, one: Resource) -> Actions | None:
        """Actions of an assignment's role and those that are taken out; None when nobody says."""
        built_in = AZURE_ROLES.get(one.text("role_definition_name").lower())
        if built_in is not None:
            return built_in
        defined = self._find(one, "role_definition_id", "azurerm_role_definition") or next(
            (
                role
                for role in self._each("azurerm_role_definition")
                if (one.text("role_definition_name") and role.text("name") == one.text("role_definition_name"))
                or (one.text("role_definition_id") and one.text("role_definition_id") == role.text("role_definition_resource_id"))
            ),
            None,
        )
        if defined is None:
            return None
        allowed: list[str] = []
        taken: list[str] = []
        for block in defined.blocks("permissions"):
            for key, into in (
                ("actions", allowed),
                ("data_actions", allowed),
                ("not_actions", taken),
                ("not_data_actions", taken),
            ):
                listed = block.get(key)
                into += [a.lower() for a in listed if isinstance(a, str)] if isinstance(listed, list) else []
        return tuple(allowed), tuple(taken)

    def _granted(self, who: str, scope: str, policy: str, actions: Actions, one: Resource) -> None:
        allowed, taken = actions
        confidence = _INFERRED if one.text("condition") else _OBSERVED

        def may(action: str) -> bool:
            return any(wildcard(a, action) for a in allowed) and not any(wildcard(t, action) for t in taken)

        grants = may(GRANT)
        if grants and scope == self._whole():
            self._sink.fact("administers", who, self.account, policy, place=one.place, confidence=confidence)
            return
        for right, ways in AZURE_RIGHTS.items():
            if grants or any(may(action) for action in ways):
                self._sink.fact("allows", who, right, scope, policy, place=one.place, confidence=confidence)

    def _vaults(self) -> None:
        """Access policies, which vaults had before roles."""
        for vault in self._each("azurerm_key_vault"):
            with self._sink.tolerate(vault.place):
                for block in vault.blocks("access_policy"):
                    who = block.get("object_id")
                    if isinstance(who, str) and who and _reads_secrets(block.get("secret_permissions")):
                        self._opened(f"account:{who.lower()}", self._id(vault), vault)
        for one in self._each("azurerm_key_vault_access_policy"):
            with self._sink.tolerate(one.place):
                found = self._find(one, "key_vault_id", "azurerm_key_vault")
                if found and _reads_secrets(one.values.get("secret_permissions")):
                    for account in self._principals(one, "object_id", "account"):
                        self._opened(account, self._id(found), one)

    def _opened(self, who: str, vault: str, one: Resource) -> None:
        self._sink.fact("principal", who, _ENTRA, place=one.place, confidence=_INFERRED)
        self._sink.fact("allows", who, "read-secrets", f"scope:{vault}", f"policy:access policy {one.address}", place=one.place)

    # The network.

    def _network(self) -> None:
        """A security group is a zone; members with a public address are in another one too, which the internet may reach."""
        guards: defaultdict[str, list[Resource]] = defaultdict(list)
        for kind, attribute in (("network_interface", "network_interface_id"), ("subnet", "subnet_id")):
            for one in self._each(
                f"azurerm_{kind}_security_group_association", f"azurerm_{kind}_network_security_group_association"
            ):
                group = self._find(one, "network_security_group_id", "azurerm_network_security_group")
                guarded = self._find(one, attribute)
                name = self._id(guarded) if guarded else next(self._named(one, attribute), "")
                if group and name:
                    guards[name].append(group)
        rules: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
        for one in self._each("azurerm_network_security_rule"):
            name = one.text("network_security_group_name") or next(
                iter(one.references.get("network_security_group_name", ())), ""
            )
            rules[name].append(one.values)
        networks: defaultdict[str, set[str]] = defaultdict(set)
        for machine in self._each(*_MACHINES):
            with self._sink.tolerate(machine.place):
                for card in self._cards(machine):
                    self._place(machine, card, guards, networks)
        for group in self._each("azurerm_network_security_group"):
            with self._sink.tolerate(group.place):
                names = (group.text("name"), group.address, base_address(group.address))
                more = [rule for name in dict.fromkeys(names) if name for rule in rules[name]]
                self._guard(group, [*group.blocks("security_rule"), *more], sorted(networks[self._id(group)]))

    def _cards(self, machine: Resource) -> Iterator[Resource]:
        for name in self._named(machine, "network_interface_ids"):
            known = self._known.get(name)
            if known and known.type == "azurerm_network_interface":
                yield known

    def _place(self, machine: Resource, card: Resource, guards: dict[str, list[Resource]], networks: dict[str, set[str]]) -> None:
        node = self._node(machine)
        groups = list(guards.get(self._id(card), ()))
        public = bool(machine.text("public_ip_address"))
        network = ""
        for block in card.blocks("ip_configuration"):
            public = public or bool(block.get("public_ip_address_id"))
            subnet = block.get("subnet_id")
            names = [subnet.lower()] if isinstance(subnet, str) else card.references.get("ip_configuration", [])
            for name in names:
                known = self._known.get(name)
                public = public or bool(known and known.type == "azurerm_public_ip")
                own = self._id(known) if known else name
                groups += guards.get(own, ())
                if found := _VNET.match(own):
                    network = f"zone:{found[1]}"
        if network:
            self._sink.fact("zone", network, place=card.place)
            self._sink.fact("in_zone", node, network, place=card.place)
        zones = [f"zone:{self._id(group)}" for group in groups]
        for group in groups:
            if network:
                networks[self._id(group)].add(network)
        if not groups:
            # Nothing filters: the whole network connects, and with a basic public address everybody.
            zones = [f"zone:{self._id(card)}"]
            sources = [network] if network else []
            for source in sources + ([INTERNET] if public else []):
                self._sink.fact("zone", source, place=card.place)
                target = f"{zones[0]} from outside" if source == INTERNET else zones[0]
                for protocol in ("tcp", "udp"):
                    self._sink.fact("allow", source, target, protocol, 1, _HIGHEST, place=card.place, confidence=_INFERRED)
        for zone in zones:
            for within in (zone, *([f"{zone} from outside"] if public else [])):
                self._sink.fact("zone", within, place=card.place)
                self._sink.fact("in_zone", node, within, place=card.place)

    def _guard(self, group: Resource, rules: Iterable[dict[str, object]], networks: list[str]) -> None:
        """Inbound rules by priority; what a rule denies to everybody, later ones no longer allow."""
        target = f"zone:{self._id(group)}"
        inbound = [r for r in rules if str(r.get("direction")).lower() == "inbound"]
        denied: Ports = []
        for rule in sorted(inbound, key=lambda r: whole(r.get("priority"), 4096)):
            ports = _ports(rule)
            sources = [*_listed(rule.get("source_address_prefix")), *_listed(rule.get("source_address_prefixes"))]
            asked = _listed(rule.get("source_application_security_group_ids"))
            if str(rule.get("access")).lower() == "deny":
                if not asked and any(_anybody(s) for s in sources):
                    denied += ports
                continue
            left = _without(ports, denied)
            for source in sources:
                for zone, into in self._sources(source, target, networks, group.place):
                    self._allow(zone, into, left, group.place)
            for name in asked:
                self._allow(f"zone:{name.lower()}", target, left, group.place)
        every: Ports = [("tcp", 1, _HIGHEST), ("udp", 1, _HIGHEST)]
        for network in networks:
            self._allow(network, target, _without(every, denied), group.place)

    def _sources(self, source: str, target: str, networks: list[str], place: int) -> list[tuple[str, str]]:
        """From which zone to which a rule with this source leads."""
        outer = f"{target} from outside"
        if source in ("*", "Any", "any") or source.lower() == "internet":
            inner = [] if source.lower() == "internet" else [(network, target) for network in networks]
            return [(INTERNET, outer), *inner]
        if source.lower() == "virtualnetwork":
            return [(network, target) for network in networks]
        if not re.fullmatch(r"[0-9a-fA-F.:]+(/[0-9]+)?", source):
            return []  # a tag of one of Azure's services
        zone = zone_of_range(source, self._sink, place)
        return [(zone, outer if zone == INTERNET and is_everything(source) else target)]

    def _allow(self, source: str, target: str, ports: Ports, place: int) -> None:
        for zone in (source, target):
            self._sink.fact("zone", zone, place=place)
        self._sink.facts("allow", [(source, target, *one) for one in ports], place=place)


def _anybody(source: str) -> bool:
    return source in ("*", "Any", "any", "0.0.0.0/0")


def _reads_secrets(permissions: object) -> bool:
    return isinstance(permissions, list) and any(
        isinstance(p, str) and p.lower() in ("get", "all", "backup") for p in permissions
    )


def _listed(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    return [v for v in value if isinstance(v, str) and v] if isinstance(value, list) else []


def _ports(rule: dict[str, object]) -> Ports:
    """ValueError for a range that is none."""
    protocol = str(rule.get("protocol") or "*").lower()
    names = ("tcp", "udp") if protocol in ("*", "any") else (protocol,)
    spans = []
    for text in [*_listed(rule.get("destination_port_range")), *_listed(rule.get("destination_port_ranges"))]:
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
