"""SQL statements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.observation import Sink
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.sent import Sent

DIALECTS = ["", "sqlite", "postgres", "mysql", "oracle", "tsql"]
CONTROL = "SELECT * FROM users WHERE name = '⟨amy⟩' AND age > 3"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "value",
    [
        "⟨x' OR '1'='1⟩",
        "⟨x' OR 1=1 --⟩",
        "⟨x'; DROP TABLE users; --⟩",
        "⟨x' UNION SELECT 1,2 /*⟩",
        "⟨x'⟩",
        "⟨' || (SELECT 1) || '⟩",
    ],
)
def test_data_that_ends_its_literal_escapes(judged, dialect, value):
    found = judged(Sink.SQL, f"SELECT * FROM users WHERE name = '{value}' AND age > 3", CONTROL, dialect=dialect)
    assert found.kind is ViolationKind.SQL_INJECTION


def test_the_reason_quotes_the_data_and_names_what_it_added(judged):
    found = judged(Sink.SQL, "SELECT * FROM users WHERE name = '⟨x' OR '1'='1⟩' AND age > 3", CONTROL, dialect="sqlite")
    assert found.part == "x' OR '1'='1"
    assert (
        found.why == "Attacker data `x' OR '1'='1` ends the literal that it was put into and adds `OR`, `=` to the SQL statement."
    )


@pytest.mark.parametrize("dialect", DIALECTS)
@given(value=st.text())
def test_text_with_doubled_quotes_is_never_an_escape(judged, dialect, value):
    if dialect in ("", "mysql"):
        value = value.replace("\\", "\\\\")
    text = "SELECT * FROM t WHERE a = '⟨" + value.replace("'", "''") + "⟩' AND b = 1"
    assert judged(Sink.SQL, text, "SELECT * FROM t WHERE a = '⟨amy⟩' AND b = 1", dialect=dialect) is None
    assert judged(Sink.SQL, text, dialect=dialect) is None


@given(value=st.text())
def test_backslashed_quotes_are_confined_where_the_dialect_has_them_or_is_unknown(judged, value):
    text = "SELECT * FROM users WHERE name = '⟨" + value.replace("\\", "\\\\").replace("'", "\\'") + "⟩' AND age > 3"
    assert judged(Sink.SQL, text, CONTROL, dialect="mysql") is None
    assert judged(Sink.SQL, text, CONTROL) is None


def test_a_backslash_does_not_escape_a_quote_in_standard_sql(judged):
    text = "SELECT * FROM users WHERE name = '⟨x\\' OR 1=1 --⟩' AND age > 3"
    assert judged(Sink.SQL, text, CONTROL, dialect="sqlite", sent=Sent(("\ue000\ue100x' OR 1=1 --\ue001\ue100",))) is not None


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM t WHERE a = ?",
        "SELECT * FROM t WHERE a LIKE '%⟨100% _of it⟩%'",
        'SELECT "⟨a"" b⟩" FROM t',
        "SELECT 1 /* ⟨a b c⟩ */",
        "SELECT 1 -- ⟨a b c⟩\nFROM t",
        "SELECT * FROM t ORDER BY ⟨name⟩",
        "SELECT * FROM t LIMIT 5 OFFSET ⟨7⟩",
        "SELECT ⟨t.name⟩ FROM t",
        "SELECT ⟨a,b⟩ FROM t",
    ],
)
def test_parameters_wildcards_comments_and_single_names_are_confined(judged, text):
    assert judged(Sink.SQL, text, text, dialect="sqlite") is None
    assert judged(Sink.SQL, text, dialect="sqlite") is None


@pytest.mark.parametrize(
    "value", ["name; DROP TABLE t", "(CASE WHEN 1 THEN a ELSE b END)", "name--", "1 UNION SELECT 2", "a = 'b'"]
)
def test_a_bare_name_that_became_more_escapes_with_and_without_a_control(judged, value):
    text = f"SELECT * FROM t ORDER BY ⟨{value}⟩"
    assert judged(Sink.SQL, text, "SELECT * FROM t ORDER BY ⟨name⟩", dialect="sqlite").kind is ViolationKind.SQL_INJECTION
    assert judged(Sink.SQL, text, dialect="sqlite").kind is ViolationKind.SQL_INJECTION


def test_a_line_end_leaves_a_comment(judged):
    found = judged(Sink.SQL, "SELECT 1 -- ⟨a\n; DROP TABLE t⟩", "SELECT 1 -- ⟨a⟩", dialect="sqlite")
    assert found is not None


def test_structure_that_harmless_data_has_too_is_not_the_attacks(judged):
    text = "SELECT * FROM t WHERE ⟨a = 'b'⟩"
    assert judged(Sink.SQL, text, "SELECT * FROM t WHERE ⟨c = 'd'⟩", dialect="sqlite") is None
    assert judged(Sink.SQL, text, "SELECT * FROM t WHERE ⟨c⟩", dialect="sqlite") is not None


def test_other_statements_of_the_same_place_do_not_matter_to_confined_data(judged):
    assert judged(Sink.SQL, "INSERT INTO log VALUES ('⟨it''s⟩', 1), ('x', 2)", CONTROL, dialect="sqlite") is None


def test_a_broken_statement_is_judged_only_where_the_control_is_whole(judged):
    broken = "SELECT * FROM users WHERE name = '⟨x'⟩' AND age > 3"
    assert judged(Sink.SQL, broken, CONTROL, dialect="sqlite") is not None
    assert judged(Sink.SQL, broken, dialect="sqlite") is None
    assert judged(Sink.SQL, broken, "SELECT '⟨x⟩", dialect="sqlite") is None


def test_a_statement_that_breaks_after_confined_data_is_no_escape(judged):
    assert judged(Sink.SQL, "SELECT '⟨it''s⟩', '", CONTROL, dialect="sqlite") is None


def test_a_values_list_that_the_program_made_of_one_input_is_no_escape(judged):
    text, control = "SELECT * FROM t WHERE a IN ('⟨a', 'b⟩')", "SELECT * FROM t WHERE a IN ('⟨a⟩')"
    assert judged(Sink.SQL, text, control, dialect="sqlite") is None
    split, verbatim = Sent(("\ue000\ue100a,b\ue001\ue100",)), Sent(("\ue000\ue100a', 'b\ue001\ue100",))
    assert judged(Sink.SQL, text, control, dialect="sqlite", sent=split) is None
    assert judged(Sink.SQL, text, control, dialect="sqlite", sent=verbatim) is not None


def test_a_condition_that_the_program_made_of_several_words_is_no_escape_when_what_was_sent_is_known(judged):
    text = "SELECT * FROM t WHERE a LIKE '%⟨x''%' OR a LIKE '%OR%' OR a LIKE '%''1''=''1⟩%'"
    sent = Sent(("\ue000\ue100x' OR '1'='1\ue001\ue100",))
    assert judged(Sink.SQL, text, "SELECT * FROM t WHERE a LIKE '%⟨x⟩%'", dialect="sqlite", sent=sent) is None


def test_a_cut_token_is_judged_alone(judged):
    control = "SELECT * FROM t WHERE a = '⟨amy⟩'"
    assert judged(Sink.SQL, "SELECT * FROM t WHERE a = '⟨am'", control, dialect="sqlite") is None
    assert judged(Sink.SQL, "SELECT * FROM t WHERE a = 'x' OR b = ⟩", control, dialect="sqlite") is not None


@pytest.mark.parametrize("case", [str.upper, str.lower, str.title])
def test_marks_are_found_whatever_the_case(judged, case):
    assert judged(Sink.SQL, "SELECT '⟨x' OR 1=1⟩'", "SELECT '⟨x⟩'", dialect="sqlite", case=case) is not None
    assert judged(Sink.SQL, "SELECT '⟨x'' OR 1=1⟩'", "SELECT '⟨x⟩'", dialect="sqlite", case=case) is None


def test_unmarked_text_is_nobodys(judged):
    assert judged(Sink.SQL, "SELECT * FROM t WHERE a = 'x' OR 1=1 --", CONTROL, dialect="sqlite") is None


@pytest.mark.parametrize("command", ["EXPLAIN SELECT '{}'", "CALL p('{}', 2)", "VACUUM INTO '{}'"])
def test_commands_that_sqlglot_does_not_parse_have_literals_too(judged, command):
    dialect = "mysql" if "CALL" in command else "sqlite"
    control = command.format("⟨x⟩")
    assert judged(Sink.SQL, command.format("⟨a b''c⟩"), control, dialect=dialect) is None
    assert judged(Sink.SQL, command.format("⟨a', (SELECT 1), '⟩"), control, dialect=dialect) is not None
