"""Advisories and statements: what they say of versions, and what becomes of hosts that carry them."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.model.errors import UsageError
from tests.estate.readers.reading import Read, read, survives

BILL: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
    "metadata": {
        "component": {"name": "shop", "version": "2.1", "purl": "pkg:oci/shop@sha256%3Aaa"},
        "properties": [{"name": "mithridate:host", "value": "web01"}],
    },
    "components": [
        {"name": "acme-web", "version": "1.1.0", "purl": "pkg:pypi/acme-web@1.1.0", "bom-ref": "c1"},
        {"name": "acme-core", "version": "3.0.4", "purl": "pkg:npm/%40acme/core@3.0.4"},
        {
            "name": "libacme1",
            "version": "1.2-3",
            "purl": "pkg:deb/debian/libacme1@1.2-3?arch=amd64&distro=debian-12&upstream=acme",
        },
        {"name": "acmed", "version": "8.2p1", "cpe": "cpe:2.3:a:acme:acmed:8.2:p1:*:*:*:*:*:*"},
    ],
}
OSV: dict[str, Any] = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "modified": "2024-01-01T00:00:00Z",
    "aliases": ["CVE-2024-0001"],
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Acme_Web"},
            "ranges": [
                {"type": "GIT", "events": [{"introduced": "0"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}]},
            ],
        }
    ],
}
CSAF: dict[str, Any] = {
    "document": {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "tracking": {"current_release_date": "2024-05-01T00:00:00Z"},
    },
    "product_tree": {
        "branches": [
            {
                "category": "vendor",
                "name": "Acme",
                "branches": [
                    {
                        "category": "product_name",
                        "name": "acmed",
                        "branches": [
                            {
                                "category": "product_version_range",
                                "name": "vers:generic/<8.5p1",
                                "product": {
                                    "product_id": "P1",
                                    "name": "acmed before 8.5p1",
                                    "product_identification_helper": {"cpe": "cpe:2.3:a:acme:acmed:*:*:*:*:*:*:*:*"},
                                },
                            }
                        ],
                    }
                ],
            }
        ],
        "full_product_names": [
            {"product_id": "SHOP", "name": "shop", "product_identification_helper": {"purl": "pkg:oci/shop@sha256%3Aaa"}},
            {"product_id": "WEB", "name": "web", "product_identification_helper": {"purl": "pkg:pypi/acme-web@1.1.0"}},
        ],
        "relationships": [
            {
                "category": "default_component_of",
                "product_reference": "WEB",
                "relates_to_product_reference": "SHOP",
                "full_product_name": {"product_id": "SHOP:WEB", "name": "web in shop"},
            }
        ],
    },
    "vulnerabilities": [
        {
            "cve": "CVE-2024-0002",
            "product_status": {"known_affected": ["P1"]},
            "scores": [{"cvss_v3": {"vectorString": "CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:H/I:N/A:N"}, "products": ["P1"]}],
        },
        {"cve": "CVE-2024-0001", "product_status": {"known_not_affected": ["SHOP:WEB"]}},
    ],
}


def vex(
    status: str, product: str, component: str = "", when: str = "2024-02-01T00:00:00Z", flaw: str = "CVE-2024-0001"
) -> dict[str, Any]:
    inner = {"subcomponents": [{"@id": component}]} if component else {}
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "timestamp": when,
        "statements": [{"vulnerability": {"name": flaw}, "products": [{"@id": product, **inner}], "status": status}],
    }


def of(tmp_path: Path, **documents: Any) -> Read:
    """Read each document as NAME.json."""
    paths = []
    for name, document in documents.items():
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(document if isinstance(document, str) else json.dumps(document))
    return read(paths)


def flaws(found: Read) -> set[tuple[str, str, str]]:
    return {tuple(map(str, f.terms)) for f in found.facts if f.predicate == "vulnerable"}  # type: ignore[misc]


WEB, CORE = "software:pkg:pypi/acme-web@1.1.0", "software:pkg:npm/%40acme/core@3.0.4"
SHOP = "software:pkg:oci/shop@sha256:aa"
ONE = "vulnerability:CVE-2024-0001"


def test_a_version_in_the_range_of_an_advisory_is_a_flaw_of_host_component_and_product(tmp_path: Path) -> None:
    for order in (("bill", "osv"), ("osv", "bill")):
        found = of(tmp_path, **{name: {"bill": BILL, "osv": OSV}[name] for name in order})
        alias = "vulnerability:GHSA-aaaa-bbbb-cccc"
        assert flaws(found) == {("host:web01", WEB, alias), ("host:web01", SHOP, alias)}
        assert {f"grants({alias}, remote, code)", f"exploit({alias}, 6)"} <= found.told
        (fact,) = [f for f in found.facts if f.predicate == "vulnerable" and f.terms[1] == WEB]
        assert {(Path(e.source).name, e.place, e.confidence.word) for e in fact.evidence} == {
            ("bill.json", 1, "inferred"),
            ("osv.json", 1, "inferred"),
        }
        assert "version 1.1.0 is within vers:pypi/<1.2.0" in {d.reason for d in found.matching.decisions}


def test_a_version_outside_of_the_range_is_no_flaw(tmp_path: Path) -> None:
    fixed = json.loads(json.dumps(OSV).replace('"1.2.0"', '"1.1.0"'))
    assert flaws(of(tmp_path, bill=BILL, osv=fixed)) == set()
    withdrawn = {**OSV, "withdrawn": "2024-03-01T00:00:00Z"}
    assert flaws(of(tmp_path, bill=BILL, osv=withdrawn)) == set()


def test_an_advisory_of_a_distribution_counts_for_its_release_and_its_source_package(tmp_path: Path) -> None:
    def advisory(release: str) -> dict[str, Any]:
        events = [{"introduced": "0"}, {"fixed": "1.2-4"}]
        affected = [
            {"package": {"ecosystem": f"Debian:{release}", "name": "acme"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
        ]
        return {"id": "DSA-1-1", "modified": "2024-01-01T00:00:00Z", "affected": affected}

    library = "software:pkg:deb/debian/libacme1@1.2-3?distro=debian-12"
    assert ("host:web01", library, "vulnerability:DSA-1-1") in flaws(of(tmp_path, bill=BILL, osv=advisory("12")))
    assert flaws(of(tmp_path, bill=BILL, osv=advisory("11"))) == set()
    silent = json.loads(json.dumps(BILL).replace("&distro=debian-12", ""))
    found = of(tmp_path, bill=silent, osv=advisory("12"))
    assert flaws(found) == set()
    assert found.matching.undecided == 1
    assert "names no release" in found.matching.incomparable[0]


def test_csaf_says_what_is_affected_by_cpe_and_what_is_not_in_a_product(tmp_path: Path) -> None:
    two = "vulnerability:CVE-2024-0002"
    found = of(tmp_path, bill=BILL, csaf=CSAF, osv=OSV)
    assert flaws(found) == {("host:web01", "software:acmed 8.2p1", two), ("host:web01", SHOP, two)}
    assert {f"grants({two}, remote, read)", f"exploit({two}, 13)"} <= found.told
    removed = [d for d in found.matching.decisions if not d.kept]
    assert [(d.vulnerability, d.software, d.hosts) for d in removed] == [(ONE, WEB, 1)]
    assert removed[0].reason.startswith("it is stated to be not affected in pkg:oci/shop")
    assert {Path(e.source).name for e in removed[0].evidence} == {"csaf.json", "osv.json"}


@pytest.mark.parametrize(
    ("statements", "stays"),
    [
        ([vex("not_affected", "pkg:pypi/acme-web@1.1.0")], False),
        ([vex("fixed", "pkg:pypi/acme-web@1.1.0")], False),
        ([vex("not_affected", "pkg:pypi/acme-web")], False),
        ([vex("not_affected", "pkg:pypi/acme-web@1.0.0")], True),
        ([vex("not_affected", "pkg:npm/acme-web@1.1.0")], True),
        ([vex("not_affected", "pkg:pypi/acme-web@1.1.0", flaw="CVE-2024-9999")], True),
        ([vex("not_affected", "pkg:pypi/acme-web@1.1.0", flaw="GHSA-aaaa-bbbb-cccc")], False),
        ([vex("under_investigation", "pkg:pypi/acme-web@1.1.0")], True),
        ([vex("not_affected", "pkg:oci/shop@sha256:aa")], False),
        ([vex("not_affected", "pkg:oci/shop@sha256:aa", "pkg:pypi/acme-web@1.1.0")], False),
        ([vex("not_affected", "pkg:oci/shop@sha256:aa", "pkg:npm/%40acme/core@3.0.4")], True),
        ([vex("not_affected", "pkg:oci/other@1", "pkg:pypi/acme-web@1.1.0")], True),
        ([vex("not_affected", "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79", "c1")], False),
        # The later statement counts; of a component in the product before the component anywhere.
        (
            [
                vex("affected", "pkg:pypi/acme-web@1.1.0"),
                vex("not_affected", "pkg:pypi/acme-web@1.1.0", when="2024-03-01T00:00:00Z"),
            ],
            False,
        ),
        (
            [
                vex("not_affected", "pkg:pypi/acme-web@1.1.0"),
                vex("affected", "pkg:pypi/acme-web@1.1.0", when="2024-03-01T00:00:00Z"),
            ],
            True,
        ),
        ([vex("affected", "pkg:pypi/acme-web@1.1.0"), vex("not_affected", "pkg:pypi/acme-web@1.1.0")], True),
        (
            [
                vex("not_affected", "pkg:oci/shop@sha256:aa", "pkg:pypi/acme-web"),
                vex("affected", "pkg:pypi/acme-web@1.1.0", when="2025-01-01T00:00:00Z"),
            ],
            False,
        ),
    ],
)
def test_statements_decide_whether_a_flaw_stays(tmp_path: Path, statements: list[dict[str, Any]], stays: bool) -> None:
    found = of(tmp_path, bill=BILL, osv=OSV, **{f"vex{i}": s for i, s in enumerate(statements)})
    assert (WEB in {software for _, software, _ in flaws(found)}) == stays
    assert all(d.kept for d in found.matching.decisions if d.software == WEB) == stays


def test_a_statement_alone_makes_a_flaw(tmp_path: Path) -> None:
    found = of(tmp_path, bill=BILL, vex=vex("affected", "pkg:npm/%40acme/core@3.0.4"))
    assert flaws(found) == {("host:web01", CORE, ONE), ("host:web01", SHOP, ONE)}


def test_a_statement_withdraws_what_a_scanner_says_of_a_host(tmp_path: Path) -> None:
    hand = tmp_path / "hand.yaml"
    hand.write_text(
        "estate: 1\nhosts:\n  db01:\n    services: [{software: 'software:pkg:pypi/acme-web@1.1.0', port: 80}]\n"
        "    vulnerabilities: [{software: 'software:pkg:pypi/acme-web@1.1.0', id: CVE-2024-0001, how: remote, gives: code}]\n"
    )
    assert ("host:db01", WEB, ONE) in flaws(read([hand]))
    (tmp_path / "vex.json").write_text(json.dumps(vex("fixed", "pkg:pypi/acme-web@1.1.0")))
    found = read([hand, tmp_path / "vex.json"])
    assert flaws(found) == set()
    assert [(d.kept, d.hosts) for d in found.matching.decisions] == [(False, 1)]


def test_software_that_no_bill_lists_is_matched_by_its_cpe(tmp_path: Path) -> None:
    hand = tmp_path / "hand.yaml"
    hand.write_text(
        "estate: 1\nhosts: {db01: {services: [{software: acmed 8.2, port: 22}]}}\n"
        "facts: ['identifier(software:acmed 8.2, cpe, cpe:/a:acme:acmed:8.2:p1)']\n"
    )
    (tmp_path / "csaf.json").write_text(json.dumps(CSAF))
    assert flaws(read([hand, tmp_path / "csaf.json"])) == {("host:db01", "software:acmed 8.2", "vulnerability:CVE-2024-0002")}


def test_many_advisories_come_as_lines_as_a_list_or_as_a_zip(tmp_path: Path) -> None:
    many = [{**OSV, "id": f"GHSA-{i}", "aliases": []} for i in range(3)]
    (tmp_path / "many.jsonl").write_text(
        "\n".join([json.dumps(many[0]), "", "{broken", json.dumps(many[1]), json.dumps(many[2])])
    )
    (tmp_path / "many.json").write_text(json.dumps(many))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for one in many:
            archive.writestr(f"{one['id']}.json", json.dumps(one))
    content = (tmp_path / "all.zip").read_bytes()
    (tmp_path / "all.zip").write_bytes(content.replace(b"GHSA-2.json", b"\0HSA-2.json"))  # has no name
    for name in ("many.jsonl", "many.json", "all.zip"):
        found = read([tmp_path / name])
        assert found.readings[0].reader == "osv"
        assert found.readings[0].records == 3 - (name == "all.zip")
        assert len({f for f in found.told if f.startswith("affected(")}) == found.readings[0].records
    assert read([tmp_path / "many.jsonl"]).broken[0][0] == 3


def test_half_a_character_breaks_its_record_alone(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({**OSV, "id": "GHSA-\ud800"}) + "\n" + json.dumps(OSV))
    found = read([tmp_path / "a.jsonl"])
    assert {(place, reason.split(" in ")[0]) for place, reason in found.broken} == {(1, "half a character")}
    assert "identifier(vulnerability:GHSA-aaaa-bbbb-cccc, cve, CVE-2024-0001)" in found.told


def test_long_lists_of_versions_become_several_facts(tmp_path: Path) -> None:
    versions = [f"1.{i}.0" for i in range(400)]
    one = {**OSV, "affected": [{"package": {"ecosystem": "PyPI", "name": "acme-web"}, "versions": versions}]}
    assert ("host:web01", WEB, "vulnerability:GHSA-aaaa-bbbb-cccc") in flaws(of(tmp_path, bill=BILL, osv=one))


def test_a_zip_that_unpacks_to_gigabytes_costs_nothing(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("GHSA-1.json", "w") as file:
            for _ in range(200):
                file.write(b" " * (1 << 20))
        archive.writestr("GHSA-2.json", json.dumps(OSV))
    found = read([tmp_path / "bomb.zip"])
    assert found.broken == [(1, "an advisory of more than 8 MiB")]
    assert found.readings[0].records == 1


def test_a_product_that_consists_of_itself_is_no_end(tmp_path: Path) -> None:
    turning = json.loads(json.dumps(CSAF))
    turning["product_tree"]["relationships"][0]["product_reference"] = "SHOP:WEB"
    assert of(tmp_path, bill=BILL, csaf=turning).broken[-1][1].endswith("consists of parts without end")


@pytest.mark.parametrize(
    ("vector", "gives", "cost"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", ("remote", "code"), 6),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:H", ("remote", "code"), 3),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", ("client", "code"), 6),
        ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", ("local", "root"), 9),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", ("remote", "read"), 6),
        ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", ("remote", "code"), 10),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", ("remote", "code"), 6),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", None, 6),
        ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None, 6),
        ("nonsense", None, None),
    ],
)
def test_a_vector_says_how_a_flaw_is_used(tmp_path: Path, vector: str, gives: tuple[str, str] | None, cost: int | None) -> None:
    found = of(tmp_path, osv={**OSV, "severity": [{"type": "CVSS_V3", "score": vector}]})
    flaw = "vulnerability:GHSA-aaaa-bbbb-cccc"
    assert {f for f in found.told if f.startswith("grants(")} == ({f"grants({flaw}, {gives[0]}, {gives[1]})"} if gives else set())
    assert {f for f in found.told if f.startswith("exploit(")} == ({f"exploit({flaw}, {cost})"} if cost else set())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"csaf_version": "2.0", "document": {"csaf_version": "1.9"}}', "is no CSAF document"),
        ('{"@context": "https://openvex.dev/ns", "statements": [', "is no JSON"),
        ('{"affected": [' + "[" * 100_000 + ', "modified": "", "id": ""', "recognises|nested more than"),
    ],
)
def test_hostile_documents_are_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UsageError, match=said):
        read([tmp_path / "a.json"])


_DOCUMENTS = {"osv": OSV, "csaf": CSAF, "vex": vex("affected", "pkg:oci/shop@sha256:aa", "pkg:pypi/acme-web")}
_ODD: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just([]) | st.just({}) | st.just([[{}]])
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(_DOCUMENTS)), st.integers(0, 400), st.binary(max_size=6), st.integers(0, 30))
def test_any_change_of_bytes_is_read_or_refused(tmp_path: Path, reader: str, at: int, new: bytes, cut: int) -> None:
    text = json.dumps(_DOCUMENTS[reader]).encode()
    survives(tmp_path / "a.json", text[:at] + new + text[at + cut :], reader)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(_DOCUMENTS)), st.integers(0, 60), _ODD)
def test_any_value_may_stand_in_the_place_of_another(tmp_path: Path, reader: str, at: int, new: object) -> None:
    copy = json.loads(json.dumps(_DOCUMENTS[reader]))
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [copy]
    while waiting:
        one = waiting.pop()
        inside = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        for key, value in list(inside):
            places.append((one, key))
            waiting.append(value)
    holder, key = places[at % len(places)]
    holder[key] = new
    survives(tmp_path / "a.json", json.dumps(copy).encode(), reader)
