"""SharpHound's files: which property gives which edge, in which direction."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mithridate.estate.facts import FactBase
from mithridate.estate.readers import archives
from mithridate.estate.readers.registry import read
from mithridate.model.errors import UsageError
from tests.estate.readers.saying import open_base, said, written

D = "S-1-5-21-7-8-9"
ALL = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def export(kind: str, *records: Any, version: int = 6) -> dict[str, Any]:
    return {"data": list(records), "meta": {"methods": 0, "type": kind, "count": len(records), "version": version}}


def thing(number: str, **more: Any) -> dict[str, Any]:
    return {"ObjectIdentifier": number, "Properties": {"domainsid": D}, "Aces": [], **more}


def ace(principal: str, right: str, kind: str = "User", inherited: bool = False) -> dict[str, Any]:
    return {"PrincipalSID": principal, "PrincipalType": kind, "RightName": right, "IsInherited": inherited}


def typed(number: str, kind: str = "User") -> dict[str, Any]:
    return {"ObjectIdentifier": number, "ObjectType": kind}


def edges(told: set[str]) -> set[str]:
    return {t.removeprefix("edge(").removesuffix(")").replace(f"{D}-", "") for t in told if t.startswith("edge(")}


def flags(told: set[str]) -> set[str]:
    return {t.rpartition(", ")[2].removesuffix(")") for t in told if t.startswith("flag(")}


def user_edges(tmp_path: Path, **more: Any) -> set[str]:
    told, reading = said(written(tmp_path, "u.json", export("users", thing(f"{D}-5", **more))), "directory")
    assert not reading.broken
    return edges(told)


def test_a_user_has_its_primary_group_delegation_history_and_databases(tmp_path: Path) -> None:
    got = user_edges(
        tmp_path,
        PrimaryGroupSID=f"{D}-513",
        AllowedToDelegate=[typed(f"{D}-9", "Computer")],
        HasSIDHistory=[typed(f"{D}-4")],
        SPNTargets=[{"ComputerSID": f"{D}-9", "Port": 1433, "Service": "SQLAdmin"}],
        UnconstrainedDelegation=True,
        ContainedBy=typed("0000AAAA-1", "OU"),
    )
    assert got == {
        "MemberOf, account:5, group:513",
        "AllowedToDelegate, account:5, host:9",
        "HasSIDHistory, account:5, account:4",
        "SQLAdmin, account:5, host:9",
        f"CoerceToTGT, account:5, domain:{D}",
        "Contains, ou:0000AAAA-1, account:5",
    }


def test_an_account_says_its_name_its_sid_and_its_domain(tmp_path: Path) -> None:
    record = thing(f"{D}-5")
    record["Properties"].update(name="ANN@CORP.EXAMPLE", hasspn=True, enabled=True, highvalue=True)
    told, reading = said(written(tmp_path, "u.json", export("users", record)), "directory")
    node = f"account:{D}-5"
    assert told == {
        f"account({node})",
        f"identifier({node}, sid, {D}-5)",
        f"label({node}, ANN@CORP.EXAMPLE)",
        f"in_domain({node}, domain:{D})",
        f"flag({node}, spn)",
        f"critical({node})",
    }
    assert (reading.records, reading.passed_over) == (1, 0)


def test_entries_of_an_access_list_point_at_the_object(tmp_path: Path) -> None:
    entries = [ace(f"{D}-1", "GenericAll", "Group"), ace(f"{D}-5", "WriteDacl"), ace(f"{D}-2", "WriteDACL"), ace("", "Owns")]
    assert user_edges(tmp_path, Aces=[*entries, ace(f"{D}-3", "NoSuchRight")]) == {
        "GenericAll, group:1, account:5",
        "WriteDacl, account:2, account:5",
    }


@pytest.mark.parametrize(
    ("entry", "properties", "wanted"),
    [
        (None, {}, {"Owns", "WriteOwner"}),
        (ace("D-S-1-3-4", "GenericAll", "Group"), {}, {"OwnsLimitedRights", "WriteOwner"}),
        (ace("D-S-1-3-4", "GenericAll", "Group", True), {}, {"OwnsLimitedRights", "WriteOwnerLimitedRights"}),
        (
            ace("D-S-1-3-4", "GenericAll", "Group"),
            {"doesanyinheritedacegrantownerrights": True},
            {"OwnsLimitedRights"},
        ),
        (None, {"doesanyacegrantownerrights": True}, {"WriteOwner"}),
        (None, {"doesanyacegrantownerrights": True, "doesanyinheritedacegrantownerrights": True}, set()),
    ],
)
def test_entries_for_owners_limit_what_owners_get(tmp_path: Path, entry: Any, properties: Any, wanted: set[str]) -> None:
    entries = [ace(f"{D}-1", "Owns"), ace(f"{D}-2", "WriteOwner"), *([entry] if entry else [])]
    got = user_edges(tmp_path, Aces=entries, Properties={"domainsid": D, **properties})
    assert {e.partition(",")[0] for e in got} == wanted


def test_members_point_at_their_group(tmp_path: Path) -> None:
    group = thing(f"{D}-525", Members=[typed(f"{D}-5"), typed(f"{D}-6", "Computer"), typed(f"{D}-7", "Base"), typed("")])
    told, _ = said(written(tmp_path, "g.json", export("groups", group)), "directory")
    assert edges(told) == {
        "MemberOf, account:5, group:525",
        "MemberOf, host:6, group:525",
        "MemberOf, object:7, group:525",
    }
    assert f"protected(host:{D}-6)" in told


def computer(**more: Any) -> dict[str, Any]:
    return thing(f"{D}-9", **more)


def test_a_computer_has_sessions_local_groups_rights_and_delegation(tmp_path: Path) -> None:
    record = computer(
        PrimaryGroupSID=f"{D}-515",
        AllowedToAct=[typed(f"{D}-8", "Computer")],
        DumpSMSAPassword=[typed(f"{D}-7")],
        Sessions={"Collected": True, "Results": [{"UserSID": f"{D}-5", "ComputerSID": f"{D}-9"}]},
        PrivilegedSessions={"Collected": False, "Results": [{"UserSID": f"{D}-6", "ComputerSID": f"{D}-9"}]},
        LocalGroups=[
            {"Collected": True, "Name": "ADMINISTRATORS@W", "ObjectIdentifier": f"{D}-9-544", "Results": [typed(f"{D}-5")]},
            {"Collected": False, "Name": "X", "ObjectIdentifier": f"{D}-9-555", "Results": [typed(f"{D}-6")]},
        ],
        UserRights=[
            {"Privilege": "SeRemoteInteractiveLogonRight", "Collected": True, "Results": [typed(f"{D}-513", "Group")]},
            {"Privilege": "SeBatchLogonRight", "Collected": True, "Results": [typed(f"{D}-513", "Group")]},
        ],
    )
    told, reading = said(written(tmp_path, "c.json", export("computers", record)), "directory")
    assert not reading.broken
    assert edges(told) == {
        "MemberOf, host:9, group:515",
        "AllowedToAct, host:8, host:9",
        "DumpSMSAPassword, host:9, account:7",
        "HasSession, host:9, account:5",
        "MemberOfLocalGroup, account:5, group:9-544",
        "LocalToComputer, group:9-544, host:9",
        "RemoteInteractiveLogonRight, group:513, host:9",
    }
    assert {f"local_group(group:{D}-9-544, host:{D}-9, 544)", f"rights_collected(host:{D}-9)"} <= told


def test_older_versions_list_local_groups_by_themselves(tmp_path: Path) -> None:
    record = computer(LocalAdmins={"Collected": True, "Results": [typed(f"{D}-5")]})
    told, _ = said(written(tmp_path, "c.json", export("computers", record, version=4)), "directory")
    assert "MemberOfLocalGroup, account:5, group:9-544" in edges(told)
    assert f"local_group(group:{D}-9-544, host:{D}-9, 544)" in told


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ({"IsDC": True}, {f"DCFor, host:9, domain:{D}"}),
        ({"PrimaryGroupSID": f"{D}-516"}, {f"DCFor, host:9, domain:{D}", "MemberOf, host:9, group:516"}),
        ({"UnconstrainedDelegation": True}, {f"CoerceToTGT, host:9, domain:{D}"}),
        ({"UnconstrainedDelegation": True, "IsDC": True}, {f"DCFor, host:9, domain:{D}"}),
    ],
)
def test_controllers_are_told_apart_from_unconstrained_delegation(tmp_path: Path, more: Any, wanted: set[str]) -> None:
    told, _ = said(written(tmp_path, "c.json", export("computers", computer(**more))), "directory")
    assert edges(told) == wanted


def test_what_a_relayed_logon_meets_is_flagged(tmp_path: Path) -> None:
    record = computer(
        IsWebClientRunning={"Collected": True, "Result": True},
        SmbInfo={"Collected": True, "Result": {"SigningEnabled": False}},
        NTLMRegistryData={"Collected": True, "Result": {"RestrictSendingNtlmTraffic": 0}},
        DCRegistryData={
            "CertificateMappingMethods": {"Collected": True, "Value": 31},
            "StrongCertificateBindingEnforcement": {"Collected": True, "Value": 1},
        },
    )
    record["Properties"].update(haslaps=True, ldapavailable=True, ldapsigning=False, ldapsavailable=True, ldapsepa=False)
    told, _ = said(written(tmp_path, "c.json", export("computers", record)), "directory")
    assert flags(told) == {
        "laps",
        "web-client",
        "no-smb-signing",
        "sends-ntlm",
        "maps-certificates-by-upn",
        "binds-certificates-weakly",
        "no-ldap-signing",
        "no-ldaps-channel-binding",
    }
    safe = computer(
        SmbInfo={"Collected": True, "Result": {"SigningEnabled": True}},
        NTLMRegistryData={"Collected": True, "Result": {"RestrictSendingNtlmTraffic": 2}},
        DCRegistryData={
            "CertificateMappingMethods": {"Collected": True, "Value": -1},
            "StrongCertificateBindingEnforcement": {"Collected": True, "Value": 2},
        },
    )
    told, _ = said(written(tmp_path, "s.json", export("computers", safe)), "directory")
    assert flags(told) == set()


def test_a_domain_trusts_links_contains_and_authenticates(tmp_path: Path) -> None:
    record = {
        "ObjectIdentifier": D,
        "Properties": {"domainsid": D, "name": "CORP.EXAMPLE", "netbios": "CORP", "dsheuristics": "0" * 28 + "1"},
        "ChildObjects": [typed("AAAA-1", "OU")],
        "Links": [{"GUID": "bbbb-2", "IsEnforced": False}],
        "Trusts": [
            {"TargetDomainSid": "S-1-5-21-1", "TrustDirection": "Inbound", "TrustType": "Forest", "TGTDelegationEnabled": True},
            {
                "TargetDomainSid": "S-1-5-21-2",
                "TrustDirection": "Outbound",
                "TrustType": "External",
                "SidFilteringEnabled": False,
            },
            {"TargetDomainSid": "S-1-5-21-3", "TrustDirection": "Bidirectional", "TrustType": "ParentChild"},
        ],
    }
    told, reading = said(written(tmp_path, "d.json", export("domains", record)), "directory")
    assert not reading.broken
    assert edges(told) == {
        f"Contains, domain:{D}, ou:AAAA-1",
        f"GPLink, gpo:BBBB-2, domain:{D}",
        f"CrossForestTrust, domain:S-1-5-21-1, domain:{D}",
        f"AbuseTGTDelegation, domain:S-1-5-21-1, domain:{D}",
        f"CrossForestTrust, domain:{D}, domain:S-1-5-21-2",
        f"SpoofSIDHistory, domain:S-1-5-21-2, domain:{D}",
        f"SameForestTrust, domain:{D}, domain:S-1-5-21-3",
        f"SameForestTrust, domain:S-1-5-21-3, domain:{D}",
        "MemberOf, group:513, group:CORP.EXAMPLE-S-1-5-11",
        "MemberOf, group:515, group:CORP.EXAMPLE-S-1-5-11",
        "MemberOf, group:CORP.EXAMPLE-S-1-5-11, group:CORP.EXAMPLE-S-1-1-0",
    }
    assert {f"netbios(domain:{D}, CORP$)", f"blocks_owner_rights(domain:{D})", "group(group:CORP.EXAMPLE-S-1-1-0)"} <= told


def test_a_policy_fills_local_groups_of_the_computers_it_affects(tmp_path: Path) -> None:
    changes = {"AffectedComputers": [typed(f"{D}-9", "Computer")], "LocalAdmins": [typed(f"{D}-5")], "DcomUsers": []}
    told, _ = said(written(tmp_path, "o.json", export("ous", thing("CCCC-3", GPOChanges=changes))), "directory")
    assert edges(told) == {"MemberOfLocalGroup, account:5, group:9-544", "LocalToComputer, group:9-544, host:9"}


def test_an_authority_its_chain_and_what_it_publishes(tmp_path: Path) -> None:
    record = thing(
        "CA-1",
        HostingComputer=f"{D}-9",
        EnabledCertTemplates=[typed("T-1", "CertTemplate"), typed("T-2", "CertTemplate")],
        Aces=[ace(f"{D}-1", "Enroll"), ace(f"{D}-2", "GenericAll")],
        HttpEnrollmentEndpoints=[{"Collected": True, "Result": {"ADCSWebEnrollmentHTTP": True}}],
        CARegistryData={
            "CASecurity": {"Collected": True, "Data": [ace(f"{D}-3", "Enroll", "Group"), ace(f"{D}-4", "Owns")]},
            "EnrollmentAgentRestrictions": {
                "Collected": True,
                "Restrictions": [
                    {"AccessType": "AccessAllowedCallback", "AllTemplates": True, "Agent": typed(f"{D}-6"), "Template": None},
                    {"AccessType": "AccessDeniedCallback", "AllTemplates": True, "Agent": typed(f"{D}-7"), "Template": None},
                ],
            },
            "IsUserSpecifiesSanEnabled": {"Collected": True, "Value": True},
        },
    )
    record["Properties"].update(certthumbprint="aa", certchain=["aa", "bb"])
    told, reading = said(written(tmp_path, "e.json", export("enterprisecas", record)), "directory")
    assert not reading.broken
    assert edges(told) == {
        "PublishedTo, certtemplate:T-1, enterpriseca:CA-1",
        "PublishedTo, certtemplate:T-2, enterpriseca:CA-1",
        "HostsCAService, host:9, enterpriseca:CA-1",
        "Enroll, group:3, enterpriseca:CA-1",
        "GenericAll, account:2, enterpriseca:CA-1",
        "DelegatedEnrollmentAgent, account:6, certtemplate:T-1",
        "DelegatedEnrollmentAgent, account:6, certtemplate:T-2",
    }
    assert flags(told) == {"takes-names-from-requests", "relayable-enrollment"}
    assert {"certificate(enterpriseca:CA-1, AA)", "issuer(enterpriseca:CA-1, BB)"} <= told


def test_roots_and_stores_stand_for_a_domain(tmp_path: Path) -> None:
    root = thing("R-1", DomainSID=D)
    store = thing("N-1", DomainSID=D, Properties={"certthumbprints": ["aa", ""]})
    told, _ = said(written(tmp_path, "r.json", export("rootcas", root)), "directory")
    assert edges(told) == {f"RootCAFor, rootca:R-1, domain:{D}"}
    told, _ = said(written(tmp_path, "n.json", export("ntauthstores", store)), "directory")
    assert edges(told) == {f"NTAuthStoreFor, ntauthstore:N-1, domain:{D}"}
    assert "nt_auth(ntauthstore:N-1, AA)" in told


def test_what_a_template_does_not_demand_is_flagged(tmp_path: Path) -> None:
    open_one = {
        "requiresmanagerapproval": False,
        "schemaversion": 2,
        "authorizedsignatures": 0,
        "authenticationenabled": True,
        "enrolleesuppliessubject": True,
        "nosecurityextension": True,
        "effectiveekus": ["1.3.6.1.5.5.7.3.2"],
    }
    told, _ = said(written(tmp_path, "t.json", export("certtemplates", thing("T-1", Properties=open_one))), "directory")
    assert flags(told) == {
        "no-approval",
        "no-signature",
        "authentication",
        "names-in-request",
        "no-security-extension",
        "schannel",
        "for-users",
    }
    agent = {"schemaversion": 2, "authorizedsignatures": 1, "applicationpolicies": ["1.3.6.1.4.1.311.20.2.1"]}
    agent |= {"effectiveekus": ["1.3.6.1.4.1.311.20.2.1"], "subjectaltrequiredns": True, "enrolleesuppliessubject": False}
    told, _ = said(written(tmp_path, "a.json", export("certtemplates", thing("T-2", Properties=agent))), "directory")
    assert flags(told) == {"signed-by-agent", "agent", "agent-or-any-use", "dns-name", "names-from-directory"}
    told, _ = said(written(tmp_path, "n.json", export("certtemplates", thing("T-3", Properties={}))), "directory")
    assert flags(told) == {"for-users"}


def test_an_issuance_policy_links_to_a_group(tmp_path: Path) -> None:
    record = thing("P-1", GroupLink=typed(f"{D}-7", "Group"), Properties={"domainsid": D, "certtemplateoid": "1.2.3"})
    told, _ = said(written(tmp_path, "p.json", export("issuancepolicies", record)), "directory")
    assert edges(told) == {"OIDGroupLink, issuancepolicy:P-1, group:7"}
    assert "policy_number(issuancepolicy:P-1, 1.2.3)" in told


def test_sessions_have_a_file_of_their_own(tmp_path: Path) -> None:
    record = {"ComputerSID": f"{D}-9", "UserSID": f"{D}-5".lower(), "LogonType": 2}
    told, _ = said(written(tmp_path, "s.json", export("sessions", record)), "directory")
    assert edges(told) == {"HasSession, host:9, account:5"}


def test_a_deleted_object_says_nothing(tmp_path: Path) -> None:
    told, reading = said(written(tmp_path, "u.json", export("users", thing(f"{D}-5", IsDeleted=True))), "directory")
    assert (told, reading.records) == (set(), 1)


def test_a_broken_record_is_passed_over_whole_and_told(tmp_path: Path) -> None:
    bad = thing(f"{D}-6", PrimaryGroupSID=f"{D}-513", AllowedToDelegate=[{"ObjectIdentifier": 7, "ObjectType": "User"}])
    path = written(tmp_path, "u.json", export("users", bad, thing(f"{D}-5", PrimaryGroupSID=f"{D}-513"), "text", None))
    told, reading = said(path, "directory")
    assert edges(told) == {"MemberOf, account:5, group:513"}
    assert [b.place for b in reading.broken] == [1, 3, 4]


def test_facts_tell_their_record(tmp_path: Path) -> None:
    path = written(tmp_path, "u.json", export("users", thing(f"{D}-4"), thing(f"{D}-5", PrimaryGroupSID=f"{D}-513")))
    with open_base("directory") as base:
        read(path, base)
        base.freeze()
        (fact,) = base.rows("edge", [0]).values()
        assert [(e.source, e.place, e.confidence.word) for e in fact.evidence] == [(str(path), 2, "observed")]


@pytest.mark.parametrize("first", [True, False])
def test_meta_may_come_first_or_last_and_a_byte_order_mark_before_it(tmp_path: Path, first: bool) -> None:
    whole = export("users", *(thing(f"{D}-{n}", PrimaryGroupSID=f"{D}-513") for n in range(600)))
    ordered = {k: whole[k] for k in (("meta", "data") if first else ("data", "meta"))}
    path = tmp_path / "u.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(ordered).encode())
    told, reading = said(path, "directory")
    assert (len(edges(told)), reading.records) == (600, 600)


def archive(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def test_all_members_of_an_archive_are_read_each_as_a_source(tmp_path: Path) -> None:
    users = export("users", thing(f"{D}-5", PrimaryGroupSID=f"{D}-513"))
    groups = {"meta": {"type": "groups", "version": 6}, "data": [thing(f"{D}-1", Members=[typed(f"{D}-5")])]}
    members = {"2026_users.json": json.dumps(users).encode(), "2026_groups.json": json.dumps(groups).encode()}
    path = archive(tmp_path / "x.zip", members | {"bad_users.json": b"{", "notes.txt": b"hello"})
    told, reading = said(path, "directory")
    assert edges(told) == {"MemberOf, account:5, group:513", "MemberOf, account:5, group:1"}
    assert (reading.records, reading.passed_over) == (2, 1)
    assert "bad_users.json" in reading.broken[0].source


def test_an_archive_that_unpacks_to_far_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_ALWAYS", 1 << 20)
    bomb = b'{"data":[' + b" " * (64 << 20) + b'],"meta":{"type":"users"}}'
    with pytest.raises(UsageError, match="unpacks to more than"):
        said(archive(tmp_path / "b.zip", {"b_users.json": bomb}), "directory")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"data":[{"a":' + b"[" * 500_000, "nested more than"),
        (b'{"data":[' + b'"' + b"x" * 100, "premature EOF"),
        (b'{"data":[{"ObjectIdentifier":1e999}]', "overflow"),
        (b'{"data":[{"ObjectIdentifier":"\xff"}]', "UTF8"),
        (b'{"data":["\\ud800"]', "no JSON|holds|read"),
    ],
)
def test_a_document_that_is_broken_from_the_start_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "u.json"
    path.write_bytes(content + b',"meta":{"methods":0,"type":"users"}}')
    try:
        _, reading = said(path, "directory")
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert reading.passed_over


def test_what_comes_before_the_damage_is_kept(tmp_path: Path) -> None:
    good = json.dumps(thing(f"{D}-5", PrimaryGroupSID=f"{D}-513")).encode()
    path = tmp_path / "u.json"
    path.write_bytes(b'{"meta":{"type":"users"},"data":[' + good + b',{"ObjectIdentifier": ]')
    told, reading = said(path, "directory")
    assert edges(told) == {"MemberOf, account:5, group:513"}
    assert "rest of the file is not read" in reading.broken[0].reason


def test_entities_of_another_encoding_are_named(tmp_path: Path) -> None:
    path = tmp_path / "u.json"
    path.write_bytes(json.dumps(export("users")).encode("utf-16"))
    with pytest.raises(UsageError, match="UTF-16"):
        said(path, "directory", reader="bloodhound")


def test_an_unknown_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds toasters"):
        said(written(tmp_path, "t.json", export("toasters")), "directory", reader="bloodhound")


def test_endless_names_break_only_their_fact(tmp_path: Path) -> None:
    path = written(
        tmp_path, "u.json", export("users", thing(f"{D}-5", PrimaryGroupSID="S" * 5000, HasSIDHistory=[typed(f"{D}-4")]))
    )
    told, reading = said(path, "directory")
    assert edges(told) == {"HasSIDHistory, account:5, account:4"}
    assert reading.passed_over == 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SAMPLE = {
    "users": thing(f"{D}-5", PrimaryGroupSID=f"{D}-513", AllowedToDelegate=[typed(f"{D}-9", "Computer")], Aces=[ace(D, "Owns")]),
    "computers": computer(
        Sessions={"Collected": True, "Results": [{"UserSID": "a", "ComputerSID": "b"}]},
        LocalGroups=[{"Collected": True, "Name": "A", "ObjectIdentifier": "b-544", "Results": [typed("c")]}],
        DCRegistryData={"CertificateMappingMethods": {"Collected": True, "Value": 4}},
        SmbInfo={"Collected": True, "Result": {"SigningEnabled": False}},
    ),
    "domains": thing(D, Trusts=[{"TargetDomainSid": "x", "TrustDirection": "Inbound"}], Links=[{"GUID": "g"}]),
    "enterprisecas": thing(
        "c", EnabledCertTemplates=[typed("t")], CARegistryData={"CASecurity": {"Collected": True, "Data": []}}
    ),
    "certtemplates": thing("t", Properties={"schemaversion": 2, "effectiveekus": ["1"], "certificatepolicy": ["2"]}),
    "issuancepolicies": thing("p", GroupLink=typed("g", "Group")),
    "sessions": {"ComputerSID": "a", "UserSID": "b"},
}


def replaced(value: Any, at: int, new: Any) -> tuple[Any, int]:
    """`value` with its `at`-th part, counted in order, replaced; how many parts are left to count."""
    if at == 0:
        return new, -1
    at -= 1
    if isinstance(value, dict):
        for key in value:
            changed, at = replaced(value[key], at, new)
            if at < 0:
                return {**value, key: changed}, -1
    if isinstance(value, list):
        for index, item in enumerate(value):
            changed, at = replaced(item, at, new)
            if at < 0:
                return [*value[:index], changed, *value[index + 1 :]], -1
    return value, at


@pytest.fixture(scope="module")
def base() -> Iterator[FactBase]:
    with open_base("directory") as opened:
        yield opened


def tried(path: Path, base: FactBase, reader: str | None = "bloodhound") -> None:
    """Read a file of which nothing is known but that reading it ends well."""
    try:
        read(path, base, reader)
    except UsageError as error:
        assert "\n" not in str(error)


@ALL
@given(st.sampled_from(sorted(SAMPLE)), st.integers(0, 20), JSON)
def test_any_value_anywhere_gives_a_reading(tmp_path: Path, base: FactBase, kind: str, at: int, new: Any) -> None:
    record, _ = replaced(SAMPLE[kind], at, new)
    reading = read(written(tmp_path, "m.json", export(kind, record)), base, "bloodhound")
    assert reading.records + reading.passed_over >= 1


@ALL
@given(st.binary(max_size=200), st.booleans(), st.sampled_from(["bloodhound", None]))
def test_arbitrary_bytes_give_an_error_or_a_reading(
    tmp_path: Path, base: FactBase, content: bytes, packed: bool, reader: str | None
) -> None:
    path = tmp_path / "x"
    path.write_bytes((b"PK\x03\x04" if packed else b"") + content)
    tried(path, base, reader)


@ALL
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
@example(432, b"\x00")  # a member without a name
def test_a_damaged_archive_gives_an_error_or_a_reading(tmp_path: Path, base: FactBase, at: int, junk: bytes) -> None:
    whole = json.dumps(export("users", thing(f"{D}-5", PrimaryGroupSID=f"{D}-513"))).encode()
    path = archive(tmp_path / "z.zip", {"a_users.json": whole, "b_users.json": whole})
    content = path.read_bytes()
    at %= len(content)
    path.write_bytes(content[:at] + junk + content[at + len(junk) :])
    tried(path, base)


@ALL
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_a_damaged_document_gives_an_error_or_a_reading(tmp_path: Path, base: FactBase, at: int, junk: bytes) -> None:
    content = json.dumps(export("computers", SAMPLE["computers"], SAMPLE["users"])).encode()
    at %= len(content)
    path = tmp_path / "d.json"
    path.write_bytes(content[:at] + junk + content[at + len(junk) :])
    tried(path, base)
