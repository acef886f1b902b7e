"""How objects of a directory are called as nodes."""

OBJECT = "object"
"""The kind of a node whose kind nobody tells."""

KINDS = {
    "User": "account",
    "LocalUser": "account",
    "ADLocalUser": "account",
    "Computer": "host",
    "Group": "group",
    "LocalGroup": "group",
    "ADLocalGroup": "group",
    "Domain": "domain",
    "OU": "ou",
    "Container": "container",
    "GPO": "gpo",
    "AIACA": "aiaca",
    "RootCA": "rootca",
    "EnterpriseCA": "enterpriseca",
    "NTAuthStore": "ntauthstore",
    "CertTemplate": "certtemplate",
    "IssuancePolicy": "issuancepolicy",
}
"""BloodHound's kind of an object → kind of node."""

STATED_KINDS = frozenset({"account", "host", "group", "domain", "certtemplate", "enterpriseca"})
"""Kinds that have a fact of their own, of the same name."""


def node(kind: str, identifier: str) -> str:
    """The node of an object; `kind` as BloodHound calls it, `identifier` a SID, a GUID or a well-known SID with its domain."""
    return f"{KINDS.get(kind, OBJECT)}:{identifier.upper()}"


def identifier_kind(identifier: str) -> str:
    """What an object identifier is: "sid" or "guid"."""
    return "sid" if "S-1-" in identifier else "guid"
