"""What roles and actions of Azure do for an attacker. Names of built-in roles and actions are Microsoft's."""

AZURE_RIGHTS: dict[str, tuple[str, ...]] = {
    # right: any one of these actions gives it
    "command": (
        "microsoft.compute/virtualmachines/runcommand/action",
        "microsoft.compute/virtualmachines/extensions/write",
        "microsoft.compute/virtualmachines/login/action",
        "microsoft.compute/virtualmachines/loginasadmin/action",
    ),
    "change-code": (
        "microsoft.web/sites/write",
        "microsoft.web/sites/host/listkeys/action",
        "microsoft.web/sites/publishxml/action",
        "microsoft.automation/automationaccounts/runbooks/write",
    ),
    "read-objects": (
        "microsoft.storage/storageaccounts/listkeys/action",
        "microsoft.storage/storageaccounts/blobservices/containers/blobs/read",
    ),
    "read-secrets": (
        "microsoft.keyvault/vaults/secrets/getsecret/action",
        "microsoft.keyvault/vaults/accesspolicies/write",
        "microsoft.keyvault/vaults/write",
    ),
    "copy-database": (
        "microsoft.sql/servers/databases/export/action",
        "microsoft.sql/servers/write",
        "microsoft.documentdb/databaseaccounts/listkeys/action",
    ),
    "use-identity": (
        "microsoft.managedidentity/userassignedidentities/assign/action",
        "microsoft.managedidentity/userassignedidentities/*/assign/action",
    ),
}
"""Identities that are handed to machines of one's own also need the right to make a machine; who has one mostly has the other."""

GRANT = "microsoft.authorization/roleassignments/write"
"""Who may write role assignments of a scope gives itself every role there."""

_VM = "microsoft.compute/virtualmachines/*"
AZURE_ROLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # built-in roles: actions (of control and data), and those taken out again
    "owner": (("*",), ()),
    "contributor": (("*/read", "*"), ("microsoft.authorization/*/write", "microsoft.authorization/*/delete")),
    "user access administrator": ((GRANT,), ()),
    "role based access control administrator": ((GRANT,), ()),
    "reader": ((), ()),
    "virtual machine contributor": ((_VM,), ()),
    "virtual machine administrator login": (("microsoft.compute/virtualmachines/loginasadmin/action",), ()),
    "virtual machine user login": (("microsoft.compute/virtualmachines/login/action",), ()),
    "website contributor": (("microsoft.web/sites/*",), ()),
    "automation contributor": (("microsoft.automation/automationaccounts/*",), ()),
    "storage account contributor": (("microsoft.storage/storageaccounts/*",), ()),
    "storage account key operator service role": (("microsoft.storage/storageaccounts/listkeys/action",), ()),
    "storage blob data owner": (("microsoft.storage/storageaccounts/blobservices/*",), ()),
    "storage blob data contributor": (("microsoft.storage/storageaccounts/blobservices/containers/blobs/*",), ()),
    "storage blob data reader": (("microsoft.storage/storageaccounts/blobservices/containers/blobs/read",), ()),
    "key vault administrator": (("microsoft.keyvault/vaults/secrets/*",), ()),
    "key vault secrets officer": (("microsoft.keyvault/vaults/secrets/*",), ()),
    "key vault secrets user": (("microsoft.keyvault/vaults/secrets/getsecret/action",), ()),
    "key vault contributor": (("microsoft.keyvault/vaults/*",), ("microsoft.keyvault/vaults/secrets/getsecret/action",)),
    "sql db contributor": (("microsoft.sql/servers/databases/*",), ()),
    "sql server contributor": (("microsoft.sql/servers/*",), ()),
    "managed identity operator": (("microsoft.managedidentity/userassignedidentities/*/assign/action",), ()),
    "managed identity contributor": (("microsoft.managedidentity/userassignedidentities/read",), ()),
    "monitoring reader": ((), ()),
    "acrpull": ((), ()),
    "acrpush": ((), ()),
    "network contributor": ((), ()),
    "dns zone contributor": ((), ()),
    "log analytics reader": ((), ()),
    "log analytics contributor": (("microsoft.compute/virtualmachines/extensions/write",), ()),
}
