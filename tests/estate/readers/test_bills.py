"""Bills of materials in each of their forms say the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.estate.deployment import host_of
from mithridate.estate.readers.registry import READERS
from mithridate.model.errors import UsageError
from tests.estate.readers.reading import Read, read, survives

SERIAL = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
PURL = "pkg:pypi/acme-web@1.1.0"
CPE = "cpe:2.3:a:acme:acmed:8.2:p1:*:*:*:*:*:*"
FLAW = {
    "id": "CVE-2024-0001",
    "ratings": [
        {"method": "CVSSv2", "vector": "AV:L/AC:L/Au:N/C:C/I:C/A:C"},
        {"method": "CVSSv31", "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
    ],
    "affects": [{"ref": "web"}],
}
CYCLONEDX: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "serialNumber": SERIAL,
    "metadata": {"component": {"type": "application", "name": "shop", "version": "2.1", "bom-ref": "root"}},
    "components": [
        {
            "name": "acme-web",
            "version": "1.1.0",
            "purl": PURL,
            "bom-ref": "web",
            "components": [{"name": "inner", "version": "1"}],
        },
        {"name": "acmed", "version": "8.2p1", "cpe": CPE},
    ],
    "vulnerabilities": [FLAW],
}
CYCLONEDX_XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.6" serialNumber="{SERIAL}" version="1">
  <metadata><component type="application" bom-ref="root"><name>shop</name><version>2.1</version></component></metadata>
  <components>
    <component type="library" bom-ref="web"><name>acme-web</name><version>1.1.0</version><purl>{PURL}</purl>
      <components><component type="library"><name>inner</name><version>1</version></component></components>
    </component>
    <!-- a comment -->
    <component type="application"><name>acmed</name><version>8.2p1</version><cpe>{CPE}</cpe></component>
  </components>
  <dependencies><dependency ref="web"/></dependencies>
  <vulnerabilities><vulnerability><id>CVE-2024-0001</id>
    <ratings><rating><method>CVSSv31</method><vector>CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H</vector></rating></ratings>
    <affects><target><ref>web</ref></target></affects>
  </vulnerability></vulnerabilities>
</bom>
"""
SPDX: dict[str, Any] = {
    "spdxVersion": "SPDX-2.3",
    "SPDXID": "SPDXRef-DOCUMENT",
    "documentNamespace": "https://acme.example/shop-2.1",
    "packages": [
        {"SPDXID": "SPDXRef-shop", "name": "shop", "versionInfo": "2.1", "primaryPackagePurpose": "APPLICATION"},
        {
            "SPDXID": "SPDXRef-web",
            "name": "acme-web",
            "versionInfo": "1.1.0",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": PURL}],
        },
        {
            "SPDXID": "SPDXRef-d",
            "name": "acmed",
            "versionInfo": "8.2p1",
            "externalRefs": [{"referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": CPE}],
        },
    ],
    "relationships": [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-shop"}
    ],
}
TAG_VALUE = f"""SPDXVersion: SPDX-2.3
DocumentNamespace: https://acme.example/shop-2.1
DocumentComment: <text>PackageName: not one
PackageName: nor this</text>
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-shop

PackageName: shop
SPDXID: SPDXRef-shop
PackageVersion: 2.1

PackageName: acme-web
SPDXID: SPDXRef-web
PackageVersion: 1.1.0
ExternalRef: PACKAGE-MANAGER purl {PURL}

PackageName: acmed
SPDXID: SPDXRef-d
PackageVersion: 8.2p1
ExternalRef: SECURITY cpe23Type {CPE}

FileName: ./a.py
SPDXID: SPDXRef-file
"""
SPDX3: dict[str, Any] = {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
        {"type": "SpdxDocument", "spdxId": "https://acme.example/shop", "rootElement": ["urn:shop"]},
        {"type": "software_Package", "spdxId": "urn:shop", "name": "shop", "software_packageVersion": "2.1"},
        {
            "type": "software_Package",
            "spdxId": "urn:web",
            "name": "acme-web",
            "software_packageVersion": "1.1.0",
            "software_packageUrl": PURL,
        },
        {
            "type": "software_Package",
            "spdxId": "urn:d",
            "name": "acmed",
            "software_packageVersion": "8.2p1",
            "externalIdentifier": [{"type": "ExternalIdentifier", "externalIdentifierType": "cpe23", "identifier": CPE}],
        },
        {
            "type": "security_Vulnerability",
            "spdxId": "urn:flaw",
            "externalIdentifier": [{"externalIdentifierType": "cve", "identifier": "CVE-2024-0001"}],
        },
        {"type": "Relationship", "relationshipType": "hasAssociatedVulnerability", "from": "urn:web", "to": ["urn:flaw"]},
    ],
}
FILES = {
    "shop.cdx.json": json.dumps(CYCLONEDX),
    "shop.cdx.xml": CYCLONEDX_XML,
    "shop.spdx.json": json.dumps(SPDX),
    "shop.spdx": TAG_VALUE,
    "shop.spdx3.json": json.dumps(SPDX3),
}
READER_OF = dict(zip(FILES, ("cyclonedx", "cyclonedx-xml", "spdx", "spdx-tag", "spdx3"), strict=True))


def of(tmp_path: Path, name: str, text: str) -> Read:
    (tmp_path / name).write_text(text)
    return read([tmp_path / name])


@pytest.mark.parametrize("name", FILES)
def test_every_form_says_what_is_in_a_product(tmp_path: Path, name: str) -> None:
    found = of(tmp_path, name, FILES[name])
    bill = f"sbom:{tmp_path / name}"
    assert found.readings[0].reader == READER_OF[name]
    assert {
        f"describes({bill}, software:shop 2.1)",
        f"component({bill}, software:{PURL})",
        f"component({bill}, software:acmed 8.2p1)",
        f"identifier(software:{PURL}, purl, {PURL})",
        f"identifier(software:{PURL}, name, acme-web 1.1.0)",
        f"identifier(software:acmed 8.2p1, cpe, {CPE})",
        "named(software:shop 2.1, shop)",
    } <= found.told
    assert not any("nor this" in fact or "a.py" in fact for fact in found.told)
    assert found.broken == []


@pytest.mark.parametrize("name", ["shop.cdx.json", "shop.cdx.xml"])
def test_components_within_components_and_flaws_are_read(tmp_path: Path, name: str) -> None:
    found = of(tmp_path, name, FILES[name])
    flaw = "vulnerability:CVE-2024-0001"
    assert f"component(sbom:{tmp_path / name}, software:inner 1)" in found.told
    assert {f"grants({flaw}, remote, code)", f"exploit({flaw}, 6)"} <= found.told
    assert {f"vulnerable(host:shop, software:{PURL}, {flaw})", f"vulnerable(host:shop, software:shop 2.1, {flaw})"} <= found.told


def test_spdx_3_says_what_flaws_there_are_and_that_one_is_none(tmp_path: Path) -> None:
    fact = f"vulnerable(host:shop, software:{PURL}, vulnerability:CVE-2024-0001)"
    assert fact in of(tmp_path, "shop.json", json.dumps(SPDX3)).told
    verdict = {"type": "security_VexNotAffectedVulnAssessmentRelationship", "from": "urn:flaw", "to": ["urn:web"]}
    cleared = {**SPDX3, "@graph": [*SPDX3["@graph"], verdict]}
    found = of(tmp_path, "shop.json", json.dumps(cleared))
    assert fact not in found.told
    assert [d.kept for d in found.matching.decisions] == [False]


@pytest.mark.parametrize(
    ("state", "stays"),
    [("not_affected", False), ("false_positive", False), ("resolved", False), ("exploitable", True), ("in_triage", True)],
)
def test_a_bill_may_say_that_its_own_flaw_is_none(tmp_path: Path, state: str, stays: bool) -> None:
    text = json.dumps({**CYCLONEDX, "vulnerabilities": [{**FLAW, "analysis": {"state": state}}]})
    assert any(f.startswith("vulnerable(") for f in of(tmp_path, "shop.cdx.json", text).told) == stays


def test_statements_in_a_file_of_their_own_refer_to_a_bill_by_its_number(tmp_path: Path) -> None:
    link = f"urn:cdx:{SERIAL.removeprefix('urn:uuid:')}/1#web"
    vex = {
        "bomFormat": "CycloneDX",
        "vulnerabilities": [{"id": "CVE-2024-0001", "analysis": {"state": "not_affected"}, "affects": [{"ref": link}]}],
    }
    (tmp_path / "vex.json").write_text(json.dumps(vex))
    (tmp_path / "shop.json").write_text(json.dumps(CYCLONEDX))
    assert any(f.startswith("vulnerable(") for f in read([tmp_path / "shop.json"]).told)
    found = read([tmp_path / "vex.json", tmp_path / "shop.json"])
    assert not any(f.startswith("vulnerable(") for f in found.told)


def test_where_a_bill_runs_is_said_or_follows_or_is_assumed(tmp_path: Path) -> None:
    def deployed(found: Read) -> dict[str, str]:
        return {str(f.terms[0]): f.confidence.word for f in found.facts if f.predicate == "deployed"}

    (tmp_path / "web07.cdx.json").write_text(json.dumps(CYCLONEDX))
    bill = tmp_path / "web07.cdx.json"
    assert deployed(read([bill])) == {"host:web07": "assumed"}
    hand = tmp_path / "hand.yaml"
    for text, expected in (
        ("{web07: {zones: [dmz]}}", {"host:web07": "inferred"}),
        ("{web09: {services: [{software: shop 2.1, port: 80}]}}", {"host:web09": "inferred"}),
        ("{web09: {sboms: [web07.cdx.json]}}", {"host:web09": "observed"}),
        (f"{{web09: {{sboms: ['sbom:{SERIAL}']}}}}", {"host:web09": "observed"}),
    ):
        hand.write_text(f"estate: 1\nhosts: {text}\n")
        assert deployed(read([hand, bill])) == expected
    hand.write_text("estate: 1\nhosts: {web08: {zones: [dmz]}}\n")
    machine = {**CYCLONEDX, "metadata": {"component": {"type": "operating-system", "name": "web08", "version": "12"}}}
    bill.write_text(json.dumps(machine))
    assert deployed(read([bill])) == {"host:web08": "inferred"}


def test_bills_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    for host in ("a1", "a2"):
        (tmp_path / host).mkdir()
        one = {**CYCLONEDX, "components": [{"name": f"only-{host}", "version": "1"}]}
        (tmp_path / host / "bom.json").write_text(json.dumps(one))
    found = read([tmp_path / "a1" / "bom.json", tmp_path / "a2" / "bom.json"])
    assert "installed(host:a1, software:only-a1 1)" in found.told
    assert "installed(host:a1, software:only-a2 1)" not in found.told
    assert {c.differ for c in found.identity.conflicts} == {"file"}


def test_hosts_are_called_after_files() -> None:
    names = ["x/web01.cdx.json", "web01/bom.json", "web01.spdx", "/a/b/web01_sbom.xml", "bom.json"]
    assert [host_of(n) for n in names] == ["web01", "web01", "web01", "web01", "bom.json"]


_ENTITIES = '<?xml version="1.0"?><!DOCTYPE bom [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.xml", _ENTITIES + '<bom xmlns="http://cyclonedx.org/schema/bom/1.6">&b;</bom>', "brings a document type"),
        ("a.xml", '<bom xmlns="http://cyclonedx.org/schema/bom/1.6">' + "<a>" * 5000, "nested|no XML"),
        ("a.xml", '<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>', "is no XML"),
        ("a.json", '{"spdxVersion": "SPDX-2.3", "packages": [', "is no JSON"),
        ("a.json", '{"@context": "https://spdx.org/rdf/3.0.1/x", "@graph": ' + "[" * 10_000, "nested more than"),
    ],
)
def test_hostile_bills_are_refused_in_a_sentence(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        of(tmp_path, name, text)


def test_external_entities_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    doctype = f'<!DOCTYPE bom [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
    text = f'<?xml version="1.0"?>{doctype}<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>&x;</components></bom>'
    with pytest.raises(UsageError, match="document type"):
        of(tmp_path, "a.xml", text)


def test_a_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.spdx").write_bytes(b"SPDXVersion: SPDX-2.3\nPackageName: \xff\xfe\n")
    with pytest.raises(UsageError, match="not UTF-8"):
        read([tmp_path / "a.spdx"])


def test_a_large_xml_is_read_a_component_at_a_time(tmp_path: Path) -> None:
    one = "<component><name>c{}</name><version>1</version></component>"
    many = "".join(one.format(i) for i in range(20_000))
    text = f'<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><components>{many}</components></bom>'
    assert of(tmp_path, "a.xml", text).readings[0].records == 20_000


@pytest.mark.parametrize("before", ["<?ml version='1.0'?>", "<!-- made by hand -->"])
def test_what_stands_before_the_root_is_passed_over(tmp_path: Path, before: str) -> None:
    inner = '<components><component type="library"><name>a</name></component></components>'
    bom = f'<bom xmlns="http://cyclonedx.org/schema/bom/1.6">{inner}</bom>'
    assert of(tmp_path, "a.xml", before + bom).readings[0].records == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(FILES)), st.integers(0, 1200), st.binary(max_size=6), st.integers(0, 30))
def test_any_change_is_read_or_refused(tmp_path: Path, name: str, at: int, new: bytes, cut: int) -> None:
    text = FILES[name].encode()
    survives(tmp_path / "a.json", text[:at] + new + text[at + cut :], READER_OF[name])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted({*READER_OF.values(), "osv", "csaf", "vex", "mithridate"})), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path: Path, reader: str, content: bytes) -> None:
    survives(tmp_path / "a.json", content, reader)


def test_every_reader_here_is_registered_once() -> None:
    names = [r.name for r in READERS]
    assert len(names) == len(set(names))
    assert {*READER_OF.values(), "osv", "csaf", "vex", "mithridate"} <= set(names)
