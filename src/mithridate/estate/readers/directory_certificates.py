"""Records of certificate services in a SharpHound file → facts: authorities, their chain, templates and what these demand."""

from typing import Any

from mithridate.estate.readers.directory_names import node
from mithridate.estate.readers.directory_objects import Described

_ANY_PURPOSE = "2.5.29.37.0"
_REQUEST_AGENT = "1.3.6.1.4.1.311.20.2.1"
_CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2"
_OFFICERS = frozenset({"ManageCA", "ManageCertificates", "Enroll"})


def authority(seen: Described) -> None:
    """A certificate authority's own certificate, and whose key signed it."""
    thumbprint = seen.properties.get("certthumbprint")
    if thumbprint:
        seen.told.say("certificate", seen.node, thumbprint.upper())
    chain: list[str] = seen.properties.get("certchain") or []
    if len(chain) > 1:
        seen.told.say("issuer", seen.node, chain[1].upper())


def root(seen: Described) -> None:
    """A root that a domain trusts."""
    authority(seen)
    if seen.domain:
        seen.told.edge("RootCAFor", seen.node, f"domain:{seen.domain}")


def store(seen: Described) -> None:
    """The authorities whose certificates log on to a domain."""
    for thumbprint in seen.properties.get("certthumbprints") or ():
        if thumbprint:
            seen.told.say("nt_auth", seen.node, thumbprint.upper())
    if seen.domain:
        seen.told.edge("NTAuthStoreFor", seen.node, f"domain:{seen.domain}")


def enterprise(seen: Described) -> None:
    """An authority that issues: where it runs, what it publishes, who manages it, and how it is set up."""
    authority(seen)
    published = [t["ObjectIdentifier"] for t in seen.record.get("EnabledCertTemplates") or ()]
    for template in published:
        seen.told.edge("PublishedTo", node("CertTemplate", template), seen.node)
    if seen.record.get("HostingComputer"):
        seen.told.edge("HostsCAService", node("Computer", seen.record["HostingComputer"]), seen.node)
    registry = seen.record.get("CARegistryData") or {}
    _security(seen, registry.get("CASecurity") or {})
    _agents(seen, registry.get("EnrollmentAgentRestrictions") or {}, published)
    names = registry.get("IsUserSpecifiesSanEnabled") or {}
    seen.flag("takes-names-from-requests", names.get("Collected") is True and names.get("Value") is True)
    seen.flag("relayable-enrollment", any(map(_relayable, seen.record.get("HttpEnrollmentEndpoints") or ())))


def template(seen: Described) -> None:
    """What a template demands of a request, as words that rules ask for; nothing is said of what was not collected."""
    properties = seen.properties
    version, signatures = _number(properties.get("schemaversion")), _number(properties.get("authorizedsignatures"))
    effective = properties.get("effectiveekus")
    usages: list[str] = effective if isinstance(effective, list) else []
    seen.flag("no-approval", properties.get("requiresmanagerapproval") is False)
    seen.flag("no-signature", version == 1 or (version > 1 and signatures == 0))
    seen.flag("authentication", properties.get("authenticationenabled") is True)
    seen.flag("schannel", _schannel(properties, effective))
    seen.flag("names-in-request", properties.get("enrolleesuppliessubject") is True)
    seen.flag("names-from-directory", properties.get("enrolleesuppliessubject") is False)
    seen.flag("no-security-extension", properties.get("nosecurityextension") is True)
    named = properties.get("subjectaltrequireupn") is True or properties.get("subjectaltrequirespn") is True
    seen.flag("user-principal-name", named)
    seen.flag("dns-name", properties.get("subjectaltrequiredns") is True)
    dns = properties.get("subjectaltrequiredns") is True or properties.get("subjectaltrequiredomaindns") is True
    seen.flag("for-users", not dns)
    seen.flag("agent", _REQUEST_AGENT in usages and _ANY_PURPOSE not in usages)
    any_use = isinstance(effective, list) and (not usages or _ANY_PURPOSE in usages or _REQUEST_AGENT in usages)
    seen.flag("agent-or-any-use", any_use)
    seen.flag("version-one", version == 1)
    policies = properties.get("applicationpolicies") or ()
    seen.flag("signed-by-agent", version >= 2 and signatures >= 1 and _REQUEST_AGENT in policies)
    for policy in properties.get("certificatepolicy") or ():
        seen.told.say("issues_policy", seen.node, policy)


def policy(seen: Described) -> None:
    """An issuance policy, and the group that certificates under it make their holder a member of."""
    number = seen.properties.get("certtemplateoid")
    if number:
        seen.told.say("policy_number", seen.node, number)
    linked = seen.record.get("GroupLink") or {}
    if linked.get("ObjectIdentifier"):
        seen.told.edge("OIDGroupLink", seen.node, node(linked["ObjectType"], linked["ObjectIdentifier"]))


def _number(value: Any) -> float:
    """A number; -1 for what is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else -1


def _schannel(properties: dict[str, Any], usages: Any) -> bool:
    told = properties.get("schannelauthenticationenabled")
    if isinstance(told, bool):
        return told
    return isinstance(usages, list) and (not usages or _CLIENT_AUTHENTICATION in usages or _ANY_PURPOSE in usages)


def _relayable(endpoint: dict[str, Any]) -> bool:
    """Web enrollment without TLS, or with TLS that is not bound to the logon."""
    found = endpoint.get("Result") or {}
    if not endpoint.get("Collected"):
        return False
    secure = found.get("ADCSWebEnrollmentHTTPS") is True
    return found.get("ADCSWebEnrollmentHTTP") is True or (secure and found.get("ADCSWebEnrollmentEPA") is not True)


def _security(seen: Described, security: dict[str, Any]) -> None:
    """The rights that the authority itself enforces take the place of those in the directory, where they were collected."""
    if not security.get("Collected"):
        return
    edges = seen.told.observed["edge"]
    host = node("Computer", seen.record.get("HostingComputer") or "")
    edges[:] = [e for e in edges if not (e[2] == seen.node and e[0] in _OFFICERS and e[1] != host)]
    entries = [e for e in security.get("Data") or () if e["PrincipalType"] not in ("LocalGroup", "ADLocalGroup")]
    seen.allow([e for e in entries if e["RightName"] != "Owns"])


def _agents(seen: Described, restrictions: dict[str, Any], published: list[str]) -> None:
    """Who may enroll for others. Without restrictions, and where none were collected, whoever has an agent's certificate."""
    listed = restrictions.get("Restrictions") or ()
    if not restrictions.get("Collected") or not listed:
        seen.told.infer("flag", seen.node, "any-agent")
        return
    for one in listed:
        if one["AccessType"] == "AccessAllowedCallback":
            agent = node(one["Agent"]["ObjectType"], one["Agent"]["ObjectIdentifier"])
            for template_id in published if one["AllTemplates"] else [one["Template"]["ObjectIdentifier"]]:
                seen.told.edge("DelegatedEnrollmentAgent", agent, node("CertTemplate", template_id))
