"""The bridge: a flaw proved in a project is a path to a crown jewel of the estate that runs it, until its patch is validated."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Reference
from tests.e2e.program import Mithridate, check_whole

ESTATE = """estate: 1
zones:
  internet: {}
  dmz: {reaches: [{zone: vault, ports: 5432}]}
  vault: {}
hosts:
  front01:
    zones: [dmz]
    services: [{software: front 1.0, port: 443, account: front}]
    sboms: [front.cdx.json]
  ledger01:
    zones: [vault]
    tags: [crown-jewel]
    services: [{software: ledger 3, port: 5432, account: ledger}]
    vulnerabilities: [{software: ledger 3, id: EXAMPLE-1, how: remote, gives: code, cost: 6}]
facts:
  - allow(zone:internet, zone:dmz, tcp, 443, 443)
"""
BILL = {
    "bomFormat": "CycloneDX",
    "metadata": {"component": {"name": "front", "version": "1.0"}},
    "components": [{"name": "notebook", "version": "0.9"}, {"name": "other", "version": "1"}],
}


def test_a_proved_flaw_opens_a_path_and_its_validated_patch_closes_it(after: Mithridate, patched: Reference) -> None:
    findings = check_whole(after.out)["findings"]
    assert [f["patch"]["status"] for f in findings] == ["validated"], patched.words

    estate = after.place / "estate"
    estate.mkdir()
    (estate / "estate.yaml").write_text(ESTATE)
    (estate / "front.cdx.json").write_text(json.dumps(BILL))
    alone = asked(after, estate, estate)
    assert alone["goals"][0]["state"] == "assumed"  # only if some software has a flaw that nobody knows

    results = json.loads((after.out / "results.json").read_text())
    # How far control goes depends on which proof the hunt came upon; that is tested elsewhere.
    results["findings"][0]["control"]["tier"] = 4
    (estate / "results.json").write_text(json.dumps(results))
    bridged = asked(after, estate, estate)
    (goal,) = bridged["goals"]
    assert goal["state"] == "reached"
    first, second = goal["paths"][0]["steps"]
    assert "software:front 1.0 on host:front01 has vulnerability:notebook" in first["sentence"]
    assert "host:ledger01" in second["sentence"]
    cited = {Path(e["source"]).name for f in first["facts"] for e in f["evidence"]}
    assert {"results.json", "front.cdx.json", "estate.yaml"} <= cited
    assert bridged["cut"]["cost"] == bridged["cut"]["lower_bound"] > 0

    mended = asked(after, estate, estate, "--patched", "--before", estate)
    assert mended["goals"][0]["state"] == "assumed"


def asked(mithridate: Mithridate, scoped: Path, files: Path, *options: str | Path) -> dict[str, Any]:
    """The answer as JSON; the certificate of its cut is checked."""
    if not (scoped / "mithridate.scope.toml").exists():
        mithridate.authorise(scoped)
    words = ("--from", "zone:internet", "--to", "tag:crown-jewel", "--format", "json", "--check")
    code, ended = mithridate.run("paths", files, *words, *options)
    assert code in (0, 10), ended.words
    made: dict[str, Any] = json.loads(ended.stdout.read_text())
    assert (code == 10) == any(g["state"] == "reached" for g in made["goals"])
    return made
