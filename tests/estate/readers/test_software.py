"""Bills of materials and our own results, together: a proved flaw is on every host that carries the component."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.model.errors import UsageError
from tests.estate.readers.reading import read, survives

BILL: dict[str, Any] = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "metadata": {
        "component": {"name": "shop", "version": "2.1", "type": "application"},
        "properties": [{"name": "mithridate:host", "value": "web02"}],
    },
    "components": [
        {"name": "Parcel", "version": "1.0", "purl": "pkg:generic/parcel@1.0"},
        {"name": "zlib", "version": "1.3", "cpe": "cpe:2.3:a:zlib:zlib:1.3:*:*:*:*:*:*:*"},
        {"version": "no name"},
    ],
}
RESULTS: dict[str, Any] = {
    "version": 1,
    "run": "r",
    "project": {"name": "parcel"},
    "findings": [
        {"id": "M-1", "title": "Overflow", "status": "proved", "control": {"tier": 4}, "patch": {"status": "validated"}},
        {"id": "M-2", "title": "Leak", "status": "proved", "control": {"tier": 3}, "patch": None},
        {"id": "M-3", "title": "Stop", "status": "proved", "control": {"tier": 1}, "patch": None},
        {"id": "M-4", "title": "Hash", "status": "observed", "control": {"tier": 4}, "patch": None},
    ],
}
HAND = "estate: 1\nhosts: {web01: {sboms: [shop.json]}}\n"
OVERFLOW = "vulnerability:parcel M-1: Overflow"


def files(tmp_path: Path, bill: object = BILL, results: object = RESULTS) -> list[Path]:
    (tmp_path / "shop.json").write_text(json.dumps(bill))
    (tmp_path / "results.json").write_text(json.dumps(results))
    (tmp_path / "hand.yaml").write_text(HAND)
    return [tmp_path / "shop.json", tmp_path / "results.json", tmp_path / "hand.yaml"]


def test_a_proved_flaw_is_on_every_host_that_carries_the_component(tmp_path: Path) -> None:
    found = read(files(tmp_path))
    for host in ("web01", "web02"):
        assert f"installed(host:{host}, software:zlib 1.3)" in found.told
        assert f"vulnerable(host:{host}, software:Parcel 1.0, {OVERFLOW})" in found.told
        assert f"vulnerable(host:{host}, software:shop 2.1, {OVERFLOW})" in found.told
    assert not any("zlib" in f for f in found.told if f.startswith("vulnerable("))
    assert {f"awaits_patch({OVERFLOW}, remote, code)", f"exploit({OVERFLOW}, 2)", f"control({OVERFLOW}, 4)"} <= found.told
    assert "proved(vulnerability:parcel M-2: Leak, remote, read)" in found.told
    assert not any(f.startswith("proved(vulnerability:parcel M-3") for f in found.told)
    assert not any("M-4" in f for f in found.told)
    assert found.broken == [(3, "KeyError: 'name'")]


def test_a_flaw_cites_both_the_bill_and_the_proof(tmp_path: Path) -> None:
    found = read(files(tmp_path))
    (fact,) = [f for f in found.facts if str(f) == f"vulnerable(host:web01, software:Parcel 1.0, {OVERFLOW})"]
    assert {(Path(e.source).name, e.place, e.confidence.word) for e in fact.evidence} == {
        ("shop.json", 1, "inferred"),
        ("results.json", 1, "inferred"),
    }


def test_a_validated_patch_takes_the_flaw_away_when_asked(tmp_path: Path) -> None:
    found = read(files(tmp_path), patched=True)
    assert not any(f.startswith("vulnerable(") and "M-1" in f for f in found.told)
    assert any(f.startswith("vulnerable(") and "M-2" in f for f in found.told)


def test_a_large_bill_is_streamed(tmp_path: Path) -> None:
    many = {**BILL, "components": [{"name": f"c{i}", "version": "1"} for i in range(20_000)]}
    (tmp_path / "shop.json").write_text(json.dumps(many))
    assert read([tmp_path / "shop.json"]).readings[0].records == 20_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"bomFormat": "CycloneDX", "components": [', "is no JSON"),
        ('{"bomFormat": "CycloneDX", "components": ' + "[" * 400 + "]" * 400 + "}", ""),
        ('{"bomFormat": "CycloneDX", "components": ' + "[" * 500000, "nested more than"),
        ('{"bomFormat": "CycloneDX", "x": 1e999999}', "is no JSON"),
    ],
)
def test_hostile_json_is_refused_or_read(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.json").write_text(text)
    if said:
        with pytest.raises(UsageError, match=said):
            read([tmp_path / "a.json"])
    else:
        assert read([tmp_path / "a.json"]).told == set()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["cyclonedx", "mithridate"]), st.integers(0, 400), st.binary(max_size=6), st.integers(0, 30))
def test_any_change_is_read_or_refused(tmp_path: Path, reader: str, at: int, new: bytes, cut: int) -> None:
    text = json.dumps(BILL if reader == "cyclonedx" else RESULTS).encode()
    survives(tmp_path / "a.json", text[:at] + new + text[at + cut :], reader)
