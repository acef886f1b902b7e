"""MulVAL's input."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mithridate.estate.readers import mulval, prolog_clauses
from mithridate.model.errors import UsageError
from tests.estate.readers.reading import read, survives

INPUT = """% an input
attackerLocated(outside). attackGoal(execCode(web, _)).
/* two
   lines */
hacl(outside, web, tcp, 80).
hacl(web, _, _, 22).
hacl(H, H, _, _).
networkServiceInfo(web, 'http server', tcp, 80, www).
networkServiceInfo(db, sshd, tcp, 22, root).
vulExists(web, 'CVE-1', 'http server').
vulProperty('CVE-1', remoteExploit, privEscalation).
cvss('CVE-1', h).
bugHyp(db, sshd, remoteExploit, privEscalation).
inCompetent(X) :- hasAccount(X, H, _), careless(H).
hasAccount(ann, web, ann). careless(web).
localFileProtection(web, www, Access, '/srv').
colour(web, blue).
:- dynamic(nothing).
"""
PAIRS = ("tcp, 22", "tcp, 80", "httpProtocol, httpPort", "nfsProtocol, nfsPort")
UNKNOWN = "vulnerability:a flaw that nobody knows in sshd on db"


def written(folder: Path, text: str) -> Path:
    (folder / "input.P").write_text(text)
    return folder / "input.P"


def test_variables_stand_for_what_the_file_names(tmp_path: Path) -> None:
    found = read([written(tmp_path, INPUT)])
    assert found.told == {
        "tag(host:outside, attackerLocated)",
        "tag(goal:execCode(web, _), attackGoal)",
        "wants_code(goal:execCode(web, _), host:web)",
        "hacl(host:outside, host:web, tcp, 80)",
        *(f"hacl(host:web, host:{h}, tcp, 22)" for h in ("outside", "web", "db")),
        *(f"hacl(host:{h}, host:{h}, {p})" for h in ("outside", "web", "db") for p in PAIRS),
        "networkServiceInfo(host:web, software:http server, tcp, 80, account:www)",
        "networkServiceInfo(host:db, software:sshd, tcp, 22, account:root)",
        "vulExists(host:web, vulnerability:CVE-1, software:http server)",
        "vulProperty(vulnerability:CVE-1, remoteExploit, privEscalation)",
        "exploit(vulnerability:CVE-1, 10)",
        f"vulExistsAs(host:db, {UNKNOWN}, software:sshd, remoteExploit, privEscalation)",
        f"exploit({UNKNOWN}, 40)",
        "inCompetent(principal:ann)",
        "hasAccount(principal:ann, host:web, account:ann)",
        *(f"localFileProtection(host:web, account:www, {a}, /srv)" for a in ("read", "write")),
    }
    assert found.readings[0].reader == "mulval"
    assert found.places("exploit(vulnerability:CVE-1, 10)") == [12]
    assert found.places("inCompetent(principal:ann)") == [14]
    assert [place for place, _ in found.broken] == [17]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hacl(a, b, tcp", "the text ends within a clause"),
        ("hacl(a, b; c, tcp, 1).", "the arguments of hacl do not end"),
        ("hacl(a) :- \\+ b(c).", "is not understood here"),
        ("attackGoal(dos(a)).", "a goal that no rule gives"),
        ("hacl(f(a), b, tcp, 1).", "a term where a constant is wanted"),
        ("hacl(X, Y, tcp, 1) :- near(f(X), Y).", "terms in terms"),
        ("near(_, a). hacl(X, a, tcp, 1) :- near(X, a).", "do not see this fact"),
        ("x(" * 200 + "a" + ")" * 200 + ".", "nested too deeply"),
        ("hacl(a, b).", "no rule knows hacl with 2 arguments"),
    ],
)
def test_what_is_not_understood_is_told(tmp_path: Path, text: str, said: str) -> None:
    found = read([written(tmp_path, "attackerLocated(a).\n" + text)])
    assert [place for place, reason in found.broken if said in reason] == [2], found.broken
    assert "tag(host:a, attackerLocated)" in found.told


def test_variables_that_stand_for_too_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mulval, "MOST_FACTS", 1000)
    text = "hacl(_, _, _, _).\n" + "\n".join(f"attackerLocated(h{i})." for i in range(50))
    with pytest.raises(UsageError, match="stand for more than 1,000"):
        read([written(tmp_path, text)])


def test_rules_that_take_too_long_are_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prolog_clauses, "MOST_STEPS", 1000)
    text = "hacl(A, B, tcp, 1) :- p(A), p(B), p(C), q(A, B, C).\n" + "\n".join(f"p(h{i})." for i in range(30))
    assert "not evaluated to their end" in read([written(tmp_path, text)], reader="mulval").broken[0][1]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(INPUT)), st.binary(max_size=8), st.integers(0, 40))
def test_any_change_is_read_or_refused(tmp_path: Path, at: int, new: bytes, cut: int) -> None:
    content = INPUT.encode()
    survives(tmp_path / "input.P", content[:at] + new + content[at + cut :], "mulval")
