"""Shell command lines and argument vectors."""

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.observation import Sink
from mithridate.model.violation import ViolationKind

CONTEXTS = ["ping -c 1 {}", 'grep "{}" file', "grep '{}' file | wc -l"]


@pytest.mark.parametrize(
    "value", ["; id", "| id", "&& id", "& id", "`id`", "$(id)", "\nid", "> /tmp/x", "*.py", "$HOME ", "<(id)"]
)
def test_structure_in_an_unquoted_word_escapes(judged, value):
    found = judged(Sink.SHELL, f"ping -c 1 ⟨x{value}⟩", "ping -c 1 ⟨x⟩")
    assert found.kind is ViolationKind.SHELL_INJECTION
    assert judged(Sink.SHELL, f"ping -c 1 ⟨x{value}⟩") is not None


@pytest.mark.parametrize("value", ['"; id; "', "$(id)", "`id`", "${IFS} ", '"'])
def test_structure_in_double_quotes_escapes(judged, value):
    assert judged(Sink.SHELL, f'grep "⟨x{value}⟩" file', 'grep "⟨x⟩" file') is not None


@pytest.mark.parametrize("value", ["'; id; '", "'", "' -o '"])
def test_structure_in_single_quotes_escapes(judged, value):
    assert judged(Sink.SHELL, f"grep '⟨x{value}⟩' file", "grep '⟨x⟩' file") is not None


@pytest.mark.parametrize("value", ["; id", "$(id)", "`id`", "a b", "*", "\nid", '"'])
def test_single_quotes_confine(judged, value):
    assert judged(Sink.SHELL, f"grep '⟨x{value}⟩' file", "grep '⟨x⟩' file") is None


@pytest.mark.parametrize("value", ["; id", "a b", "*", "\\$(id)", "\\`id\\`", '\\"', "'", "| x"])
def test_double_quotes_confine_what_they_confine(judged, value):
    assert judged(Sink.SHELL, f'grep "⟨x{value}⟩" file', 'grep "⟨x⟩" file') is None


@given(
    value=st.text(st.characters(blacklist_characters="\0")),
    control=st.text(st.characters(whitelist_categories=["L", "N", "Zs"]), min_size=1),
)
def test_shlex_quoted_text_is_never_an_escape(judged, value, control):
    attack = "ls -l " + shlex.quote(f"⟨{value}⟩") + " 2>&1 | head"
    assert judged(Sink.SHELL, attack, "ls -l " + shlex.quote(f"⟨{control}⟩") + " 2>&1 | head") is None
    assert judged(Sink.SHELL, attack) is None


@pytest.mark.parametrize("text", ["ls ⟨a\\ b\\;c⟩", "ls '⟨it'\\''s⟩'", 'ls "⟨it"\'"\'"s⟩"', "ls # ⟨a; b⟩", "echo x=⟨a⟩"])
def test_escaped_words_and_comments_confine(judged, text):
    assert judged(Sink.SHELL, text, text.replace("⟨", "⟨x")) is None
    assert judged(Sink.SHELL, text) is None


def test_the_programs_own_pattern_beside_the_data_is_its_own(judged):
    assert judged(Sink.SHELL, "ls /tmp/⟨a⟩*.txt; id") is None


@pytest.mark.parametrize("case", [str.upper, str.swapcase])
def test_case_does_not_matter(judged, case):
    assert judged(Sink.SHELL, "ls ⟨a;b⟩", "ls ⟨a⟩", case=case) is not None


def test_a_cut_token_inside_a_literal_is_confined(judged):
    assert judged(Sink.SHELL, "ls '⟨a; b'; id", "ls '⟨a⟩'; id") is None


def test_words_alone_are_no_structure(judged):
    assert judged(Sink.SHELL, "ls ⟨a b⟩", "ls ⟨a⟩") is None


@pytest.mark.parametrize("text", ["ls ⟨" + "$(" * 8000 + "⟩", "ls ⟨" + "'\"`" * 8000 + "⟩", "((((" * 8000 + "⟨a⟩", "ls ⟨\0\0⟩"])
def test_hostile_texts_are_survived(judged, text):
    judged(Sink.SHELL, text, "ls ⟨a⟩")


def vector(*arguments):
    return json.dumps(arguments, ensure_ascii=False)


def test_an_argument_that_became_an_option_escapes(judged):
    found = judged(Sink.COMMAND, vector("git", "clone", "--upload-pack=⟨x⟩"), vector("git", "clone", "⟨x⟩"))
    assert found.kind is ViolationKind.ARGUMENT_INJECTION
    assert "git" in found.why


def test_an_argument_that_is_an_option_in_the_control_or_after_two_hyphens_is_confined(judged):
    assert judged(Sink.COMMAND, vector("ls", "--name=⟨a; b⟩"), vector("ls", "--name=⟨x⟩")) is None
    assert judged(Sink.COMMAND, vector("ls", "--", "-⟨a⟩"), vector("ls", "--", "⟨x⟩")) is None
    assert judged(Sink.COMMAND, vector("ls", "-⟨a⟩")) is None


def test_arguments_without_a_shell_confine_everything_else(judged):
    assert judged(Sink.COMMAND, vector("ls", "⟨a; id $(x)⟩"), vector("ls", "⟨x⟩")) is None


def test_the_attackers_choice_of_program_escapes(judged):
    assert judged(Sink.COMMAND, vector("⟨x⟩", "-l"), vector("⟨x⟩", "-l")).kind is ViolationKind.SHELL_INJECTION
    assert judged(Sink.COMMAND, vector("/usr/lib/tool/⟨x⟩", "-l")) is None


@pytest.mark.parametrize("shell", ["sh", "/bin/sh", "bash"])
def test_a_shells_command_line_is_judged_as_one(judged, shell):
    control = vector(shell, "-c", "ls '⟨a⟩'")
    assert judged(Sink.COMMAND, vector(shell, "-c", "ls '⟨a'; id; '⟩'"), control).kind is ViolationKind.SHELL_INJECTION
    assert judged(Sink.COMMAND, vector(shell, "-c", "ls '⟨a; id⟩'"), control) is None
    assert (
        judged(Sink.COMMAND, vector(shell, "-c", 'ls "$1"', "x", "⟨a; id⟩"), vector(shell, "-c", 'ls "$1"', "x", "⟨a⟩")) is None
    )


@pytest.mark.parametrize("text", ["not json ⟨a⟩", '{"⟨a⟩": 1}', "[[[⟨", '[1, "⟨a⟩"]', "[]", "[" * 60000 + "⟨a⟩"])
def test_what_is_no_vector_is_no_escape(judged, text):
    assert judged(Sink.COMMAND, text, vector("ls", "⟨a⟩")) is None


def test_the_word_of_a_parameter_is_data_up_to_its_brace(judged):
    control = 'ls "${DIR:-⟨x⟩}"'
    assert judged(Sink.SHELL, 'ls "${DIR:-⟨a; b⟩}"', control) is None
    assert judged(Sink.SHELL, 'ls "${DIR:-⟨a}"; id; "⟩}"', control) is not None
    assert judged(Sink.SHELL, 'ls "${DIR:-⟨a$(id)⟩}"', control) is not None
    assert judged(Sink.SHELL, "ls ⟨a${IFS}b⟩", "ls ⟨x⟩") is not None


def test_here_documents_confine_text_and_are_left_by_their_end(judged):
    control = "cat <<EOF\n⟨a⟩\nEOF\n"
    assert judged(Sink.SHELL, "cat <<EOF\n⟨a; b\nc > d⟩\nEOF\n", control) is None
    assert judged(Sink.SHELL, "cat <<EOF\n⟨a\nEOF\nid⟩\nEOF\n", control) is not None
    assert judged(Sink.SHELL, "cat <<EOF\n⟨a $(id)⟩\nEOF\n", control) is not None
