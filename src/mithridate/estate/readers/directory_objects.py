"""One record of a SharpHound file → facts about one object of a directory.

Each property gives edges in the direction in which an attacker moves. The names of properties are those of the collector's
versions 5 and 6 and, for local groups, 4; what a version lacks is left out.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from mithridate.estate.readers.directory_names import KINDS, STATED_KINDS, identifier_kind, node
from mithridate.estate.readers.directory_rights import granted
from mithridate.model.estate import Confidence, Term

_LOCAL_GROUPS = {"LocalAdmins": 544, "RemoteDesktopUsers": 555, "DcomUsers": 562, "PSRemoteUsers": 580}
"""Local groups that older versions list by themselves → the last part of the group's SID."""
_IGNORED = "IGNOREME"
_REMOTE_LOGON = "SeRemoteInteractiveLogonRight"
_SAME_FOREST = frozenset({"ParentChild", "TreeRoot", "CrossLink"})
_CONTROLLERS = ("-516", "-521")
_PROTECTED_USERS = "-525"
_AUTHENTICATED = "S-1-5-11"
_EVERYONE = "S-1-1-0"


class Statements:
    """What one record says: rows by predicate, apart for what is inferred. It counts when the whole record was understood."""

    def __init__(self) -> None:
        self.observed: defaultdict[str, list[tuple[Term, ...]]] = defaultdict(list)
        self.inferred: defaultdict[str, list[tuple[Term, ...]]] = defaultdict(list)

    def edge(self, kind: str, start: str, end: str) -> None:
        """Whoever has `start` gets at `end`."""
        self.observed["edge"].append((kind, start, end))

    def say(self, predicate: str, *terms: Term) -> None:
        """State a fact that the record says."""
        self.observed[predicate].append(terms)

    def infer(self, predicate: str, *terms: Term) -> None:
        """State a fact that follows from the record."""
        self.inferred[predicate].append(terms)

    def by_confidence(self) -> tuple[tuple[Confidence, dict[str, list[tuple[Term, ...]]]], ...]:
        """All rows, with how well they are known."""
        return ((Confidence.OBSERVED, self.observed), (Confidence.INFERRED, self.inferred))


class Described:
    """A record with what every kind of object has: an identifier, properties, an access list, a container, a domain."""

    def __init__(self, kind: str, record: dict[str, Any], told: Statements) -> None:
        self.record = record
        self.told = told
        self.identifier: str = record["ObjectIdentifier"].upper()
        if not self.identifier:
            raise ValueError("an object without an identifier")
        self.node = node(kind, self.identifier)
        self.properties: dict[str, Any] = record.get("Properties") or {}
        self.domain: str = (record.get("DomainSID") or self.properties.get("domainsid") or "").upper()
        told.say("identifier", self.node, identifier_kind(self.identifier), self.identifier)
        name = self.properties.get("name")
        if isinstance(name, str) and name:
            told.say("label", self.node, name)
        if KINDS.get(kind) in STATED_KINDS:
            told.say(KINDS[kind], self.node)
        if self.domain and self.identifier != self.domain:
            told.say("in_domain", self.node, f"domain:{self.domain}")
        if self.properties.get("highvalue") is True:
            told.say("critical", self.node)
        self._contained()
        self.allow(record.get("Aces") or ())

    def allow(self, entries: Any) -> None:
        """State what an access list gives."""
        self.told.observed["edge"].extend(granted(entries, self.node, self.identifier, self.properties))

    def flag(self, word: str, holds: bool) -> None:
        """State a property of the object that rules ask for."""
        if holds:
            self.told.say("flag", self.node, word)

    def collected(self, key: str) -> dict[str, Any]:
        """A part of the record that was collected; empty when it was not."""
        part = self.record.get(key)
        return part if isinstance(part, dict) and part.get("Collected") else {}

    def outward(self, key: str, kind: str) -> None:
        """Edges of `kind` from the object to each principal in the list `key`."""
        for other in self.record.get(key) or ():
            if other["ObjectIdentifier"]:
                self.told.edge(kind, self.node, node(other["ObjectType"], other["ObjectIdentifier"]))

    def inward(self, key: str, kind: str) -> None:
        """Edges of `kind` to the object from each principal in the list `key`."""
        for other in self.record.get(key) or ():
            if other["ObjectIdentifier"]:
                self.told.edge(kind, node(other["ObjectType"], other["ObjectIdentifier"]), self.node)

    def _contained(self) -> None:
        container = self.record.get("ContainedBy")
        if container and container.get("ObjectIdentifier"):
            self.told.edge("Contains", node(container["ObjectType"], container["ObjectIdentifier"]), self.node)


def session(record: dict[str, Any], told: Statements) -> None:
    """An account is logged on to a computer. Collectors call each of them a user; some are computers."""
    computer, user = record["ComputerSID"].upper(), record["UserSID"].upper()
    if computer and user:
        told.edge("HasSession", f"host:{computer}", f"account:{user}")
        told.say("identifier", f"account:{user}", "sid", user)


def user(seen: Described) -> None:
    """Delegation, history, service principals, the group that every user has, and what makes its password guessable."""
    _account(seen)
    for target in seen.record.get("SPNTargets") or seen.record.get("SpnTargets") or ():
        if target["Service"] == "SQLAdmin" and target["ComputerSID"]:
            seen.told.edge("SQLAdmin", seen.node, node("Computer", target["ComputerSID"]))
    enabled = seen.properties.get("enabled") is not False
    seen.flag("spn", enabled and seen.properties.get("hasspn") is True and not seen.identifier.endswith("-502"))
    seen.flag("no-preauthentication", enabled and seen.properties.get("dontreqpreauth") is True)
    if seen.properties.get("gmsa") is True or seen.properties.get("msa") is True:
        seen.told.say("machine", seen.node)
    name = seen.properties.get("samaccountname")
    if isinstance(name, str) and name.endswith("$"):
        seen.told.say("trust_account", seen.node, name.upper())
    if _unconstrained(seen) and seen.domain:
        seen.told.edge("CoerceToTGT", seen.node, f"domain:{seen.domain}")


def computer(seen: Described) -> None:
    """Local groups, rights and sessions, delegation, domain controllers and what can be relayed to it."""
    _account(seen)
    seen.told.say("machine", seen.node)
    _computer_names(seen)
    seen.inward("AllowedToAct", "AllowedToAct")
    seen.outward("DumpSMSAPassword", "DumpSMSAPassword")
    for key in ("Sessions", "PrivilegedSessions", "RegistrySessions"):
        for one in seen.collected(key).get("Results") or ():
            session(one, seen.told)
    _local_groups(seen)
    for right in seen.record.get("UserRights") or ():
        if right["Collected"] and right.get("Results") and right["Privilege"] == _REMOTE_LOGON:
            seen.told.say("rights_collected", seen.node)
            for holder in right["Results"]:
                holding = node(holder["ObjectType"], holder["ObjectIdentifier"])
                seen.told.edge("RemoteInteractiveLogonRight", holding, seen.node)
    _controller(seen)
    _relayed(seen)


def group(seen: Described) -> None:
    """Members."""
    seen.outward("HasSIDHistory", "HasSIDHistory")
    seen.inward("Members", "MemberOf")
    if seen.identifier.endswith(_AUTHENTICATED) and seen.domain:
        seen.told.say("authenticated_users", seen.node, f"domain:{seen.domain}")
    if seen.identifier.endswith(_PROTECTED_USERS):
        for member in seen.record.get("Members") or ():
            seen.told.say("protected", node(member["ObjectType"], member["ObjectIdentifier"]))


def container(seen: Described) -> None:
    """Children, linked policies, and local groups that a policy fills."""
    seen.outward("ChildObjects", "Contains")
    for link in seen.record.get("Links") or ():
        seen.told.edge("GPLink", node("GPO", link["Guid"] if "Guid" in link else link["GUID"]), seen.node)
    changes = seen.record.get("GPOChanges") or {}
    for affected in changes.get("AffectedComputers") or ():
        for key, number in _LOCAL_GROUPS.items():
            _local_group(seen.told, node("Computer", affected["ObjectIdentifier"]), number, changes.get(key) or ())


def domain(seen: Described) -> None:
    """A container that trusts others, and whose users and computers all belong to its authenticated users."""
    container(seen)
    for trust in seen.record.get("Trusts") or ():
        _trust(seen, trust)
    name = seen.properties.get("name")
    if isinstance(name, str) and name:
        authenticated, everyone = node("Group", f"{name}-{_AUTHENTICATED}"), node("Group", f"{name}-{_EVERYONE}")
        for known, label in ((authenticated, "AUTHENTICATED USERS"), (everyone, "EVERYONE")):
            seen.told.infer("group", known)
            seen.told.infer("label", known, f"{label}@{name}")
        seen.told.infer("authenticated_users", authenticated, seen.node)
        for number in (513, 515):
            seen.told.infer("edge", "MemberOf", node("Group", f"{seen.identifier}-{number}"), authenticated)
        seen.told.infer("edge", "MemberOf", authenticated, everyone)
    netbios = seen.properties.get("netbios")
    if isinstance(netbios, str) and netbios:
        seen.told.say("netbios", seen.node, netbios.upper() + "$")
    heuristics = seen.properties.get("dsheuristics")
    if isinstance(heuristics, str) and heuristics[28:29] == "1":
        seen.told.say("blocks_owner_rights", seen.node)


def _account(seen: Described) -> None:
    """What users and computers share."""
    seen.outward("AllowedToDelegate", "AllowedToDelegate")
    seen.outward("HasSIDHistory", "HasSIDHistory")
    primary = seen.record.get("PrimaryGroupSID")
    if primary:
        seen.told.edge("MemberOf", seen.node, node("Group", primary))


def _unconstrained(seen: Described) -> bool:
    return (seen.properties.get("unconstraineddelegation") or seen.record.get("UnconstrainedDelegation")) is True


def _computer_names(seen: Described) -> None:
    name = seen.properties.get("dnshostname") or seen.properties.get("name")
    if isinstance(name, str) and "." in name and "@" not in name:
        seen.told.say("identifier", seen.node, "fqdn", name.lower())
        seen.told.say("identifier", seen.node, "hostname", name.lower().partition(".")[0])


def _local_groups(seen: Described) -> None:
    for part in seen.record.get("LocalGroups") or ():
        if not part["Collected"] or not part.get("Results"):
            continue
        number = part["ObjectIdentifier"].rpartition("-")[2]
        there = node("LocalGroup", part["ObjectIdentifier"])
        if part.get("Name") and part["Name"] != _IGNORED:
            seen.told.say("label", there, part["Name"])
        _fill(seen.told, there, seen.node, int(number), part["Results"])
    for key, fixed in _LOCAL_GROUPS.items():
        _local_group(seen.told, seen.node, fixed, seen.collected(key).get("Results") or ())


def _local_group(told: Statements, host: str, number: int, members: Any) -> None:
    """A local group that is only known by its number."""
    if members:
        _fill(told, node("LocalGroup", f"{host.partition(':')[2]}-{number}"), host, number, members)


def _fill(told: Statements, there: str, host: str, number: int, members: Any) -> None:
    told.say("local_group", there, host, number)
    told.edge("LocalToComputer", there, host)
    for member in members:
        if member["ObjectIdentifier"]:
            told.edge("MemberOfLocalGroup", node(member["ObjectType"], member["ObjectIdentifier"]), there)


def _controller(seen: Described) -> None:
    """A domain controller, told or seen by its primary group; other computers with unconstrained delegation."""
    told = seen.told
    primary = seen.record.get("PrimaryGroupSID") or ""
    where = f"domain:{seen.domain}"
    if seen.domain and seen.record.get("IsDC") is True:
        told.edge("DCFor", seen.node, where)
    elif seen.domain and primary.endswith(_CONTROLLERS):
        told.infer("edge", "DCFor", seen.node, where)
    elif seen.domain and _unconstrained(seen):
        told.edge("CoerceToTGT", seen.node, where)
    registry = seen.record.get("DCRegistryData") or {}
    mapping = registry.get("CertificateMappingMethods") or {}
    if mapping.get("Collected"):
        seen.flag("maps-certificates-by-upn", mapping["Value"] >= 0 and bool(mapping["Value"] & 4))
    binding = registry.get("StrongCertificateBindingEnforcement") or {}
    if binding.get("Collected"):
        seen.flag("binds-certificates-weakly", binding["Value"] in (-1, 0, 1))


def _relayed(seen: Described) -> None:
    """What a relayed logon meets: signing, channel binding, and whether the computer logs on elsewhere with NTLM."""
    seen.flag("laps", seen.properties.get("haslaps") is True)
    seen.flag("web-client", seen.collected("IsWebClientRunning").get("Result") is True)
    signing = seen.collected("SmbInfo").get("Result") or {}
    seen.flag("no-smb-signing", signing.get("SigningEnabled") is False)
    restricted = (seen.collected("NTLMRegistryData").get("Result") or {}).get("RestrictSendingNtlmTraffic")
    seen.flag("sends-ntlm", isinstance(restricted, int) and restricted != 2)
    properties = seen.properties
    ldap = properties.get("ldapavailable", properties.get("ldapenabled"))
    ldaps = properties.get("ldapsavailable", properties.get("ldapsenabled"))
    seen.flag("no-ldap-signing", ldap is True and properties.get("ldapsigning") is False)
    seen.flag("no-ldaps-channel-binding", ldaps is True and properties.get("ldapsepa") is False)


def _trust(seen: Described, trust: dict[str, Any]) -> None:
    """Edges of a trust point from the domain that trusts to the one that is trusted; what can be abused, the other way."""
    if not trust["TargetDomainSid"]:
        return
    other = node("Domain", trust["TargetDomainSid"])
    if trust.get("TargetDomainName"):
        seen.told.say("label", other, trust["TargetDomainName"])
    same = trust.get("TrustType") in _SAME_FOREST
    kind = "SameForestTrust" if same else "CrossForestTrust"
    if trust["TrustDirection"] in ("Inbound", "Bidirectional"):
        seen.told.edge(kind, other, seen.node)
        if not same and trust.get("TGTDelegationEnabled") is True:
            seen.told.edge("AbuseTGTDelegation", other, seen.node)
    if trust["TrustDirection"] in ("Outbound", "Bidirectional"):
        seen.told.edge(kind, seen.node, other)
        if not same and trust.get("SidFilteringEnabled") is False:
            seen.told.edge("SpoofSIDHistory", other, seen.node)


Converter = Callable[[Described], None]
