"""The resources of Azure in one Terraform file, by what refers to them: ids, addresses, indexes left out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from mithridate.estate.readers.terraform_resources import Resource, base_address

MACHINES = ("azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine", "azurerm_virtual_machine")
APPS = tuple(f"azurerm_{system}_{kind}_app" for system in ("linux", "windows") for kind in ("web", "function"))
STORES = {
    "azurerm_storage_account": "objects",
    "azurerm_storage_container": "objects",
    "azurerm_key_vault": "secrets",
    "azurerm_key_vault_secret": "secrets",
    "azurerm_mssql_database": "database",
    "azurerm_cosmosdb_account": "database",
}
PRINCIPALS = {
    "azurerm_user_assigned_identity": "account",
    "azuread_user": "account",
    "azuread_service_principal": "account",
    "azuread_group": "group",
}
AZURE_TYPES = (
    frozenset(MACHINES)
    | frozenset(APPS)
    | frozenset(STORES)
    | frozenset(PRINCIPALS)
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


class AzureResources:
    """Those of the types that are read. In what refers to them, letters are small: Azure does not tell them apart."""

    def __init__(self, found: Iterable[Resource]) -> None:
        self._of: defaultdict[str, list[Resource]] = defaultdict(list)
        self._known: dict[str, Resource] = {}
        for one in found:
            if one.type in AZURE_TYPES and not one.data:
                self._of[one.type].append(one)
                for name in (one.text("id").lower(), one.address, base_address(one.address)):
                    if name:
                        self._known.setdefault(name, one)

    def __bool__(self) -> bool:
        return bool(self._of)

    def every(self) -> Iterator[Resource]:
        """All."""
        return self.each(*self._of)

    def each(self, *types: str) -> Iterator[Resource]:
        """All of these types."""
        for kind in types:
            yield from self._of[kind]

    def known(self, name: str) -> Resource | None:
        """The one of that id or address."""
        return self._known.get(name)

    def named(self, one: Resource, attribute: str) -> Iterator[str]:
        """What an attribute refers to: ids, or addresses where a plan does not know more."""
        values = [value.lower() for value in one.texts(attribute)]
        yield from values or one.references.get(attribute, [])

    def find(self, one: Resource, attribute: str, *types: str) -> Resource | None:
        """The resource that an attribute refers to, of one of these types if there are any."""
        for name in self.named(one, attribute):
            if (found := self.known(name)) and (not types or found.type in types):
                return found
        return None

    def name_of(self, one: Resource) -> str:
        """Its id, or its address where it has none yet."""
        return one.text("id").lower() or base_address(one.address)

    def node(self, one: Resource) -> str:
        """What the estate calls it."""
        if one.type in PRINCIPALS:
            own = one.text("principal_id", "object_id").lower() or self.name_of(one)
            return f"{PRINCIPALS[one.type]}:{own}"
        kind = "host" if one.type in MACHINES else "function" if one.type in APPS else "data"
        return f"{kind}:{self.name_of(one)}"
