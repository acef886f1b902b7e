"""MulVAL's rules: the goals of its inputs, against the same rules written for clingo, which knows nothing of kinds or readers.

`MITHRIDATE_MULVAL=CHECKOUT` also takes every input (testcases/**/*.P) of a checkout of MulVAL.
"""

import os
import re
from pathlib import Path

import clingo
import numpy as np
import pytest

from mithridate.estate.facts import FactBase
from mithridate.estate.ground import ground
from mithridate.estate.readers import registry
from mithridate.estate.rules.rulebase import own_pack
from mithridate.estate.solver import Solver
from tests.estate.small import fired, packs

RULES = packs(["mulval"])
CHECKOUT = os.environ.get("MITHRIDATE_MULVAL", "")

WEB_TO_FILES = """
/* an outsider, a web server, a file server and a desk */
attackerLocated(outside).
attackGoal(execCode(desk, _)).
attackGoal(netAccess(files, tcp, 22)).
attackGoal(accessFile(files, write, '/srv')).
attackGoal(principalCompromised(ann)).
attackGoal(canAccessHost(files)).
attackGoal(execCode(printer, root)).
hacl(outside, web, tcp, 443).
hacl(web, _, _, _).
hacl(H, H, _, _).   % everybody reaches himself
hacl(desk, outside, httpProtocol, httpPort).
networkServiceInfo(web, 'nginx 1', tcp, 443, www).
vulExists(web, 'CVE-1', 'nginx 1').
vulProperty('CVE-1', remoteExploit, privEscalation).
networkServiceInfo(files, sshd, tcp, 22, root).
networkServiceInfo(printer, spooler, tcp, 9100, root).
nfsExportInfo(files, '/srv', _anyAccess, web).
nfsMounted(desk, '/mnt', files, '/srv', read).
localFileProtection(files, root, _, _).
hasAccount(ann, files, ann).
hasAccount(ann, desk, ann).
"""
PEOPLE = """
attackerLocated(outside).
attackGoal(execCode(_, _)).
inCompetent(bob). competent(eve).
hasAccount(bob, laptop, bob). hasAccount(eve, tablet, eve). hasAccount(bob, server, admin).
hacl(X, Y, _, _) :- subnet(X, S), subnet(Y, S).
hacl(laptop, outside, httpProtocol, httpPort).
hacl(tablet, outside, httpProtocol, httpPort).
hacl(kiosk, intranet, httpProtocol, httpPort).
hasAccount(bob, kiosk, guest).
isWebServer(intranet).
vulExists(kiosk, flaw4, browser).
subnet(laptop, lan). subnet(server, lan). subnet(intranet, lan).
vulExists(laptop, flaw1, zlib). dependsOn(laptop, browser, zlib).
vulExists(tablet, flaw2, browser).
vulExists(server, flaw3, sudo, localExploit, privEscalation).
bugHyp(intranet, httpd, remoteExploit, privEscalation).
networkServiceInfo(intranet, httpd, tcp, 80, www).
vulProperty(flaw1, remoteClient, privEscalation).
vulProperty(flaw2, remoteClient, privEscalation).
vulProperty(flaw4, remoteClient, privEscalation).
networkServiceInfo(server, vpnService, udp, 1194, root).
cvss(flaw1, l). cvss(flaw2, h).
"""
NOTHING = """
attackerLocated(outside).
attackGoal(execCode(web, _)).
hacl(outside, web, tcp, 80).
networkServiceInfo(web, httpd, tcp, 80, www).
vulExists(web, v, httpd).
vulProperty(v, remoteExploit, dos).
"""
MULVAL = """
vul(H, S, R, C) :- vulExists(H, V, S), vulProperty(V, R, C).
vul(H, S, R, C) :- vulExists(H, V, S, R, C).
vul(H, S, R, C) :- bugHyp(H, S, R, C).
vul(H, S, R, C) :- vul(H, L, R, C), dependsOn(H, S, L).
execCode(H, A) :- principalCompromised(P), hasAccount(P, H, A), canAccessHost(H).
execCode(H, root) :- execCode(H, _), vul(H, _, localExploit, privEscalation).
execCode(H, A) :- vul(H, S, remoteExploit, privEscalation), networkServiceInfo(H, S, P, N, A), netAccess(H, P, N).
execCode(H, A) :- vul(H, _, remoteClient, privEscalation), hasAccount(V, H, A), lured(H, V).
execCode(H, root) :- accessFile(H, write, _).
netAccess(B, P, N) :- execCode(A, _), hacl(A, B, P, N).
netAccess(B, P, N) :- attackerLocated(A), hacl(A, B, P, N).
netAccess(H, P, N) :- attackerLocated(H), any(P), any(N).
canAccessHost(H) :- execCode(H, _).
canAccessHost(H) :- networkServiceInfo(H, (sshd; vpnService), P, N, _), netAccess(H, P, N).
mayAccess(H, U, A, F) :- canAccessFile(H, U, A, F).
mayAccess(H, U, A, F) :- localFileProtection(H, U, A, F).
accessFile(H, A, F) :- execCode(H, U), mayAccess(H, U, A, F).
accessFile(S, A, F) :- nfsMounted(C, M, S, F, A), accessFile(C, A, M).
accessFile(C, A, M) :- nfsMounted(C, M, S, F, read), accessFile(S, A, F).
accessFile(S, A, F) :- execCode(C, _), nfsExportInfo(S, F, A, C), hacl(C, S, nfsProtocol, nfsPort).
principalCompromised(P) :- hasAccount(P, H, _), execCode(H, root).
principalCompromised(P) :- hasAccount(P, H, A), execCode(H, A).
lured(H, P) :- inCompetent(P), hacl(H, M, httpProtocol, httpPort), attackerLocated(M).
lured(H, P) :- competent(P), hacl(H, M, httpProtocol, httpPort), attackerLocated(M).
lured(H, P) :- inCompetent(P), isWebServer(M), hacl(H, M, httpProtocol, httpPort), execCode(M, _).
any(root; sshd; vpnService).
any(read; write; nfsProtocol; nfsPort; httpProtocol; httpPort; localExploit; remoteExploit; remoteClient; privEscalation).
"""
PRIMITIVES = {
    "vulExists": (3, 5), "vulProperty": (3,), "bugHyp": (4,), "dependsOn": (3,), "hasAccount": (3,), "attackerLocated": (1,),
    "networkServiceInfo": (5,), "hacl": (4,), "canAccessFile": (4,), "localFileProtection": (4,), "nfsMounted": (5,),
    "nfsExportInfo": (4,), "inCompetent": (1,), "competent": (1,), "isWebServer": (1,),
}  # fmt: skip


def expected(text: str) -> set[str]:
    """The goals by clingo: a variable of a fact or a goal stands for every constant of the file, whatever its kind."""
    text = re.sub(r"/\*.*?\*/|%[^\n]*", "", text, flags=re.DOTALL)
    quoted = list(dict.fromkeys(re.findall(r"'([^']*)'", text)))
    text = re.sub(r"'([^']*)'", lambda m: m[1] if re.fullmatch(r"[a-z]\w*", m[1]) else f"q{quoted.index(m[1])}q", text)
    program = [MULVAL, *(f"#defined {n}/{a}." for n, arities in PRIMITIVES.items() for a in arities)]
    goals = []
    for clause in re.findall(r"(?s)\S.*?\)\s*\.", text):
        names = set(re.findall(r"\b([a-z]\w*|\d+)\b(?!\s*\()", clause))
        program += [f"any({n})." for n in names]
        blank = iter(range(99))
        clause = re.sub(r"\b_\w*", lambda _m: f"V{next(blank)}", clause.strip()[:-1])  # noqa: B023
        head, _, body = clause.partition(":-")
        if head.startswith("attackGoal"):
            goals.append(re.fullmatch(r"attackGoal\((.*)\)\s*", head, re.DOTALL)[1])  # type: ignore[index]
            continue
        variables = re.findall(r"\b[A-Z]\w*", head)
        program.append(f"{head} :- {', '.join([*filter(None, [body.strip()]), *(f'any({v})' for v in variables), '1=1'])}.")
    for goal in goals:
        named = re.sub(r"(execCode.*,) *V[0-9]+", r"\1 anybody", goal)
        program.append(f"goal({named}) :- {goal}.")
    control = clingo.Control(["--warn=none"])
    control.add("base", [], "\n".join([*program, "#show goal/1."]))
    control.ground([("base", [])])
    with control.solve(yield_=True) as handle:
        found = {str(s.arguments[0]) for model in handle for s in model.symbols(shown=True)}
    names = {re.sub(r"q(\d+)q", lambda m: quoted[int(m[1])], f) for f in found}
    return {f"goal:{n.replace(',', ', ').replace('anybody', '_')}" for n in names}


def reached(path: Path) -> set[str]:
    """The goals by the reader and the pack."""
    with FactBase(RULES, memory_bytes=256 << 20, threads=1) as base:
        registry.read(path, base)
        base.freeze()
        goals = [n for n, tag in _tags(base) if tag == "attackGoal"]
        starts = [n for n, tag in _tags(base) if tag == "attackerLocated"]
        graph = ground(base, starts)
        solver = Solver(graph)
        dist = solver.solve(solver.starts(starts)).dist
        atoms = solver.goals(goals)
        return {g for g, a in zip(goals, atoms, strict=True) if a >= 0 and np.isfinite(dist[a])}


def _tags(base: FactBase) -> list[tuple[str, str]]:
    return [(str(f.terms[0]), str(f.terms[1])) for f in base.rows("tag", range(base.facts("tag"))).values()]


def test_an_outsider_reaches_the_file_server_and_the_desk(tmp_path: Path) -> None:
    (tmp_path / "a.P").write_text(WEB_TO_FILES)
    assert reached(tmp_path / "a.P") == {
        "goal:execCode(desk, _)",
        "goal:netAccess(files, tcp, 22)",
        "goal:accessFile(files, write, /srv)",
        "goal:principalCompromised(ann)",
        "goal:canAccessHost(files)",
    }


def test_people_are_lured_and_libraries_pass_their_flaws_on(tmp_path: Path) -> None:
    (tmp_path / "a.P").write_text(PEOPLE)
    hosts = ("laptop", "server", "tablet", "intranet", "kiosk")
    assert reached(tmp_path / "a.P") == {f"goal:execCode({h}, _)" for h in hosts}


def test_a_file_that_nobody_names_is_a_file_all_the_same(tmp_path: Path) -> None:
    text = (
        NOTHING.replace("dos", "privEscalation") + "localFileProtection(web, www, write, _).\nattackGoal(execCode(web, root)).\n"
    )
    (tmp_path / "a.P").write_text(text)
    assert reached(tmp_path / "a.P") == expected(text) == {"goal:execCode(web, _)", "goal:execCode(web, root)"}


def test_what_only_stops_a_program_is_no_goal(tmp_path: Path) -> None:
    (tmp_path / "a.P").write_text(NOTHING)
    assert reached(tmp_path / "a.P") == set()
    (tmp_path / "a.P").write_text(NOTHING.replace("dos", "privEscalation"))
    assert reached(tmp_path / "a.P") == {"goal:execCode(web, _)"}


@pytest.mark.parametrize("text", [WEB_TO_FILES, PEOPLE, NOTHING])
def test_goals_are_those_of_the_same_rules_in_clingo(tmp_path: Path, text: str) -> None:
    """Whole, and with some line left out."""
    lines = text.splitlines()
    for left_out in (*range(1, len(lines), 5), len(lines)):
        changed = "\n".join(line for i, line in enumerate(lines) if i != left_out)
        if "attackGoal" in changed:
            (tmp_path / "a.P").write_text(changed)
            assert reached(tmp_path / "a.P") == expected(changed), lines[min(left_out, len(lines) - 1)]


@pytest.mark.skipif(not CHECKOUT, reason="MITHRIDATE_MULVAL names no checkout of MulVAL")
def test_goals_of_its_own_inputs_are_those_of_clingo() -> None:
    inputs = sorted(Path(CHECKOUT).rglob("testcases/**/*.P"))
    assert inputs
    found = {path: expected(path.read_text()) for path in inputs}
    assert any(found.values())
    assert {path: reached(path) for path in inputs} == found
    print(*(f"{path.name}: {len(goals)} goals" for path, goals in found.items()), sep="\n")


def test_every_rule_can_be_applied() -> None:
    text = """
    hacl(host:a, host:b, tcp, 22)
    hacl(host:a, host:b, nfsProtocol, nfsPort)
    hacl(host:b, host:o, httpProtocol, httpPort)
    hacl(host:b, host:a, httpProtocol, httpPort)
    networkServiceInfo(host:a, software:s, tcp, 80, account:www)
    networkServiceInfo(host:o, software:s, tcp, 80, account:me)
    networkServiceInfo(host:b, software:sshd, tcp, 22, account:root)
    networkServiceInfo(host:b, software:vpnService, udp, 1194, account:root)
    hacl(host:o, host:a, tcp, 80)
    vulExists(host:a, vulnerability:v, software:s)
    vulProperty(vulnerability:v, remoteExploit, privEscalation)
    exploit(vulnerability:v, 3)
    vulExistsAs(host:a, vulnerability:w, software:t, localExploit, privEscalation)
    exploit(vulnerability:w, 3)
    vulExistsAs(host:b, vulnerability:x, software:lib, remoteClient, privEscalation)
    dependsOn(host:b, software:browser, software:lib)
    exploit(vulnerability:x, 3)
    hasAccount(principal:p, host:b, account:p)
    hasAccount(principal:p, host:a, account:www)
    inCompetent(principal:p)
    competent(principal:p)
    isWebServer(host:a)
    nfsExportInfo(host:b, /srv, write, host:a)
    nfsMounted(host:a, /mnt, host:b, /srv, read)
    canAccessFile(host:a, account:www, read, /mnt)
    localFileProtection(host:a, account:root, read, /etc)
    wants_code(goal:1, host:b)
    wants_code_as(goal:2, host:a, account:www)
    wants_net(goal:3, host:b, tcp, 22)
    wants_net(goal:4, host:o, tcp, 1)
    wants_file(goal:5, host:b, write, /srv)
    wants_principal(goal:6, principal:p)
    wants_host(goal:7, host:b)
    """
    assert fired(RULES, text, "host:o") >= {r.name for r in own_pack("mulval").rules}
