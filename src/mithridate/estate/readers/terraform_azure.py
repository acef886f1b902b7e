"""Azure in Terraform: identities and role assignments, machines, stores of data. The network is in terraform_azure_network.py."""

import re

from mithridate.estate.readers.azure_resources import APPS, MACHINES, PRINCIPALS, STORES, AzureResources
from mithridate.estate.readers.azure_rights import AZURE_RIGHTS, AZURE_ROLES, GRANT
from mithridate.estate.readers.iam_policies import wildcard
from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.terraform_azure_network import AzureNetwork
from mithridate.estate.readers.terraform_resources import Resource, listed
from mithridate.model.estate import Confidence

_ENTRA = "cloud:entra id"
"""Users, groups and applications belong to the directory: who owns a subscription does not own them."""
_SUBSCRIPTION = re.compile(r"/subscriptions/([0-9a-f-]{36})", re.IGNORECASE)
_GROUP = re.compile(r"(/subscriptions/[^/]+/resourcegroups/[^/]+)/", re.IGNORECASE)
_INFERRED, _OBSERVED = Confidence.INFERRED, Confidence.OBSERVED
Actions = tuple[tuple[str, ...], tuple[str, ...]]
"""Patterns of actions that a role allows, and of those that it takes out again."""


class Azure:
    """All resources of one file; `state` says what they mean.

    Scopes are as Azure's: a resource, its resource group, its subscription; a right on one holds within it. Identities are
    called by their object in Entra ID, machines and stores by their resource.
    """

    def __init__(self, found: list[Resource], sink: Sink) -> None:
        self._sink = sink
        self._all = AzureResources(found)
        ids = (m[1].lower() for one in self._all.every() if (m := _SUBSCRIPTION.search(one.text("id"))))
        self.subscription = next(ids, "")
        self.account = f"cloud:{self.subscription or 'azure'}"

    def state(self) -> None:
        """Put all facts into the sink."""
        if not self._all:
            return
        self._sink.fact("cloud_account", self.account, place=1, confidence=_INFERRED)
        for step in (self._nodes, self._groups, self._machines, self._apps, self._assignments, self._vaults):
            step()
        AzureNetwork(self._all, self._sink).state()

    def _scopes(self, one: Resource) -> list[str]:
        """The scopes that a resource is in, the widest last."""
        own = self._all.name_of(one)
        group = _GROUP.match(own)
        scopes = [f"scope:{own}"]
        parent = (
            self._all.find(one, "storage_account_id") or self._all.find(one, "key_vault_id") or self._all.find(one, "server_id")
        )
        if parent:
            scopes.append(f"scope:{self._all.name_of(parent)}")
        elif own.count("/providers/") == 1 and "/databases/" in own:
            scopes.append(f"scope:{own.partition('/databases/')[0]}")
        within = group or (_GROUP.match(self._all.name_of(parent)) if parent else None)
        scopes += [f"scope:{within[1].lower()}"] if within else []
        return [*scopes, self._whole()]

    def _whole(self) -> str:
        return f"scope:/subscriptions/{self.subscription}" if self.subscription else "scope:azure"

    def _nodes(self) -> None:
        for one in self._all.each(*PRINCIPALS, *MACHINES, *APPS, *STORES):
            with self._sink.tolerate(one.place):
                node = self._all.node(one)
                own = not one.type.startswith("azuread_")
                for scope in self._scopes(one) if own else ():
                    self._sink.fact("in_scope", node, scope, place=one.place)
                if one.text("id"):
                    self._sink.fact("identifier", node, "resource", one.text("id").lower(), place=one.place)
                if one.type in PRINCIPALS:
                    self._sink.fact("principal", node, self.account if own else _ENTRA, place=one.place)
                if one.type in STORES:
                    self._sink.fact(STORES[one.type], node, place=one.place)
                    self._sink.fact("stored", node, self.account, place=one.place)
                if one.type == "azurerm_storage_container" and one.text("container_access_type") in ("blob", "container"):
                    account = self._all.find(one, "storage_account_id", "azurerm_storage_account")
                    if not account or account.values.get("allow_nested_items_to_be_public") is not False:
                        self._sink.fact("public", node, place=one.place)

    def _groups(self) -> None:
        for one in self._all.each("azuread_group_member"):
            with self._sink.tolerate(one.place):
                for group in self._principals(one, "group_object_id", "group"):
                    for who in self._principals(one, "member_object_id", "account"):
                        self._sink.fact("member", who, group, place=one.place)
        for one in self._all.each("azuread_group"):
            with self._sink.tolerate(one.place):
                for who in self._principals(one, "members", "account"):
                    self._sink.fact("member", who, self._all.node(one), place=one.place)

    def _principals(self, one: Resource, attribute: str, kind: str) -> list[str]:
        """The identities that an attribute names: by their objects, or by the resources that a plan makes."""
        found = []
        for name in self._all.named(one, attribute):
            known = self._all.known(name)
            if known and known.type in PRINCIPALS:
                found.append(self._all.node(known))
            elif known and known.type in (*MACHINES, *APPS):
                found.append(f"account:{self._all.name_of(known)}")
            elif "." not in name:
                found.append(f"{kind}:{name.rpartition('/')[2]}")
        return found

    # Machines and what else runs with an identity.

    def _machines(self) -> None:
        for one in self._all.each(*MACHINES):
            with self._sink.tolerate(one.place):
                node = self._all.node(one)
                self._sink.fact("instance", node, self.account, place=one.place)
                if one.values.get("provision_vm_agent") is not False:
                    self._sink.fact("managed", node, place=one.place, confidence=_INFERRED)
                self._sink.fact("metadata_from_containers", node, place=one.place, confidence=_INFERRED)
                for name in (one.text("private_ip_address"), one.text("public_ip_address")):
                    if name:
                        self._sink.fact("identifier", node, "ip", name, place=one.place)
                self._identities(one)

    def _apps(self) -> None:
        for one in self._all.each(*APPS):
            with self._sink.tolerate(one.place):
                self._identities(one)

    def _identities(self, one: Resource) -> None:
        for block in one.blocks("identity"):
            if "SystemAssigned" in str(block.get("type")):
                own = block.get("principal_id")
                account = f"account:{own.lower()}" if isinstance(own, str) and own else f"account:{self._all.name_of(one)}"
                self._sink.fact("principal", account, self.account, place=one.place)
                self._sink.fact("runs_with", self._all.node(one), account, place=one.place)
            for name in [n.lower() for n in listed(block.get("identity_ids"))] or one.references.get("identity", []):
                known = self._all.known(name)
                if known and known.type == "azurerm_user_assigned_identity":
                    self._sink.fact("runs_with", self._all.node(one), self._all.node(known), place=one.place)

    # Who may do what.

    def _assignments(self) -> None:
        for one in self._all.each("azurerm_role_assignment"):
            with self._sink.tolerate(one.place):
                kind = "group" if one.text("principal_type") == "Group" else "account"
                scopes = [f"scope:{self._scope_of(name)}" for name in self._all.named(one, "scope")]
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
        known = self._all.known(name)
        return self._all.name_of(known) if known else name

    def _role(self, one: Resource) -> Actions | None:
        """Actions of an assignment's role and those that are taken out; None when nobody says."""
        built_in = AZURE_ROLES.get(one.text("role_definition_name").lower())
        if built_in is not None:
            return built_in
        defined = self._all.find(one, "role_definition_id", "azurerm_role_definition") or next(
            (
                role
                for role in self._all.each("azurerm_role_definition")
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
            for kind in ("actions", "data_actions"):
                allowed += [a.lower() for a in listed(block.get(kind))]
                taken += [a.lower() for a in listed(block.get(f"not_{kind}"))]
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
        for vault in self._all.each("azurerm_key_vault"):
            with self._sink.tolerate(vault.place):
                for block in vault.blocks("access_policy"):
                    who = block.get("object_id")
                    if isinstance(who, str) and who and _reads_secrets(block.get("secret_permissions")):
                        self._opened(f"account:{who.lower()}", self._all.name_of(vault), vault)
        for one in self._all.each("azurerm_key_vault_access_policy"):
            with self._sink.tolerate(one.place):
                found = self._all.find(one, "key_vault_id", "azurerm_key_vault")
                if found and _reads_secrets(one.values.get("secret_permissions")):
                    for account in self._principals(one, "object_id", "account"):
                        self._opened(account, self._all.name_of(found), one)

    def _opened(self, who: str, vault: str, one: Resource) -> None:
        self._sink.fact("principal", who, _ENTRA, place=one.place, confidence=_INFERRED)
        self._sink.fact("allows", who, "read-secrets", f"scope:{vault}", f"policy:access policy {one.address}", place=one.place)


def _reads_secrets(permissions: object) -> bool:
    return any(p.lower() in ("get", "all", "backup") for p in listed(permissions))
