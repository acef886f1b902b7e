"""Access control entries of a directory object → edges.

Ownership is special (Windows protocol MS-ADTS, "Owner rights"): an owner may rewrite the access list of what it owns, unless an
entry for OWNER RIGHTS (S-1-3-4) says what owners may do instead. Inherited entries outlive a change of owner, others do not.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from mithridate.estate.readers.directory_names import node

Edge = tuple[str, str, str]
"""Kind, from, to."""

RIGHTS = frozenset(
    {
        "AllExtendedRights",
        "ForceChangePassword",
        "AddMember",
        "AddAllowedToAct",
        "GenericAll",
        "WriteDacl",
        "WriteOwner",
        "GenericWrite",
        "ReadLAPSPassword",
        "ReadGMSAPassword",
        "Owns",
        "AddSelf",
        "WriteSPN",
        "AddKeyCredentialLink",
        "GetChanges",
        "GetChangesAll",
        "GetChangesInFilteredSet",
        "WriteAccountRestrictions",
        "WriteGPLink",
        "SyncLAPSPassword",
        "DCSync",
        "ManageCertificates",
        "ManageCA",
        "Enroll",
        "WritePKIEnrollmentFlag",
        "WritePKINameFlag",
        "WriteOwnerLimitedRights",
        "OwnsLimitedRights",
    }
)
_SAME = {"OwnsRaw": "Owns", "WriteOwnerRaw": "WriteOwner", "WriteDACL": "WriteDacl"}
_OWNER_RIGHTS = "S-1-3-4"


def granted(entries: Sequence[Any], target: str, identifier: str, properties: dict[str, Any]) -> Iterator[Edge]:
    """The edges to the node `target`, whose object identifier is `identifier`, that its access list gives."""
    owner = ""
    takers: list[str] = []
    limited = limited_for_takers = False
    for entry in entries:
        principal = entry["PrincipalSID"].upper()
        right = _SAME.get(entry["RightName"], entry["RightName"])
        if principal == identifier or right not in RIGHTS or not principal:
            continue
        if right == "Owns":
            owner = node(entry["PrincipalType"], principal)
        elif right == "WriteOwner":
            takers.append(node(entry["PrincipalType"], principal))
        elif principal.endswith(_OWNER_RIGHTS):
            limited = True
            limited_for_takers = limited_for_takers or bool(entry.get("IsInherited"))
        else:
            yield right, node(entry["PrincipalType"], principal), target
    yield from _owned(owner, takers, target, limited, limited_for_takers, properties)


def _owned(
    owner: str, takers: list[str], target: str, limited: bool, limited_for_takers: bool, properties: dict[str, Any]
) -> Iterator[Edge]:
    """What owners, and those who may become owner, get."""
    any_entry = properties.get("doesanyacegrantownerrights") is True
    inherited_entry = properties.get("doesanyinheritedacegrantownerrights") is True
    if limited:
        if owner:
            yield "OwnsLimitedRights", owner, target
        taking = "WriteOwnerLimitedRights" if limited_for_takers else "" if inherited_entry else "WriteOwner"
    elif any_entry:
        taking = "" if inherited_entry else "WriteOwner"
    else:
        if owner:
            yield "Owns", owner, target
        taking = "WriteOwner"
    if taking:
        for taker in takers:
            yield taking, taker, target
