"""From files to an answer: what several files tell together reaches it."""

from datetime import timedelta
from pathlib import Path

import pytest

from mithridate.model.estate import Answer, Question
from mithridate.policy.scope import SCOPE_FILE, Attestation, Scope, attestation_sentence, current_day, write
from mithridate.stages import estate

FILES = {
    "hand.yaml": """estate: 1
zones: {internet: {reaches: [{zone: dmz, ports: 443}]}, dmz: {}}
hosts:
  web01:
    zones: [dmz]
    addresses: [192.0.2.7]
    services: [{software: nginx 1.18, port: 443, account: www}]
    vulnerabilities: [{software: nginx 1.18, id: CVE-2021-23017, how: remote, gives: code, cost: 3}]
""",
    "identifier.csv": "node,kind,value\nhost:192.0.2.7,ip,192.0.2.7\n"
    + "".join(f"host:db,sid,S-1-5-21-1-2-3-{n}\n" for n in (4, 5)),
    "deployed.csv": "host,bill\nhost:web01,sbom:shop\n",
    "component.csv": "bill,software\n"
    + "".join(f"sbom:shop,software:pkg:pypi/{p}\n" for p in ("parcel@1.0", "sealed@2.0", "strange@one!two")),
    "affected.csv": "flaw,package,versions\n"
    + "vulnerability:CVE-1,pkg:pypi/parcel,vers:pypi/<1.2\n"
    + "vulnerability:CVE-2,pkg:pypi/sealed,vers:pypi/<3\n"
    + "vulnerability:CVE-3,pkg:pypi/strange,vers:pypi/<3\n",
    "vex.csv": "flaw,product,component,status,time\nvulnerability:CVE-2,pkg:pypi/sealed@2.0,any,not_affected,1\n",
}


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    folder = tmp_path_factory.mktemp("joined") / "estate"
    folder.mkdir()
    home = folder.parent / "home"
    home.mkdir()
    today = current_day()
    attestation = Attestation(sentence=attestation_sentence("the tests", folder), attested_by="the tests", date=today)
    scope = Scope(owner="the tests", path=folder, until=today + timedelta(days=1), attestation=attestation)
    write(scope, folder / SCOPE_FILE)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    question = Question(starts=("zone:internet",), goals=("host:web01",))
    return estate.ask(estate.EstateOptions(files=(str(folder),), threads=1), question, None, home)


def test_nodes_that_are_one_are_told_with_their_reason_and_sources(answer: Answer) -> None:
    identity = answer.summary.identity
    assert [m.sentence for m in identity.merges] == ["host:web01 is also host:192.0.2.7 (ip 192.0.2.7)"]
    assert {Path(e.source).name for e in identity.merges[0].evidence} == {"hand.yaml", "identifier.csv"}
    assert identity.merged == 1


def test_what_contradicts_itself_is_told(answer: Answer) -> None:
    assert [c.sentence for c in answer.summary.identity.conflicts] == [
        "host:db has more than one sid, and is not taken as any other node"
    ]


def test_flaws_decided_and_undecided_are_told(answer: Answer) -> None:
    matching = answer.summary.matching
    assert (matching.decided, matching.kept, matching.undecided) == (2, 1, 1)
    gone, kept = matching.decisions
    assert (gone.vulnerability, gone.kept) == ("vulnerability:CVE-2", False)
    assert gone.reason.startswith("it is stated to be not affected")
    assert (kept.vulnerability, kept.kept, kept.hosts) == ("vulnerability:CVE-1", True, 1)
    assert matching.incomparable[0].startswith("pkg:pypi/strange: ")
