"""A pattern is changed in the literals that it is written in, or not at all."""

import re

import libcst as cst
import pytest

from mithridate.repair.python.pattern_automaton import Alphabet, minimal, positions, states
from mithridate.repair.python.pattern_text import set_text, texts_of
from mithridate.repair.python.pattern_tree import Chars, inside, parse
from mithridate.repair.python.source import Source
from mithridate.repair.python.written_patterns import Written, written


def of(text: str) -> list[Written]:
    """The patterns that the last assignment of a file is put together of."""
    source = Source("app.py", text.encode())
    *_, last = [n for n in source.nodes() if isinstance(n, cst.Assign)]
    return list(written(source, last.value))


def changed(text: str, pattern: str) -> str | None:
    (only,) = of(text)
    edits = only.edits(pattern)
    if edits is None:
        return None
    after = only.source.edited(edits)
    assert after is not None, "edits leave Python behind"
    return after.decode()


@pytest.mark.parametrize(
    ("text", "pattern", "after"),
    [
        ('P = r"a+b"\n', "a*b", 'P = r"a*b"\n'),
        ('P = "\\S+"\n', r"\n+", 'P = "\\\\n+"\n'),
        ('P = "\\\\d\\u00e9\\x41"\n', "\\w\xe9A", 'P = "\\\\w\\u00e9\\x41"\n'),
        ("P = b'a\\xff+'\n", "b\xff+\xe9", "P = b'b\\xff+\\xe9'\n"),
        ('P = "ab" \'cd\' + r"ef"\n', "aXb'cd'eYf", None),
        ('P = "ab" \'cd\' + r"ef"\n', "aXbcdeYf", 'P = "aXb" \'cd\' + r"eYf"\n'),
        ('P = "ab" "cd"\n', "aXXd", None),
        ('P = r"ab"\n', 'a"b', None),
        ('P = "a\\\nb"\n', "acb", 'P = "a\\\ncb"\n'),
        ('P = "\\N{DIGIT ONE}a"\n', "1b", 'P = "\\N{DIGIT ONE}b"\n'),
    ],
)
def test_literals_stay_as_they_are_written_but_for_what_changes(text: str, pattern: str, after: str | None) -> None:
    assert changed(text, pattern) == after


def test_names_that_are_added_stand_for_parts_that_are_written_elsewhere() -> None:
    parts = of('A = "x+"\nB = A + "y" "z"\nP = "a" + B + "c"\n')
    assert [(p.value, p.whole) for p in parts] == [("a", False), ("c", False), ("yz", False), ("x+", False)]
    assert [(p.value, p.whole, p.octets) for p in of('P = b"a" b"c"\n')] == [("ac", True, True)]
    assert of("P = P\n") == [] and of("P = run()\n") == []


def table(pattern: str) -> tuple[Alphabet, list[str]]:
    tree = parse(pattern)
    assert tree is not None
    alphabet = Alphabet([pattern[n.start : n.end] for n in inside(tree) if isinstance(n, Chars)], 0, octets=False)
    return alphabet, texts_of(minimal(states(positions(pattern, tree, alphabet), alphabet)), alphabet)


def test_an_automaton_is_written_in_several_ways_the_shortest_first_or_not_at_all() -> None:
    _, texts = table("(?:ab|a)*")
    assert texts[0] == "(?:a+b)*a*" and all(re.fullmatch(text, "abaab") and not re.fullmatch(text, "abb") for text in texts)
    assert table("(?:(?:a|b)*a(?:a|b){6}|a*)")[1] == []


@pytest.mark.parametrize("sets", [["[a-f]", "[^d]"], [r"\w", r"\s", "[-x]"], [".", r"\.", "[]^]"], ["[é-ü]", r"\d", '"']])
def test_sets_are_written_so_that_they_hold_the_same_characters(sets: list[str]) -> None:
    alphabet = Alphabet(sets, 0, octets=False)
    for mask in range(1, alphabet.all + 1):
        text = set_text(mask, alphabet)
        if text is not None:
            assert Alphabet([*sets, text], 0, octets=False).runs_of(text) == alphabet.runs(mask), text
    assert set_text(alphabet.mask(sets[0]), alphabet) == sets[0]
