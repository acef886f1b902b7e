import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from mithridate.model.run import RunReport
from mithridate.report.json_v1 import JsonWriter

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "results-v1.schema.json"


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return read


def rendered(report: RunReport) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(JsonWriter().render(report))
    return read


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, *strings(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def objects(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from objects(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from objects(inner)


def test_every_run_is_valid_by_the_published_schema(schema: dict[str, Any], report: RunReport, empty_report: RunReport) -> None:
    validator = Draft202012Validator(schema)
    for run in (report, empty_report):
        assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(rendered(run))] == []


def test_the_schema_itself_is_valid_strict_and_described(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    found = list(objects(schema))
    assert len(found) > 15
    for thing in found:
        assert thing["additionalProperties"] is False
        assert set(thing["required"]) == set(thing["properties"])
        for name, field in thing["properties"].items():
            assert "$ref" in field or field.get("description"), name


def test_an_undocumented_field_breaks_the_contract(schema: dict[str, Any], report: RunReport) -> None:
    document = rendered(report)
    document["findings"][0]["proofs"][0]["surprise"] = 1
    assert not Draft202012Validator(schema).is_valid(document)


@pytest.mark.parametrize(("where", "fields"), [
    ((), {"version", "run", "project", "toolchain", "findings", "leads", "entry_points", "skipped", "cost"}),
    (("findings", 0), {"id", "title", "cwe", "status", "severity", "control", "location", "stack", "entry_point", "proofs"}),
    (("findings", 0), {"patch"}),
    (("findings", 0, "severity"), {"cvss", "vector", "why"}),
    (("findings", 0, "control"), {"tier", "evidence"}),
    (("findings", 0, "location"), {"file", "line", "function"}),
    (("findings", 0, "proofs", 0), {"bundle", "fired", "replays", "size", "controls"}),
    (("entry_points", 0), {"id", "language", "kind", "engine", "executions", "coverage", "residual_risk"}),
    (("skipped", 0), {"what", "reason"}),
    (("cost",), {"cpu_s", "wall_s", "model_tokens", "model_eur"}),
])  # fmt: skip
def test_the_fields_that_the_design_promises_are_there(report: RunReport, where: tuple[str | int, ...], fields: set[str]) -> None:
    part: Any = rendered(report)
    for step in where:
        part = part[step]
    assert fields <= set(part)


def test_nothing_is_lost_or_counted_twice(report: RunReport) -> None:
    document = rendered(report)
    assert [f["id"] for f in document["findings"]] == [f.id for f in sorted(report.findings, key=lambda f: -f.severity.cvss)]
    assert sum(len(f["proofs"]) for f in document["findings"]) == sum(len(f.proofs) for f in report.findings)
    assert len(document["flaky"]) == len(report.flaky)
    assert len(document["skipped"]) == len(report.skipped)
    assert [e["executions"] for e in document["entry_points"]] == [e.executions for e in report.entry_points]


def test_a_flaky_candidate_is_not_among_the_findings(report: RunReport) -> None:
    document = rendered(report)
    assert document["flaky"][0]["fired"] < document["flaky"][0]["replays"]
    proved = {p["input"] for f in document["findings"] for p in f["proofs"]}
    assert document["flaky"][0]["input"] not in proved
    assert all(p["fired"] == p["replays"] for f in document["findings"] for p in f["proofs"])


def test_paths_are_relative_to_the_project_and_to_the_output(report: RunReport) -> None:
    for finding in rendered(report)["findings"]:
        assert not finding["location"]["file"].startswith("/")
        assert all(p["bundle"].startswith("proofs/") for p in finding["proofs"])
        own = [f for f in finding["stack"] if f["origin"] != "system"]
        assert own and not any(f["file"].startswith("/") for f in own)


@pytest.mark.parametrize("stored", ["/srv/out/proofs/a.proof", "/elsewhere/a.proof", "proofs/a.proof"])
def test_a_bundle_is_named_relative_to_the_output_directory(report: RunReport, stored: str) -> None:
    finding = report.findings[0]
    moved = replace(finding, proofs=(replace(finding.proofs[0], bundle=stored),))
    assert rendered(replace(report, findings=(moved,)))["findings"][0]["proofs"][0]["bundle"] == "proofs/a.proof"


def test_the_same_run_gives_the_same_bytes(sample: ModuleType) -> None:
    first, second = sample.report(), replace(sample.report(), toolchain=dict(reversed(sample.report().toolchain.items())))
    assert JsonWriter().render(first) == JsonWriter().render(second)


def test_hostile_names_survive_as_data(report: RunReport, sample: ModuleType) -> None:
    text = JsonWriter().render(report)
    assert text.isascii()
    held = set(strings(json.loads(text)))
    assert sample.HOSTILE["script"] in held
    assert sample.HOSTILE["bidi"] in held
    assert any("caf\\xe9\\xff.c" in s for s in held)
    for s in held:
        s.encode("utf-8")


def test_only_the_engine_that_did_most_is_the_engine(report: RunReport) -> None:
    by_id = {e["id"]: e for e in rendered(report)["entry_points"]}
    assert by_id["fuzz/pixview_fuzzer"]["engine"] == "libfuzzer"
    assert [t["engine"] for t in by_id["fuzz/pixview_fuzzer"]["engines"]] == ["libfuzzer", "afl++"]
    assert next(e for e in by_id.values() if not e["engines"])["engine"] is None
