"""Azure in Terraform: identities, role assignments, networks and stores; what an attacker derives from them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.estate.readers.reading import Read, read, survives
from tests.estate.readers.test_terraform import one
from tests.estate.small import derived, packs

RULES = packs(["network", "cloud"])

SUB = "/subscriptions/00000000-1111-2222-3333-444444444444"
SHOP = f"{SUB}/resourceGroups/Shop"
VM = f"{SHOP}/providers/Microsoft.Compute/virtualMachines/web"
NIC = f"{SHOP}/providers/Microsoft.Network/networkInterfaces/web"
NSG = f"{SHOP}/providers/Microsoft.Network/networkSecurityGroups/web"
SUBNET = f"{SHOP}/providers/Microsoft.Network/virtualNetworks/v/subnets/front"
VAULT = f"{SHOP}/providers/Microsoft.KeyVault/vaults/keys"
BLOB = f"{SHOP}/providers/Microsoft.Storage/storageAccounts/files"
HOST, GUARD = f"host:{VM.lower()}", f"zone:{NSG.lower()}"


def rule(priority: int, access: str, source: str, ports: str, **more: Any) -> dict[str, Any]:
    return {
        "direction": "Inbound",
        "priority": priority,
        "access": access,
        "protocol": "Tcp",
        "source_address_prefix": source,
        "source_port_range": "*",
        "destination_address_prefix": "*",
        "destination_port_range": ports,
        **more,
    }


INBOUND = [rule(100, "Allow", "*", "443"), rule(200, "Deny", "*", "22-80"), rule(300, "Allow", "Internet", "80-90")]
RESOURCES: list[dict[str, Any]] = [
    one(
        "azurerm_linux_virtual_machine",
        "web",
        id=VM,
        network_interface_ids=[NIC],
        identity=[{"type": "SystemAssigned", "principal_id": "AAAA"}],
        admin_password="hunter2",
    ),
    one(
        "azurerm_network_interface", "web", id=NIC, ip_configuration=[{"subnet_id": SUBNET, "public_ip_address_id": f"{NIC}-ip"}]
    ),
    one("azurerm_network_security_group", "web", id=NSG, name="web", security_rule=INBOUND),
    one("azurerm_network_interface_security_group_association", "w", network_interface_id=NIC, network_security_group_id=NSG),
    one("azurerm_key_vault", "keys", id=VAULT, access_policy=[]),
    one("azurerm_storage_account", "files", id=BLOB),
    one("azurerm_storage_container", "open", id=f"{BLOB}/x/open", storage_account_id=BLOB, container_access_type="blob"),
    one("azurerm_role_assignment", "web", scope=VAULT, role_definition_name="Key Vault Secrets User", principal_id="aaaa"),
]


def state(resources: list[dict[str, Any]]) -> str:
    return json.dumps({"version": 4, "terraform_version": "1.9.0", "resources": resources})


def found(folder: Path, resources: list[dict[str, Any]]) -> Read:
    (folder / "a.tfstate").write_text(state(resources))
    return read([folder / "a.tfstate"])


def test_machines_identities_and_assignments(tmp_path: Path) -> None:
    what = found(tmp_path, RESOURCES)
    assert {
        f"runs_with({HOST}, account:aaaa)",
        f"instance({HOST}, cloud:00000000-1111-2222-3333-444444444444)",
        f"allows(account:aaaa, read-secrets, scope:{VAULT.lower()}, policy:Key Vault Secrets User azurerm_role_assignment.web)",
        f"in_scope(data:{VAULT.lower()}, scope:{VAULT.lower()})",
        f"in_scope(data:{VAULT.lower()}, scope:{SHOP.lower()})",
        f"in_scope(data:{VAULT.lower()}, scope:{SUB})",
        f"public(data:{BLOB.lower()}/x/open)",
    } <= what.told
    assert what.broken == []
    assert not any("hunter2" in fact for fact in what.told)


def test_a_store_that_forbids_public_containers_has_none(tmp_path: Path) -> None:
    shut = one("azurerm_storage_account", "files", id=BLOB, allow_nested_items_to_be_public=False)
    assert not any(f.startswith("public(") for f in found(tmp_path, [shut, RESOURCES[6]]).told)


def test_rules_apply_by_priority(tmp_path: Path) -> None:
    told = found(tmp_path, RESOURCES).told
    network = f"zone:{SUBNET.lower().rpartition('/subnets')[0]}"
    assert {
        f"in_zone({HOST}, {GUARD} from outside)",
        f"in_zone({HOST}, {network})",
        f"allow(zone:internet, {GUARD} from outside, tcp, 443, 443)",
        f"allow(zone:internet, {GUARD} from outside, tcp, 81, 90)",
        f"allow({network}, {GUARD}, tcp, 81, 65535)",
        f"allow({network}, {GUARD}, tcp, 1, 21)",
    } <= told
    opened = [f for f in told if f.startswith("allow(zone:internet")]
    assert len(opened) == 2


def opened(folder: Path, rules: list[dict[str, Any]], *more: dict[str, Any]) -> tuple[set[str], list[str]]:
    """What the internet may connect to by these rules, as "low-high", and what was passed over."""
    group = one("azurerm_network_security_group", "web", id=NSG, name="web", resource_group_name="Shop", security_rule=rules)
    what = found(folder, [group if r["type"] == group["type"] else r for r in RESOURCES] + [*more])
    start = f"allow(zone:internet, {GUARD} from outside, tcp, "
    return {f.removeprefix(start)[:-1] for f in what.told if f.startswith(start)}, [reason for _, reason in what.broken]


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({}, set()),
        ({"destination_address_prefix": "10.0.0.4"}, {"443, 443"}),
        ({"source_port_range": "53"}, {"443, 443"}),
        ({"source_address_prefix": "192.0.2.0/24"}, {"443, 443"}),
        ({"destination_application_security_group_ids": ["x"]}, {"443, 443"}),
        ({"source_address_prefix": None, "source_address_prefixes": ["0.0.0.0/0"]}, set()),
    ],
)
def test_only_what_is_denied_to_everybody_is_no_longer_allowed(tmp_path: Path, change: dict[str, Any], left: set[str]) -> None:
    assert opened(tmp_path, [{**rule(100, "Deny", "*", "*"), **change}, rule(200, "Allow", "*", "443")]) == (left, [])


def test_a_rule_that_is_not_understood_is_told_and_the_others_apply(tmp_path: Path) -> None:
    ports, told = opened(tmp_path, [rule(100, "Allow", "*", "many"), rule(200, "Allow", "*", "443")])
    assert ports == {"443, 443"}
    assert len(told) == 1 and "many" in told[0]


@pytest.mark.parametrize(("group", "ports"), [("shop", {"8443, 8443"}), ("other", set())])
def test_a_rule_of_its_own_belongs_to_the_group_of_its_resource_group(tmp_path: Path, group: str, ports: set[str]) -> None:
    alone = one(
        "azurerm_network_security_rule",
        "r",
        network_security_group_name="Web",
        resource_group_name=group,
        **rule(100, "Allow", "Internet", "8443"),
    )
    assert opened(tmp_path, [], alone)[0] == ports


def test_a_machine_without_a_public_address_is_not_outside(tmp_path: Path) -> None:
    inner = one("azurerm_network_interface", "web", id=NIC, ip_configuration=[{"subnet_id": SUBNET}])
    told = found(tmp_path, [inner if r["type"] == "azurerm_network_interface" else r for r in RESOURCES]).told
    assert f"in_zone({HOST}, {GUARD})" in told
    assert f"in_zone({HOST}, {GUARD} from outside)" not in told


@pytest.mark.parametrize(("taken", "commands"), [("*/write", True), ("*", False)])
def test_a_custom_role_gives_what_it_does_not_take_out_again(tmp_path: Path, taken: str, commands: bool) -> None:
    role = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/r"
    permissions = {"actions": ["Microsoft.Compute/*"], "not_actions": [f"Microsoft.Compute/virtualMachines/{taken}"]}
    given = [
        one("azurerm_role_definition", "r", id=role, name="ops", role_definition_resource_id=role, permissions=[permissions]),
        one("azurerm_role_assignment", "o", scope=SHOP, role_definition_id=role, principal_id="bbbb", principal_type="Group"),
    ]
    told = found(tmp_path, [*RESOURCES, *given]).told
    policy = "policy:role azurerm_role_assignment.o"
    assert (f"allows(group:bbbb, command, scope:{SHOP.lower()}, {policy})" in told) is commands
    assert not any(f.startswith("allows(group:bbbb") and "command" not in f for f in told)


def test_the_owner_of_a_subscription_administers_it_and_a_role_nobody_knows_is_told(tmp_path: Path) -> None:
    given = [
        one("azurerm_role_assignment", "o", scope=SUB, role_definition_name="Owner", principal_id="cccc"),
        one("azurerm_role_assignment", "u", scope=SUB, role_definition_name="Role Of Tomorrow", principal_id="cccc"),
    ]
    what = found(tmp_path, [*RESOURCES, *given])
    assert any(f.startswith("administers(account:cccc, cloud:00000000") for f in what.told)
    assert [reason for _, reason in what.broken] == ["the actions of the role Role Of Tomorrow are not known here"]


def test_a_plan_names_by_address_what_has_no_id_yet(tmp_path: Path) -> None:
    def planned(kind: str, name: str, /, **values: Any) -> dict[str, Any]:
        return {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name, "values": values}

    def asked(kind: str, name: str, **references: str) -> dict[str, Any]:
        return {"address": f"{kind}.{name}", "expressions": {k: {"references": [v]} for k, v in references.items()}}

    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {
            "root_module": {
                "resources": [
                    planned("azurerm_user_assigned_identity", "ci", name="ci"),
                    planned("azurerm_key_vault", "keys", name="keys"),
                    planned("azurerm_role_assignment", "ci", role_definition_name="Key Vault Administrator"),
                ]
            }
        },
        "configuration": {
            "root_module": {
                "resources": [
                    asked(
                        "azurerm_role_assignment",
                        "ci",
                        scope="azurerm_key_vault.keys.id",
                        principal_id="azurerm_user_assigned_identity.ci.principal_id",
                    )
                ]
            }
        },
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    told = read([tmp_path / "plan.json"]).told
    assert any(
        f.startswith("allows(account:azurerm_user_assigned_identity.ci, read-secrets, scope:azurerm_key_vault.keys") for f in told
    )


@pytest.mark.parametrize(("without", "gone"), [(None, False), (0, True), (1, True), (2, False), (7, True)])
def test_from_the_internet_through_the_machine_to_the_vault(tmp_path: Path, without: int | None, gone: bool) -> None:
    """The flaw, the identity, the vault; not without machine, card or assignment, but also without a group that filters."""
    told = found(tmp_path, [r for i, r in enumerate(RESOURCES) if i != without]).told
    flaw = f"""
service({HOST}, software:nginx, tcp, 443, account:www)
vulnerable({HOST}, software:nginx, vulnerability:x)
grants(vulnerability:x, remote, code)
exploit(vulnerability:x, 3)
"""
    known = [f for f in told if f.partition("(")[0] in RULES.predicates and RULES.predicates[f.partition("(")[0]].stated]
    atoms = derived(RULES, "\n".join(known) + flaw, "zone:internet")
    assert (f"reads(data:{VAULT.lower()})" in atoms) is not gone


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 3500), st.binary(max_size=6), st.integers(0, 30))
def test_any_change_is_read_or_refused(tmp_path: Path, at: int, new: bytes, cut: int) -> None:
    text = state(RESOURCES).encode()
    survives(tmp_path / "a.tfstate", text[:at] + new + text[at + cut :], "terraform")
