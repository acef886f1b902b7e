"""The rules of directories: what each right gives, and that without any one of its premises it gives nothing."""

from collections.abc import Iterator

import pytest

from mithridate.estate.rules.rulebase import Rulebase
from mithridate.estate.rules.terms import Constant
from tests.estate.packs.scenarios import Scenarios, grounded
from tests.estate.small import derived, fired, packs

MALLORY = "account:mallory"
ALL_KNOWN = f"account({MALLORY})"


@pytest.fixture(scope="module")
def rules() -> Rulebase:
    return packs(["directory"])


SIMPLE = [
    "GenericAll",
    "GenericWrite",
    "AllExtendedRights",
    "WriteDacl",
    "Owns",
    "WriteOwner",
    "OwnsLimitedRights",
    "WriteOwnerLimitedRights",
    "ForceChangePassword",
    "AddMember",
    "AddSelf",
    "WriteSPN",
    "AddKeyCredentialLink",
    "AddAllowedToAct",
    "WriteAccountRestrictions",
    "ReadLAPSPassword",
    "SyncLAPSPassword",
    "ReadGMSAPassword",
    "GPLink",
    "WriteGPLink",
    "GPOAppliesTo",
    "CanApplyGPO",
    "DumpSMSAPassword",
    "CanBackup",
    "AllowedToDelegate",
    "AllowedToAct",
    "CoerceToTGT",
    "DCFor",
    "DCSync",
    "SameForestTrust",
    "SpoofSIDHistory",
    "AbuseTGTDelegation",
    "HasTrustKeys",
    "SyncedToEntraUser",
    "ManageCA",
    "ManageCertificates",
    "GoldenCert",
    "ADCSESC1",
    "ADCSESC3",
    "ADCSESC4",
    "ADCSESC6a",
    "ADCSESC6b",
    "ADCSESC9a",
    "ADCSESC9b",
    "ADCSESC10a",
    "ADCSESC10b",
    "ADCSESC13",
    "CoerceAndRelayNTLMToSMB",
    "CoerceAndRelayNTLMToADCS",
    "CoerceAndRelayNTLMToLDAP",
    "CoerceAndRelayNTLMToLDAPS",
    "MemberOf",
    "MemberOfLocalGroup",
    "Contains",
    "ContainsIdentity",
    "PropagatesACEsTo",
    "ClaimSpecialIdentity",
    "HasSIDHistory",
]
REMOTE = ["AdminTo", "CanPSRemote", "ExecuteDCOM", "CanRDP", "SQLAdmin"]
NOT_ENOUGH = [
    "GetChanges",
    "GetChangesAll",
    "GetChangesInFilteredSet",
    "Enroll",
    "LocalToComputer",
    "CrossForestTrust",
    "PublishedTo",
    "RootCAFor",
    "NTAuthStoreFor",
    "HostsCAService",
    "RemoteInteractiveLogonRight",
    "DelegatedEnrollmentAgent",
    "OIDGroupLink",
    "WritePKINameFlag",
    "WritePKIEnrollmentFlag",
    "HasSession",
    "ProtectAdminGroups",
]


CHAIN = """enterpriseca(enterpriseca:c)
    certificate(enterpriseca:c, @C)
    issuer(enterpriseca:c, @R)
    certificate(rootca:r, @R)
    edge(RootCAFor, rootca:r, domain:d)
    nt_auth(ntauthstore:n, @C)
    edge(NTAuthStoreFor, ntauthstore:n, domain:d)
    """
BARE_CHAIN = CHAIN.replace("enterpriseca(enterpriseca:c)\n", "")
TEMPLATE = """certtemplate(certtemplate:t)
    edge(PublishedTo, certtemplate:t, enterpriseca:c)
    """
MAY = f"""edge(Enroll, {MALLORY}, certtemplate:t)
    edge(Enroll, {MALLORY}, enterpriseca:c)
    """
AGENT = f"""certtemplate(certtemplate:u)
    edge(PublishedTo, certtemplate:u, enterpriseca:c)
    edge(Enroll, {MALLORY}, certtemplate:u)
    flag(certtemplate:t, for-users)
    """
VICTIM = """edge(Enroll, group:g, certtemplate:t)
    edge(Enroll, group:g, enterpriseca:c)
    """
FORCED = f"""edge(MemberOf, {MALLORY}, group:auth)
    authenticated_users(group:auth, domain:d)
    in_domain(host:v, domain:d)
    flag(host:v, sends-ntlm)
    """
ESC9 = ("no-approval", "no-signature", "authentication", "no-security-extension", "names-from-directory")
ESC10 = ("no-approval", "no-signature", "schannel", "names-from-directory")


def flags(*words: str, of: str = "certtemplate:t") -> str:
    return "".join(f"flag({of}, {word})\n" for word in words)


def told_chain(kind: str) -> str:
    return f"""enterpriseca(enterpriseca:c)
        edge({kind}, enterpriseca:c, rootca:r)
        edge(RootCAFor, rootca:r, domain:d)
        edge(TrustedForNTAuth, enterpriseca:c, ntauthstore:n)
        edge(NTAuthStoreFor, ntauthstore:n, domain:d)
        """


def esc4(*rights: str, words: tuple[str, ...] = ()) -> str:
    return CHAIN + TEMPLATE + MAY + "".join(f"edge({r}, {MALLORY}, certtemplate:t)\n" for r in rights) + flags(*words)


def renamed(right: str, victim: str, name: str, words: tuple[str, ...], weak: str) -> str:
    text = CHAIN + TEMPLATE + VICTIM + flags(*words, name)
    text += f"edge({right}, {MALLORY}, {victim}:v)\nedge(MemberOf, {victim}:v, group:g)\n{victim}({victim}:v)\n"
    text += f"edge(DCFor, host:dc, domain:d)\nflag(host:dc, {weak})\n"
    return text + (flags("for-users") if victim == "account" else "")


ISSUED = flags("no-approval", "no-signature", "authentication")
POLICY = """issues_policy(certtemplate:t, @1.2)
    policy_number(issuancepolicy:p, @1.2)
    in_domain(certtemplate:t, domain:f)
    in_domain(issuancepolicy:p, domain:f)
    edge(OIDGroupLink, issuancepolicy:p, group:g)
    """
MAPPED = "edge(DCFor, host:dc, domain:d)\nflag(host:dc, maps-certificates-by-upn)\n"
MAPPED_IN_FOREST = MAPPED.replace("domain:d", "domain:e") + "edge(SameForestTrust, domain:d, domain:e)\n"
ESC6 = CHAIN + TEMPLATE + MAY + flags("takes-names-from-requests", of="enterpriseca:c") + flags("for-users")
ESC6B = ESC6 + flags("no-approval", "no-signature", "schannel")
ESC3 = CHAIN + TEMPLATE + MAY + flags("no-approval", "no-signature") + AGENT
ESC3 += flags("authentication", "no-approval", of="certtemplate:u")
NAMED = ISSUED + flags("names-in-request")
RELAYED = """host(host:w)
    flag(host:w, no-smb-signing)
    """
ENROLLED = BARE_CHAIN + "edge(PublishedTo, certtemplate:t, enterpriseca:c)\n" + ISSUED + FORCED
ENROLLED += flags("relayable-enrollment", of="enterpriseca:c") + "host(host:v)\nedge(MemberOf, host:v, group:machines)\n"
DIRECTORY = FORCED + "flag(host:v, web-client)\nedge(DCFor, host:dc, domain:d)\n"
GUESSED = """in_domain(account:svc, domain:d)
    """ + FORCED.partition("in_domain")[0]
TRUST = f"""edge(GenericAll, {MALLORY}, domain:d)
    netbios(domain:d, @D$)
    trust_account(account:t, @D$)
    in_domain(account:t, domain:e)
    """

# Name → facts and the node that they give; without any one of the facts it is not reached.
NEEDED: dict[str, tuple[str, str]] = {
    **{f"edge-{kind}": (f"edge({kind}, {MALLORY}, object:end)", "object:end") for kind in SIMPLE},
    **{f"remote-{kind}": (f"host(host:w)\nedge({kind}, {MALLORY}, host:w)", "host:w") for kind in REMOTE},
    "foreign": (f"edge(@EX_CanWrite, {MALLORY}, repo:x)\ntraversable(@EX_CanWrite)", "repo:x"),
    "session": (f"edge(AdminTo, {MALLORY}, host:w)\nedge(HasSession, host:w, account:ann)", "account:ann"),
    "code-gives-computer": (
        f"host(host:w)\nedge(AdminTo, {MALLORY}, host:w)\nedge(GenericAll, host:w, object:end)",
        "object:end",
    ),
    **{
        f"local-{number}": (
            f"host(host:w)\nlocal_group(group:l, host:w, {number})\nedge(MemberOfLocalGroup, {MALLORY}, group:l)",
            "host:w",
        )
        for number in (544, 555, 562, 580)
    },
    "dcsync": (f"domain(domain:d)\nedge(GetChanges, {MALLORY}, domain:d)\nedge(GetChangesAll, {MALLORY}, domain:d)", "domain:d"),
    "domain-gives-members": (f"edge(DCSync, {MALLORY}, domain:d)\nin_domain(account:ann, domain:d)", "account:ann"),
    "filtered-replication": (
        f"""host(host:w)
        edge(GetChanges, {MALLORY}, domain:d)
        edge(GetChangesInFilteredSet, {MALLORY}, domain:d)
        in_domain(host:w, domain:d)
        flag(host:w, laps)""",
        "host:w",
    ),
    **{f"trust-{kind}": (TRUST + f"edge({kind}, domain:d, domain:e)", "account:t") for kind in ("CrossForestTrust",)},
    "esc1": (CHAIN + TEMPLATE + MAY + NAMED, "domain:d"),
    **{
        f"esc1-{right}": (
            CHAIN + TEMPLATE + MAY.replace(f"Enroll, {MALLORY}, certt", f"{right}, {MALLORY}, certt") + NAMED,
            "domain:d",
        )
        for right in ("AllExtendedRights",)
    },
    **{f"esc1-{kind}": (told_chain(kind) + TEMPLATE + MAY + NAMED, "domain:d") for kind in ("IssuedSignedBy", "EnterpriseCAFor")},
    "esc3": (
        ESC3 + flags("agent") + flags("signed-by-agent", of="certtemplate:u") + flags("any-agent", of="enterpriseca:c"),
        "domain:d",
    ),
    "esc3-version-one": (
        ESC3 + flags("agent-or-any-use") + flags("version-one", of="certtemplate:u") + flags("any-agent", of="enterpriseca:c"),
        "domain:d",
    ),
    "esc3-listed": (
        ESC3
        + "edge(EnrollOnBehalfOf, certtemplate:t, certtemplate:u)\n"
        + f"edge(DelegatedEnrollmentAgent, {MALLORY}, certtemplate:u)",
        "domain:d",
    ),
    **{
        f"esc4-{right}": (
            CHAIN + TEMPLATE + f"edge({right}, {MALLORY}, certtemplate:t)\nedge(Enroll, {MALLORY}, enterpriseca:c)",
            "domain:d",
        )
        for right in ("Owns", "GenericAll", "WriteDacl", "WriteOwner")
    },
    "esc4-writing": (esc4("GenericWrite"), "domain:d"),
    "esc4-both": (esc4("WritePKINameFlag", "WritePKIEnrollmentFlag", words=("authentication", "no-signature")), "domain:d"),
    "esc4-approval": (esc4("WritePKIEnrollmentFlag", words=("authentication", "no-signature", "names-in-request")), "domain:d"),
    "esc4-names": (esc4("WritePKINameFlag", words=("authentication", "no-signature", "no-approval")), "domain:d"),
    "esc6a": (ESC6 + ISSUED + flags("no-security-extension"), "domain:d"),
    "esc6b": (ESC6B + MAPPED, "domain:d"),
    "esc6b-forest": (ESC6B + MAPPED_IN_FOREST, "domain:d"),
    **{
        f"{number}-{right}-{victim}-{name}": (renamed(right, victim, name, words, weak), "domain:d")
        for right in ("GenericAll", "GenericWrite", "WriteOwner", "WriteDacl", "Owns")
        for victim, name in (("account", "user-principal-name"), ("host", "user-principal-name"), ("host", "dns-name"))
        for number, words, weak in (
            ("esc9", ESC9, "binds-certificates-weakly"),
            ("esc10", ESC10, "maps-certificates-by-upn"),
        )
    },
    "esc13": (CHAIN + TEMPLATE + MAY + ISSUED + flags("for-users") + POLICY + "in_domain(group:g, domain:d)", "group:g"),
    "esc13-forest": (
        CHAIN
        + TEMPLATE
        + MAY
        + ISSUED
        + flags("for-users")
        + POLICY
        + "in_domain(group:g, domain:e)\nedge(SameForestTrust, domain:e, domain:d)",
        "group:g",
    ),
    "esc13-told": (
        CHAIN
        + TEMPLATE
        + MAY
        + ISSUED
        + flags("for-users")
        + "edge(ExtendedByPolicy, certtemplate:t, issuancepolicy:p)\nedge(OIDGroupLink, issuancepolicy:p, group:g)",
        "group:g",
    ),
    "golden": (BARE_CHAIN + f"edge(HostsCAService, host:ca, enterpriseca:c)\nedge(GenericAll, {MALLORY}, host:ca)", "domain:d"),
    "manager": (BARE_CHAIN + f"edge(ManageCA, {MALLORY}, enterpriseca:c)", "domain:d"),
    "relay-smb": (
        FORCED
        + RELAYED
        + """edge(MemberOf, host:v, group:servers)
        edge(MemberOfLocalGroup, group:servers, group:l)
        local_group(group:l, host:w, 544)""",
        "host:w",
    ),
    "relay-smb-told": (FORCED + RELAYED + "edge(AdminTo, host:v, host:w)", "host:w"),
    **{
        f"relay-{flag}": (DIRECTORY + f"flag(host:dc, {flag})", "host:v")
        for flag in ("no-ldap-signing", "no-ldaps-channel-binding")
    },
    **{
        f"relay-{right}": (ENROLLED + f"edge({right}, group:machines, certtemplate:t)", "host:v")
        for right in ("Enroll", "GenericAll", "AllExtendedRights")
    },
    **{f"guess-{flag}": (GUESSED + f"flag(account:svc, {flag})", "account:svc") for flag in ("spn", "no-preauthentication")},
}
SHORT = {name: f"s{i}" for i, name in enumerate(NEEDED)}


@pytest.fixture(scope="module")
def scenarios(rules: Rulebase) -> Iterator[Scenarios]:
    texts = {SHORT[name]: f"{ALL_KNOWN}\n{text}" for name, (text, _) in NEEDED.items()}
    with grounded(rules, texts, MALLORY) as made:
        yield made


@pytest.mark.parametrize("name", NEEDED)
def test_the_facts_give_the_goal_and_each_of_them_is_needed(scenarios: Scenarios, name: str) -> None:
    goal = NEEDED[name][1]
    assert scenarios.gives(SHORT[name], MALLORY, "reached", goal)
    for line in scenarios.lines(SHORT[name]):
        assert not scenarios.gives(SHORT[name], MALLORY, "reached", goal, without=line), line


def got(rules: Rulebase, text: str, *starts: str) -> set[str]:
    """The nodes that are reached."""
    told = derived(rules, f"{ALL_KNOWN}\n{text.replace('@', '')}", *(starts or (MALLORY,)))
    return {t.removeprefix("reached(").removesuffix(")") for t in told if t.startswith("reached(")} - {MALLORY}


def test_other_edges_alone_give_nothing(rules: Rulebase) -> None:
    assert got(rules, "".join(f"edge({kind}, {MALLORY}, object:end)\n" for kind in NOT_ENOUGH)) == set()


def test_what_denies_a_right_is_heeded(rules: Rulebase) -> None:
    relayed = NEEDED["relay-smb"][0].replace("host:w", "host:safe").replace("host:v", "host:hidden").replace("group:l", "group:m")
    text = f"""machine(host:mine)
        in_domain(host:mine, domain:blocking)
        edge(Owns, {MALLORY}, host:mine)
        edge(WriteOwner, {MALLORY}, host:mine)
        blocks_owner_rights(domain:blocking)
        machine(host:other)
        in_domain(host:other, domain:open)
        edge(Owns, {MALLORY}, host:other)
        local_group(group:l, host:x, 555)
        edge(MemberOfLocalGroup, {MALLORY}, group:l)
        rights_collected(host:x)
        host(host:x)
        local_group(group:k, host:y, 555)
        edge(MemberOfLocalGroup, {MALLORY}, group:k)
        rights_collected(host:y)
        host(host:y)
        edge(RemoteInteractiveLogonRight, {MALLORY}, host:y)
        {relayed}
        protected(host:hidden)
        edge(DCFor, host:self, domain:d)
        flag(host:self, no-ldap-signing)
        flag(host:self, web-client)
        flag(host:self, sends-ntlm)
        in_domain(host:self, domain:d)"""
    hosts = {n for n in got(rules, text) if n.startswith("host:")}
    assert hosts == {"host:other", "host:y"}


def test_a_user_on_a_computer_has_no_full_rights_at_once(rules: Rulebase) -> None:
    told = derived(
        rules, f"{ALL_KNOWN}\nhost(host:w)\nedge(CanRDP, {MALLORY}, host:w)\nedge(AdminTo, {MALLORY}, host:x)", MALLORY
    )
    assert {"code(host:w, account:USER)", "code(host:x, account:SYSTEM)"} <= told
    assert "code(host:x, account:USER)" not in told


def test_an_attacker_starts_at_any_principal(rules: Rulebase) -> None:
    kinds = ("account", "group", "host", "domain")
    starts = [f"{kind}:x" for kind in kinds]
    assert got(rules, "\n".join(f"{kind}({kind}:x)" for kind in kinds), *starts) == set(starts)


def test_an_authority_may_be_its_own_root(rules: Rulebase) -> None:
    own = CHAIN.replace("issuer(enterpriseca:c, @R)\n", "").replace("rootca:r, @R", "rootca:r, @C")
    assert "domain:d" in got(rules, own + TEMPLATE + MAY + NAMED)


EXPLOITED = """account(account:svc)
    zone(zone:z)
    in_zone(host:web, zone:z)
    allow(zone:z, zone:z, tcp, 1, 65535)
    service(host:web, software:s, tcp, 80, account:svc)
    vulnerable(host:web, software:s, vulnerability:v)
    grants(vulnerability:v, remote, code)
    exploit(vulnerability:v, 3)
    edge(GenericAll, account:svc, object:behind)
    """


def test_every_rule_fires_and_code_as_a_known_account_acts_as_it() -> None:
    """One estate in which each rule of the pack has an instance that the attacker can apply."""
    both = packs(["network", "directory"])
    told = (*SIMPLE, *REMOTE, "DelegatedEnrollmentAgent", "EX_Any")
    text = EVERYTHING + EXPLOITED + "".join(f"edge({kind}, {MALLORY}, object:{kind})\n" for kind in told)
    names = {r.name for r in both.rules if r.pack == "directory"}
    starts = (MALLORY, "group:start", "host:start", "domain:start", "zone:z")
    assert names - fired(both, text.replace("@", ""), *starts) == set()
    assert "reached(object:behind)" in derived(both, EXPLOITED, "zone:z")


EVERYTHING = (
    f"account({MALLORY})\ngroup(group:start)\nhost(host:start)\ndomain(domain:start)\ntraversable(EX_Any)\n"
    + CHAIN
    + TEMPLATE
    + MAY
    + AGENT
    + FORCED
    + VICTIM
    + flags(*ESC9, *ESC10, "names-in-request", "user-principal-name", "dns-name", "agent", "agent-or-any-use")
    + flags("authentication", "no-approval", "signed-by-agent", "version-one", of="certtemplate:u")
    + flags("any-agent", "takes-names-from-requests", "relayable-enrollment", of="enterpriseca:c")
    + """
    domain(domain:d)
    in_domain(account:ann, domain:d)
    flag(account:ann, spn)
    flag(account:ann, no-preauthentication)
    host(host:w)
    host(host:v)
    account(account:ann)
    edge(HasSession, host:w, account:ann)
    edge(AdminTo, account:mallory, host:w)
    edge(CanRDP, account:mallory, host:w)
    edge(CanPSRemote, account:mallory, host:w)
    edge(ExecuteDCOM, account:mallory, host:w)
    edge(SQLAdmin, account:mallory, host:w)
    edge(MemberOfLocalGroup, account:mallory, group:l)
    edge(MemberOfLocalGroup, host:v, group:l)
    local_group(group:l, host:w, 544)
    local_group(group:l, host:w, 555)
    local_group(group:l, host:x, 555)
    local_group(group:l, host:w, 562)
    local_group(group:l, host:w, 580)
    rights_collected(host:x)
    edge(RemoteInteractiveLogonRight, account:mallory, host:x)
    edge(AdminTo, host:v, host:w)
    flag(host:w, no-smb-signing)
    flag(host:w, laps)
    in_domain(host:w, domain:d)
    machine(host:w)
    edge(Owns, account:mallory, host:w)
    edge(WriteOwner, account:mallory, host:w)
    edge(GetChanges, account:mallory, domain:d)
    edge(GetChangesAll, account:mallory, domain:d)
    edge(GetChangesInFilteredSet, account:mallory, domain:d)
    edge(SameForestTrust, domain:d, domain:e)
    edge(SameForestTrust, domain:e, domain:d)
    edge(CrossForestTrust, domain:d, domain:e)
    netbios(domain:d, D$)
    trust_account(account:t, D$)
    in_domain(account:t, domain:e)
    edge(HostsCAService, host:w, enterpriseca:c)
    edge(ManageCA, account:mallory, enterpriseca:c)
    certificate(rootca:same, C)
    edge(RootCAFor, rootca:same, domain:d)
    edge(IssuedSignedBy, enterpriseca:c, rootca:r)
    edge(EnterpriseCAFor, enterpriseca:c, rootca:r)
    edge(TrustedForNTAuth, enterpriseca:c, ntauthstore:n)
    edge(EnrollOnBehalfOf, certtemplate:t, certtemplate:u)
    edge(DelegatedEnrollmentAgent, account:mallory, certtemplate:u)
    edge(Enroll, host:w, certtemplate:t)
    edge(Enroll, group:l, certtemplate:t)
    group(group:l)
    edge(GenericAll, account:mallory, certtemplate:t)
    edge(AllExtendedRights, account:mallory, certtemplate:t)
    edge(Owns, account:mallory, certtemplate:t)
    edge(WriteDacl, account:mallory, certtemplate:t)
    edge(WriteOwner, account:mallory, certtemplate:t)
    edge(GenericWrite, account:mallory, certtemplate:t)
    edge(WritePKINameFlag, account:mallory, certtemplate:t)
    edge(WritePKIEnrollmentFlag, account:mallory, certtemplate:t)
    edge(DCFor, host:dc, domain:d)
    flag(host:dc, binds-certificates-weakly)
    flag(host:dc, maps-certificates-by-upn)
    flag(host:dc, no-ldap-signing)
    flag(host:dc, no-ldaps-channel-binding)
    flag(host:v, web-client)
    edge(MemberOf, account:ann, group:g)
    edge(MemberOf, host:w, group:g)
    edge(MemberOf, host:v, group:g)
    edge(GenericAll, group:g, certtemplate:t)
    edge(AllExtendedRights, group:g, certtemplate:t)
    issues_policy(certtemplate:t, 1.2)
    policy_number(issuancepolicy:p, 1.2)
    in_domain(certtemplate:t, domain:d)
    in_domain(issuancepolicy:p, domain:d)
    edge(OIDGroupLink, issuancepolicy:p, group:granted)
    edge(ExtendedByPolicy, certtemplate:t, issuancepolicy:p)
    in_domain(group:granted, domain:d)
    in_domain(group:granted, domain:e)
    """
    + "".join(
        f"edge({right}, {MALLORY}, {victim})\n"
        for right in ("GenericAll", "GenericWrite", "Owns", "WriteOwner", "WriteDacl")
        for victim in ("account:ann", "host:w")
    )
)


def test_every_traversable_kind_has_a_fix_or_is_no_setting(rules: Rulebase) -> None:
    kinds = {
        str(atom.arguments[0].value)
        for fix in rules.fixes
        for atom in fix.removes
        if atom.predicate == "edge" and isinstance(atom.arguments[0], Constant)
    }
    rights = {"GenericAll", "WriteDacl", "MemberOf", "HasSession", "AdminTo", "Enroll", "GetChangesAll", "AllowedToDelegate"}
    assert rights <= kinds
