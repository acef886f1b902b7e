"""What is proved, and whether its patch lies ready."""

import json
from pathlib import Path
from typing import Any

import pytest

from mithridate.estate.asking import Estate
from mithridate.estate.facts import FactBase
from mithridate.estate.identity import identify
from mithridate.estate.matching import match
from mithridate.estate.readers import registry
from mithridate.estate.rules.rulebase import own_pack
from mithridate.model.estate import Answer, GoalState, Question
from tests.estate.small import derived, fired, packs

SHOP = """
zone(zone:internet)
zone(zone:dmz)
in_zone(host:web, zone:dmz)
allow(zone:internet, zone:dmz, tcp, 443, 443)
service(host:web, software:shop, tcp, 443, account:www)
vulnerable(host:web, software:shop, vulnerability:V1)
awaits_patch(vulnerability:V1, remote, code)
exploit(vulnerability:V1, 1)
vulnerable(host:web, software:shop, vulnerability:V2)
awaits_patch(vulnerability:V2, remote, read)
exploit(vulnerability:V2, 2)
control(vulnerability:V1, 5)
proof_of(vulnerability:V1, proofs/1.proof)
control(vulnerability:V2, 3)
proof_of(vulnerability:V2, proofs/2.proof)
holds(host:web, data:orders)
"""
UNPATCHED = SHOP.replace("awaits_patch(", "proved(")
RULES = packs(["network", "software"])


def test_a_proved_flaw_whose_patch_waits_is_used() -> None:
    for text in (SHOP, UNPATCHED):
        atoms = derived(RULES, text, "zone:internet")
        assert {"code(host:web, account:www)", "reads_from(host:web)", "reached(data:orders)"} <= atoms


def test_every_rule_can_be_applied() -> None:
    names = fired(RULES, SHOP, "zone:internet") | fired(RULES, UNPATCHED, "zone:internet")
    assert names >= {r.name for r in own_pack("software").rules}


@pytest.mark.parametrize(
    "line",
    [
        "vulnerable(host:web, software:shop, vulnerability:V1)",
        "awaits_patch(vulnerability:V1, remote, code)",
        "exploit(vulnerability:V1, 1)",
        "control(vulnerability:V1, 5)",
        "proof_of(vulnerability:V1, proofs/1.proof)",
        "allow(zone:internet, zone:dmz, tcp, 443, 443)",
    ],
)
def test_a_missing_premise_gives_nothing(line: str) -> None:
    assert line in SHOP
    assert "code(host:web, account:www)" not in derived(RULES, SHOP.replace(line + "\n", ""), "zone:internet")


HAND = """
estate: 1
zones: {internet: {reaches: [{zone: dmz, ports: 443}]}, dmz: {}}
hosts: {web: {zones: [dmz], services: [{software: shop 2.1, port: 443, account: www}]}}
"""
BILL = {
    "bomFormat": "CycloneDX",
    "metadata": {"component": {"name": "shop", "version": "2.1"}},
    "components": [{"name": "Parcel", "version": "1.0", "purl": "pkg:generic/parcel@1.0"}],
}


def results(tier: int, status: str | None) -> dict[str, Any]:
    patch = {"status": status} if status else None
    finding = {"id": "M-1", "title": "Overflow", "status": "proved", "control": {"tier": tier}, "patch": patch}
    finding["proofs"] = [{"bundle": "proofs/M-1.proof"}]
    return {"version": 1, "run": "r", "project": {"name": "parcel"}, "findings": [finding]}


def asked(folder: Path, *documents: dict[str, Any], patched: bool = False, without: tuple[str, ...] = ()) -> Answer:
    """Ask for the way to the host, with a hand-made estate, a bill of materials and some results."""
    (folder / "hand.yaml").write_text(HAND)
    (folder / "shop.json").write_text(json.dumps(BILL))
    paths = [folder / "hand.yaml", folder / "shop.json"]
    for number, document in enumerate(documents):
        paths.append(folder / f"results{number}.json")
        paths[-1].write_text(json.dumps(document))
    with FactBase(RULES, memory_bytes=256 << 20, threads=1) as base:
        for path in paths:
            registry.read(path, base)
        identity = identify(base)
        match(base, patched=patched, same=identity.same)
        base.freeze(identity.same)
        question = Question(starts=("zone:internet",), goals=("host:web",), without=without, seconds=5)
        return Estate(base, starts=("zone:internet",)).ask(question)


def test_a_flaw_that_is_proved_in_a_component_leads_to_the_host(tmp_path: Path) -> None:
    (goal,) = asked(tmp_path, results(5, None)).goals
    assert goal.state is GoalState.REACHED
    assert goal.cost == 1
    (step,) = [s for s in goal.paths[0].steps if s.rule == "proved-code"]
    assert "parcel M-1: Overflow, proved by proofs/M-1.proof with control tier 5 of 5" in step.sentence
    sources = {Path(e.source).name for s in goal.paths[0].steps for f in s.facts for e in f.evidence}
    assert {"results0.json", "shop.json", "hand.yaml"} <= sources


@pytest.mark.parametrize("tier", [1, 2])
def test_a_flaw_that_only_stops_the_program_leads_nowhere(tmp_path: Path, tier: int) -> None:
    assert asked(tmp_path, results(tier, None)).goals[0].state is GoalState.UNREACHED


def test_when_the_patch_is_validated_deploying_it_is_an_action_and_the_path_is_gone(tmp_path: Path) -> None:
    before, after = results(4, None), results(4, "validated")
    assert "Deploy the validated patch" not in str(asked(tmp_path, before).cut.actions)
    answer = asked(tmp_path, before, after)
    assert answer.goals[0].state is GoalState.REACHED  # a patch that waits protects nobody
    (action,) = answer.cut.actions
    assert action.sentence in (
        "Deploy the validated patch of vulnerability:parcel M-1: Overflow",
        "Patch software:shop 2.1 on host:web",
    )
    deployed = "Deploy the validated patch of vulnerability:parcel M-1: Overflow"
    assert asked(tmp_path, before, after, without=(deployed,)).goals[0].state is GoalState.UNREACHED
    assert asked(tmp_path, before, after, patched=True).goals[0].state is GoalState.UNREACHED


@pytest.mark.parametrize("status", ["proposed", "plausible"])
def test_a_patch_that_did_not_pass_the_gate_changes_nothing(tmp_path: Path, status: str) -> None:
    answer = asked(tmp_path, results(4, status), patched=True)
    assert answer.goals[0].state is GoalState.REACHED
    assert not any("Deploy" in a.sentence for a in answer.cut.actions)
