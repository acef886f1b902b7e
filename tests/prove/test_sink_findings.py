"""Names, words and weights of what doors with an observer show."""

from dataclasses import replace

import pytest
from cvss import CVSS4
from tests.prove.model_observer import FRAMES, A, Z, entry, step
from tests.prove.records import proof

from mithridate.model.document import Document
from mithridate.model.entry import EntryKind
from mithridate.model.finding import Control, ControlTier, FindingStatus
from mithridate.model.observation import Mark, Observation
from mithridate.model.violation import OBSERVED_FACTS, SINK_VIOLATIONS, Access, Frame, Violation, ViolationKind
from mithridate.oracles.gravity import gravity
from mithridate.prove.contrast_document import contrasts, emptied
from mithridate.prove.dedup import group, same_root
from mithridate.prove.influence_document import SINKS, control, quoted
from mithridate.prove.manifest import decode, door, encode, entry_point
from mithridate.prove.severity import severity
from mithridate.prove.sink_wording import EFFECTS, FACTS
from mithridate.prove.told_document import carried, request
from mithridate.prove.triage import explanation, findings
from mithridate.prove.weakness import weakness
from mithridate.prove.witness import Witnessed

K = ViolationKind
T = ControlTier


def violation(kind: ViolationKind = K.SQL_INJECTION, line: int = 12, message: str = "", **changes) -> Violation:
    frames = (Frame(function="find", file="/src/shop/app.py", line=line), FRAMES["/find"][1])
    return replace(Violation(kind=kind, detector="confinement", message=message, frames=frames), **changes)


def observation(seen: Violation, opening: str, **changes) -> Observation:
    closing = f"z{opening}"
    sink = next(iter(sorted(SINKS[seen.kind])))
    base = Observation(
        sink=sink,
        api="sqlite3.Cursor.execute",
        text=f"SELECT '{opening}' OR '1{closing}'",
        marks=(Mark(number=0, opening=opening, closing=closing),),
        frames=seen.frames,
    )
    return replace(base, **changes)


def runs(seen: Violation, **changes) -> list[Witnessed]:
    return [Witnessed(violations=(seen,), observations=(observation(seen, w, **changes),)) for w in ("q1w2e3r4t5", "m9n8b7v6c5")]


@pytest.mark.parametrize(
    ("kind", "message", "cwe"),
    [
        (K.SQL_INJECTION, "", 89),
        (K.SHELL_INJECTION, "", 78),
        (K.ARGUMENT_INJECTION, "", 88),
        (K.PATH_TRAVERSAL, "", 22),
        (K.CROSS_SITE_SCRIPTING, "", 79),
        (K.HEADER_INJECTION, "", 113),
        (K.OPEN_REDIRECT, "", 601),
        (K.REQUEST_FORGERY, "", 918),
        (K.XPATH_INJECTION, "", 643),
        (K.LDAP_INJECTION, "", 90),
        (K.REGEX_INJECTION, "", 625),
        (K.LOG_INJECTION, "", 117),
        (K.TEMPLATE_INJECTION, "", 1336),
        (K.XML_INJECTION, "", 91),
        (K.EXTERNAL_ENTITY, "", 611),
        (K.CODE_INJECTION, "", 95),
        (K.UNSAFE_DESERIALISATION, "", 502),
        (K.UNTRUSTED_IMPORT, "", 470),
        (K.ARCHIVE_TRAVERSAL, "", 22),
        (K.SUPERLINEAR_TIME, "the regular expression (a+)+$ takes time that grows", 1333),
        (K.SUPERLINEAR_TIME, "the loop at line 4 takes time that grows", 407),
        (K.TRUST_BOUNDARY, "", 501),
        (K.WEAK_HASH, "", 328),
        (K.WEAK_CIPHER, "", 327),
        (K.WEAK_RANDOM, "", 330),
        (K.INSECURE_COOKIE, "The cookie `secure` is set without SameSite.", 1275),
        (K.INSECURE_COOKIE, "The cookie `s` is set without HttpOnly and SameSite.", 1004),
        (K.INSECURE_COOKIE, "The cookie `s` is set without Secure and HttpOnly.", 614),
    ],
)
def test_a_violation_at_a_sink_names_its_weakness(kind: ViolationKind, message: str, cwe: int) -> None:
    assert weakness(violation(kind, message=message)).cwe == cwe


def test_no_kind_is_forgotten_in_a_table() -> None:
    assert set(SINKS) == SINK_VIOLATIONS
    assert set(EFFECTS) == SINK_VIOLATIONS | {K.SUPERLINEAR_TIME}
    assert set(FACTS) == OBSERVED_FACTS


@pytest.mark.parametrize(
    ("kind", "changes", "tier"),
    [
        (K.SHELL_INJECTION, {}, 5),
        (K.CODE_INJECTION, {}, 5),
        (K.UNSAFE_DESERIALISATION, {}, 5),
        (K.SQL_INJECTION, {}, 4),
        (K.CROSS_SITE_SCRIPTING, {}, 4),
        (K.ARCHIVE_TRAVERSAL, {}, 4),
        (K.PATH_TRAVERSAL, {"detail": {"mode": "write"}}, 4),
        (K.PATH_TRAVERSAL, {"detail": {"mode": "read"}}, 3),
        (K.PATH_TRAVERSAL, {"detail": {"mode": "exists"}}, 2),
        (K.PATH_TRAVERSAL, {"detail": {"mode": "run"}}, 5),
        (K.TEMPLATE_INJECTION, {"dialect": "jinja2"}, 4),
        (K.TEMPLATE_INJECTION, {"dialect": "mako"}, 5),
        (K.TEMPLATE_INJECTION, {"dialect": "format"}, 3),
        (K.EXTERNAL_ENTITY, {}, 3),
        (K.REQUEST_FORGERY, {}, 3),
        (K.OPEN_REDIRECT, {}, 3),
    ],
)
def test_the_tier_is_what_followed_the_input(kind: ViolationKind, changes: dict, tier: int) -> None:
    seen = violation(kind)
    made = control(seen, runs(seen, **changes))
    assert made.tier == tier
    assert "'⟦q1w2|' OR '1|zq1w⟧'" in made.evidence[0]
    assert "⟦m9n8|" in made.evidence[0]


def test_without_two_runs_that_follow_nothing_is_claimed() -> None:
    seen = violation()
    same = [Witnessed(violations=(seen,), observations=(observation(seen, "q1w2e3r4t5"),))] * 3
    assert control(seen, same).tier is T.STOPS_PROGRAM
    constant = runs(seen, text="SELECT 'nothing of the input'")
    assert control(seen, constant).tier is T.STOPS_PROGRAM
    elsewhere = runs(seen, frames=(Frame(function="other", file="/src/b.py", line=1),))
    assert control(seen, elsewhere).tier is T.STOPS_PROGRAM


def test_what_stops_the_program_stops_it_and_no_more() -> None:
    assert control(violation(K.TIMEOUT), []).tier is T.STOPS_PROGRAM
    assert "faster than the length" in control(violation(K.SUPERLINEAR_TIME), []).evidence[0]


def test_a_long_text_is_quoted_around_its_first_mark() -> None:
    seen = observation(violation(), "q1w2e3r4t5", text="x" * 500 + "`Q1W2E3R4T5`" + "y" * 500)
    shown = quoted(seen)
    assert "⟦Q1W2|" in shown
    assert "`" not in shown
    assert shown.startswith("…x")
    assert shown.endswith("y…")
    assert len(shown) < 200


def score(kind: ViolationKind, tier: int = 4, door: EntryKind = EntryKind.APPLICATION) -> float:
    made = severity(violation(kind), entry(door), Control(tier=T(tier), evidence=(), perturbations=0))
    assert CVSS4(made.vector).base_score == made.cvss
    assert all(m.why.endswith(".") for m in made.metrics)
    return made.cvss


def test_severity_follows_what_the_sink_gives_away() -> None:
    assert score(K.SHELL_INJECTION, 5) >= score(K.SQL_INJECTION) > score(K.PATH_TRAVERSAL, 3) > score(K.CROSS_SITE_SCRIPTING)
    assert score(K.CROSS_SITE_SCRIPTING) > score(K.WEAK_HASH, 1) == 0
    assert score(K.PATH_TRAVERSAL, 4) > score(K.PATH_TRAVERSAL, 3) > score(K.PATH_TRAVERSAL, 2) > 0
    assert score(K.SQL_INJECTION) > score(K.SQL_INJECTION, door=EntryKind.COMMAND)


@pytest.mark.parametrize("kind", K)
@pytest.mark.parametrize("tier", ControlTier)
@pytest.mark.parametrize("door", [k for k in EntryKind if k.observed])
def test_every_kind_has_a_score_behind_every_door(kind: ViolationKind, tier: ControlTier, door: EntryKind) -> None:
    assert (score(kind, tier, door) > 0) == (kind not in OBSERVED_FACTS)


def test_an_exception_costs_one_request_not_the_server() -> None:
    made = severity(violation(K.UNCAUGHT_EXCEPTION), entry(), Control(tier=T(1), evidence=(), perturbations=0))
    assert "VA:L" in made.vector


def told(kind: ViolationKind, door: EntryKind = EntryKind.APPLICATION, **changes) -> str:
    made = proof(violation(kind), **{"through": "`POST /login`", "carriers": ("the form field `name`",), **changes})
    return explanation(made, entry(door))


def test_what_leaves_a_fuzz_target_is_no_flaw_over_a_network_by_itself() -> None:
    control = Control(tier=ControlTier.STOPS_PROGRAM, evidence=(), perturbations=0)
    seen = violation(K.UNCAUGHT_EXCEPTION)
    claim = severity(seen, entry(EntryKind.HARNESS), control)
    assert "AV:L" in claim.vector and "AT:P" in claim.vector
    called = severity(seen, entry(EntryKind.FUNCTION), control)
    assert "AV:N" in called.vector and "AT:N" in called.vector and called.cvss > claim.cvss
    broken = severity(violation(), entry(EntryKind.HARNESS), control)
    assert "AV:N" in broken.vector, "an injection is one, whoever calls"


def test_the_explanation_names_request_input_and_sink() -> None:
    assert told(K.SQL_INJECTION).startswith(
        "When `POST /login` of the application `shop.app` receives the proof's request, what is sent in the form field `name` "
        "leaves its place in the SQL statement that `find` (shop/app.py:12) runs. It did so in 10 of 10 replays"
    )
    assert told(K.SQL_INJECTION).endswith("changes the structure of what is read there, or chooses what is written.")
    assert told(K.CODE_INJECTION, EntryKind.FUNCTION, through="`shop.lib:run`").startswith("When `shop.lib:run` is called")


def test_the_oracles_own_sentence_is_told() -> None:
    seen = violation(message="attacker data `'` ends the literal that it was put into")
    made = explanation(proof(seen, carriers=("the path",)), entry())
    assert "`find` (shop/app.py:12) runs. Attacker data `'` ends the literal that it was put into. It did so in" in made


def test_a_fact_is_told_as_a_fact() -> None:
    made = told(K.WEAK_HASH)
    assert "`find` (shop/app.py:12) computes a hash that is known to be weak" in made
    assert made.endswith("not a proved flaw.")
    assert "attacker" not in made


def test_facts_are_observed_and_everything_else_is_proved() -> None:
    entries = {"demo:@@": entry()}
    for kind in K:
        (made,) = findings([proof(violation(kind))], entries)
        assert made.status is (FindingStatus.OBSERVED if kind in OBSERVED_FACTS else FindingStatus.PROVED)


def test_one_fact_a_place_even_within_one_function() -> None:
    facts = [proof(violation(K.WEAK_HASH, line)) for line in (12, 13)]
    assert facts[0].signature == facts[1].signature
    assert len(group(facts)) == 2
    assert len({f.id for f in findings(facts, {"demo:@@": entry()})}) == 2
    other_way = violation(K.WEAK_HASH, frames=(violation().frames[0], Frame(function="b", file="/src/b.py", line=2)))
    assert same_root(violation(K.WEAK_HASH), other_way)


def test_two_files_with_a_function_of_one_name_hold_two_flaws() -> None:
    here, there = (violation(frames=(Frame(function="get", file=f"/src/{f}.py", line=3),)) for f in ("users", "orders"))
    assert here.signature != there.signature
    assert not same_root(here, there)


def test_execution_is_looked_at_before_structure_before_selection_and_facts_last() -> None:
    ranked = [violation(k) for k in (K.SHELL_INJECTION, K.SQL_INJECTION, K.PATH_TRAVERSAL, K.UNCAUGHT_EXCEPTION, K.WEAK_HASH)]
    shuffled = ranked[::-1]
    assert sorted(shuffled, key=gravity) == ranked


def test_a_bundle_states_an_observed_door_and_its_request() -> None:
    from tests.prove.records import provenance

    from mithridate.model.project import Flavour
    from mithridate.prove.manifest import FORMAT, SCHEMA_VERSION, Manifest

    for kind in (k for k in EntryKind if k.observed):
        given = Manifest(
            format=FORMAT,
            version=SCHEMA_VERSION,
            mithridate="0",
            finding="M-1",
            provenance=provenance(),
            entry=door(entry(kind), Flavour.PLAIN),
            proof=proof(violation(access=Access.READ), through="`GET /`", carriers=("the path",)),
            members={},
        )
        read = decode(encode(given))
        assert read == given
        assert entry_point(read.entry).observed
        assert read.entry.program == "/build/DOOR.json"


TWO = Document(
    control=[step("/a", f"{A}anna{Z}", json={"deep": [f"{A}b{Z}"]})],
    attack=[step(f"/a/{A}x{Z}", f"{A}x'; --{Z}", json={"deep": [f"{A}c{Z}"]})],
)


def test_an_empty_input_loses_what_carries_marks() -> None:
    (left,) = emptied(TWO.attack)
    assert left == {"request": {"method": "POST", "path": "/a/", "form": [], "json": {"deep": [""]}}}


def test_positional_arguments_are_emptied_not_moved() -> None:
    (left,) = emptied([{"call": {"target": "m:f", "args": [f"{A}x{Z}", 1], "kwargs": {"k": f"{A}y{Z}", "j": 2}}}])
    assert left == {"call": {"target": "m:f", "args": ["", 1], "kwargs": {"j": 2}}}


def test_a_near_miss_is_as_long_as_the_attack_and_harmless() -> None:
    import json

    made = json.loads(contrasts(TWO)["near miss"])
    sent, attacked = (d["request"]["form"][0][1] for d in (made["attack"][0], TWO.attack[0]))  # type: ignore[index]
    assert len(sent) == len(attacked)
    assert sent == f"{A}annaabc{Z}"[: len(attacked) - 2] + Z
    assert made["control"] == TWO.control


def test_a_document_without_control_has_no_twin_and_still_a_near_miss() -> None:
    assert set(contrasts(Document(control=[], attack=TWO.attack))) == {"empty input", "near miss"}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"request": {"method": "GET", "path": "/", "query": [["q", f"{A}{Z}"]]}}, ("`GET /`", "the query parameter `q`")),
        ({"request": {"method": "GET", "path": f"/u/{A}1{Z}"}}, ("`GET /u/mka1mkz`", "the path")),
        ({"request": {"method": "PUT", "path": "/", "json": {"a": [f"{A}{Z}"]}}}, ("`PUT /`", "the JSON member `a.0`")),
        (
            {"request": {"method": "POST", "path": "/", "files": [{"name": "up", "filename": f"{A}{Z}"}]}},
            ("`POST /`", "the uploaded file `up`"),
        ),
        ({"call": {"target": "m:f", "args": [1, f"{A}{Z}"]}}, ("`m:f`", "the argument `2`")),
        ({"call": {"target": "m:f", "kwargs": {"k": f"{A}{Z}"}}}, ("`m:f`", "the argument `k`")),
        ({"call": {"target": "m:C.f", "construct": {"args": [f"{A}{Z}"]}}}, ("`m:C.f`", "the constructor's argument `1`")),
        ({"program": {"args": [], "stdin": f"{A}{Z}"}}, ("", "standard input")),
    ],
)
def test_a_document_is_told_in_words(made: dict, words: tuple[str, str]) -> None:
    document = Document(control=[], attack=[made])
    assert (request(document), *carried(document)) == words
