"""A pattern in one way knows the same texts, takes as much of each, and keeps its groups."""

import re
from functools import cache
from itertools import product

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from mithridate.repair.python import one_way as module
from mithridate.repair.python.compared_patterns import Unknown, difference
from mithridate.repair.python.one_way import ended, escaped, one_way
from mithridate.repair.python.pattern_automaton import (
    Alphabet,
    TooLarge,
    ambiguous,
    minimal,
    positions,
    prefix_free,
    same,
    states,
)
from mithridate.repair.python.pattern_tree import Chars, inside, parse

KNOWN = {
    "(?:x-?)*x+": "x(?:-?x)*",
    r"(?:\S+(?::\S*)?@)?": r"(?:\S+@)?",
    r"(?:\r\n|\r|\n){1}\s*$": r"[\r\n]\s*$",
    r"((?:\r\n|\r|\n)+ *)+ *$": r"([\r\n]+ *)+ *$",
    r"(?:\w+\s*)*:": r"(?:\w[\w\s]*)?:",
    "^(a(?:b|bb)*c)$": "^(ab*c)$",
    r"((x|yz)?(x|yz)?\.)+$": r"(?:(?=((x|yz)?(x|yz)?\.))\1)+$",
    "(?i)(?:a|A|b)+(?:[B]c)*c": None,
}
VERBOSE = """
    (?: x -? ) *  # words (and such
    [ #x]x +
    \\#
"""
LINEAR = [
    "^a+b$",
    "(a|b)*",
    "(?:a|bc)*",
    r"(?:<[^>]*>)*",
    "a*?a*?",
    "(a+)+b",
    r"(?=(?:a+)+)\w",
    "(?x) (?:a) # (?:a+)+\n b",
    "(a)(?:\\1)+",
    "a{2,5}b*",
]


@pytest.mark.parametrize(("pattern", "other"), KNOWN.items())
def test_it_is_written_with_the_sets_of_the_pattern(pattern: str, other: str | None) -> None:
    if other is not None:
        assert one_way(pattern) == other
    made = one_way(pattern)
    assert made is not None
    assert re.compile(made).groups == re.compile(pattern).groups


@pytest.mark.parametrize("pattern", LINEAR)
def test_what_has_one_way_or_keeps_what_changes_with_it_stays(pattern: str) -> None:
    assert one_way(pattern) is None


@cache
def written(pattern: str) -> str | None:
    return one_way(pattern)


@pytest.mark.parametrize("pattern", KNOWN)
@given(text=st.text(alphabet="xyzabcABC-.:@_ \r\né", max_size=10))
def test_the_same_is_matched(pattern: str, text: str) -> None:
    made = written(pattern)
    assert made is not None
    before, after = ([m.span() for m in re.finditer(p, text)] for p in (pattern, made))
    assert before == after
    assert bool(re.fullmatch(pattern, text)) == bool(re.fullmatch(made, text))


def _atoms() -> st.SearchStrategy[str]:
    return st.sampled_from(["a", "b", "[ab]", r"\w", ".", "[^a]", r"\\", "-"])


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    row = st.lists(inner, min_size=1, max_size=3).map("".join)
    choice = st.lists(row, min_size=2, max_size=3).map(lambda branches: f"(?:{'|'.join(branches)})")
    many = st.tuples(row, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}"])).map(lambda pair: f"(?:{pair[0]}){pair[1]}")
    kept = st.tuples(row, st.sampled_from(["*", "+", ""])).map(lambda pair: f"({pair[0]}){pair[1]}")
    return st.one_of(row, choice, many, kept)


@given(pattern=st.recursive(_atoms(), _wider, max_leaves=8), texts=st.lists(st.text(alphabet="ab-\\\n", max_size=7), max_size=8))
def test_any_pattern_is_left_or_made_an_equal_one(pattern: str, texts: list[str]) -> None:
    made = one_way(pattern)
    for text in texts if made is not None else []:
        assert bool(re.fullmatch(pattern, text)) == bool(re.fullmatch(made or "", text)), (made, text)
        before, after = re.match(pattern, text), re.match(made or "", text)
        assert (before and (before.span(), before.groups())) == (after and (after.span(), after.groups())), (made, text)


@given(pattern=st.recursive(_atoms(), _wider, max_leaves=6))
def test_an_automaton_knows_what_the_pattern_matches(pattern: str) -> None:
    tree = parse(pattern)
    assert tree is not None
    alphabet = Alphabet({pattern[n.start : n.end] for n in inside(tree) if isinstance(n, Chars)}, 0, octets=False)
    try:
        known = states(positions(pattern, tree, alphabet), alphabet)
    except TooLarge:
        reject()
    assert same(minimal(known), minimal(minimal(known)))
    letters = alphabet.letters()[:4]  # of the first bits
    found: set[str] = set()
    for text in ("".join(row) for n in range(5) for row in product(letters, repeat=n)):
        state: int | None = 0
        for letter in text:
            bit = letters.index(letter)
            state = known.steps[state].get(bit) if state is not None else None
        accepted = state is not None and state in known.ends
        assert accepted == bool(re.fullmatch(pattern, text)), text
        found |= {text} if accepted else set()
    if prefix_free(known):
        assert not any(one != two and two.startswith(one) for one in found for two in found)


@pytest.mark.parametrize(
    ("pattern", "several"),
    [
        ("(?:a|ab)(?:b|)", True),
        ("(?:ab)*", False),
        ("a*a*", True),
        ("(?:a|bc)*", False),
        ("(?:a*)*", True),
        ("a{1,3}", False),
        ("[ab]*a", False),
    ],
)
def test_a_pattern_that_takes_a_text_in_two_ways_is_told_from_one_that_does_not(pattern: str, several: bool) -> None:
    tree = parse(pattern)
    assert tree is not None
    alphabet = Alphabet({pattern[n.start : n.end] for n in inside(tree) if isinstance(n, Chars)}, 0, octets=False)
    assert ambiguous(positions(pattern, tree, alphabet)) is several


def test_what_would_take_more_of_a_text_is_not_made() -> None:
    assert one_way(r'"(?:\\.|[^"])*"') is None, "behind an escaped backslash the mark ends it, and a longest match goes on"
    assert escaped(r'"(?:\\.|[^"])*"', 0) == r'"(?:\\.|[^"\\])*"'
    assert escaped(r'"(?:\\.|[^"\\])*"', 0) is None
    some = escaped(r"'(''|\\\\|\\'|[^'])*'", 0)
    assert some == r"'(''|\\\\|\\'|[^'\\]|\\(?!['\\]))*'", "a backslash before other characters stands for itself"
    for text in (r"'a\b'", r"'a\'b'", r"'a\\'b'", "'a''b'", r"'\\\''"):
        assert [m.span() for m in re.finditer(r"'(''|\\\\|\\'|[^'])*'", text)] == [m.span() for m in re.finditer(some, text)], (
            text
        )


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        (r"(.+?)\((.*)\)", r"([^\n(]+?)\((.*)\)"),
        (r"^(?P<name>.+?)-(?P<rest>.+?)\.whl$", r"^(?P<name>[^\n\-]+?)-(?P<rest>.+?)\.whl$"),
        (r"([!-(]+?)\((.*)\)", r"([!-\x27]+?)\((.*)\)"),
        (r"(.*)-(.*)", None),
        (r"(\w+?)-", None),
    ],
)
def test_what_leads_up_to_a_character_ends_where_that_comes_first(pattern: str, other: str | None) -> None:
    assert ended(pattern, 0) == other


def test_bytes_are_bytes() -> None:
    assert one_way(r"(?:\w|\xe9)+\w*x", octets=True) == one_way(r"(?:\w|\xe9)+\w*x", re.ASCII)
    assert one_way(r"(?:\w|é)+x") == r"\w+x", "a letter, in text"


def test_what_is_blank_in_a_verbose_pattern_is_nothing() -> None:
    made = one_way(VERBOSE, re.VERBOSE)
    assert made is not None and made != VERBOSE and "# words (and such" not in made
    for text in ("x-xxx#", "xx #", " xx#", "##x#", "x-#", "xx#", "x x#", "xx- x#"):
        assert bool(re.fullmatch(VERBOSE, text, re.VERBOSE)) == bool(re.fullmatch(made, text, re.VERBOSE)), text
    assert one_way("(?x) (?: a +) + b", 0) == "(?x) a+ b"
    assert ended("(.+?) - (.*)", re.VERBOSE) == r"([^\n\-]+?) - (.*)"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(?:color|colors*)", "colors"),
        ("(https|httpsx*)(.*)", "httpsx"),
        (r"a*(?:a*b\0)1", "aab\x001"),
        (r"(a)\1(?:1*1*)b", "aa11b"),
        (r"((?:(x)|x)y)+(?(2)z|w)$", "xyw"),
        (r"((a?)(a?)b)+\2c$", "abc"),
        ("^(a{,}|b|b)+c", "bc"),
        ("(?x)^(b\xa0|b)+\xa0c$", "b\xa0c"),
        ("(?x)(?-x:#(a)\n)(b|b)+c", "#a\nbbc"),
    ],
)
def test_what_looks_like_one_way_and_is_another_is_left_or_right(pattern: str, text: str) -> None:
    before, after = (re.search(p, text) for p in (pattern, one_way(pattern) or pattern))
    assert (before and (before.span(), before.groups())) == (after and (after.span(), after.groups()))


def test_numbers_of_groups_of_a_part_are_others_in_the_whole() -> None:
    assert one_way("(b|b)+c") == r"(?:(?=(b|b))\1)+c"
    assert one_way("(b|b)+c", whole=False) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:(?:){50000000})*a*",
        "(?:" * 8 + "(?:){100}" + "){100}" * 8 + "*a*a*",
        "(?a)(?u)x",
        "(?:(?:a|b)*a(?:a|b){6}|a*)",
        "a{" + "9" * 5_000 + "}",
    ],
)
def test_what_is_made_to_take_long_is_left(pattern: str) -> None:
    assert one_way(pattern) in (None, pattern.replace("a*a*", "a*"))
    assert escaped(pattern, 0) is None


def test_sets_that_would_read_otherwise_are_escaped() -> None:
    assert ended(r"[^^a]([\^ab]+?)b(.*)", 0) == r"[^^a]([\^a]+?)b(.*)"
    other = escaped(r"[\\-](?:\\.|[^x\-])*", 0)
    assert other is not None and re.fullmatch(other, "-abcd")


def test_a_lazy_part_that_ends_in_one_place_only_is_written_anew() -> None:
    assert one_way("a*?a*?b") == "a*b"
    assert one_way("[ab]*?[ab]*?b") is None, "the first b ends it"


def test_what_is_written_is_checked_and_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 12
    monkeypatch.setattr(module, "texts_of", lambda *_: [f"(?:{long}y)?x*"])
    assert one_way("x*x*") is None, "which texts they know is compared, however long these are"
    monkeypatch.setattr(module, "set_text", lambda *_: "[^b]")
    assert ended("(.+?)-(.*)", 0) is None
    monkeypatch.undo()
    monkeypatch.setattr(module, "groups", lambda *_, **__: 7)
    assert one_way("x*x*") is None, "the tree is another one than the standard library's"


def test_one_comparison_that_takes_too_long_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def too_long(*given: object, **_: object) -> str:
        asked.append(given)
        raise Unknown

    monkeypatch.setattr(module, "apart", too_long)
    assert one_way("x*x*(?:y|y)*") is None
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("pattern", "flags", "other"),
    [
        (r"(.+?)\((.*)\)", re.DOTALL, r"(.[^(]*)\((.*)\)"),
        (r"(.+?)\((.*)\)", 0, r"(.[^\n(]*)\((.*)\)"),
        (r"^(?P<a>.*?):(?P<b>.*)$", 0, r"^(?P<a>[^\n:]*):(?P<b>.*)$"),
        ("(.{2,}?)-(.*)x", 0, r"(.{2}[^\n\-]*)-(.*)x"),
        ("([^;]+?)=(.*?);", re.DOTALL, "([^;][^;=]*)=(.*?);"),
        ("(?i)(.+?)x(.*)y", 0, r"(?i)(.[^\nx]*)x(.*)y"),
        ("([a-z]+?)b[a-z]*c", 0, None),
        ("((.+?)x(.*)y)*z", 0, r"((.[^\nx]*)x(.*)y)*z"),
    ],
)
def test_what_leads_up_to_the_first_end_is_written_without_it(pattern: str, flags: int, other: str | None) -> None:
    made = one_way(pattern, flags)
    assert made is not None and other in (None, made)
    for size in range(6):
        for text in map("".join, product("(ab)x-\n;=y", repeat=size)):
            before, after = re.match(pattern, text, flags), re.match(made, text, flags)
            assert (before and before.regs) == (after and after.regs), text


@pytest.mark.parametrize(
    "pattern",
    [
        "(.+?)-([a-z]*)c",  # what follows is not all that may come before
        r"(.+?)-(.*)\1",  # what is kept is looked for again
        "(.+?)--(.*)",  # the end is a word
        "(.+?)-(.+)",  # what follows has to be there
        "(.+?)-(.{,9})",
        "(.+?)-(.*)|",  # nothing is slow: the same, behind a choice
        "(.+?)[-](.*)",
        "([^-]+?)-(.*)",
        r"([^\n-]+?)-(.*)",  # ends there as it is
        "(-+?)-(.*)",
        "(.+)-(.*)",
    ],
)
def test_what_may_end_at_a_later_one_is_left(pattern: str) -> None:
    made = one_way(pattern)
    if made is not None:
        assert difference(pattern, made, 0) is None
    assert made is None or pattern.endswith("|")


def test_a_part_of_a_pattern_that_looks_back_from_elsewhere_is_left() -> None:
    assert one_way("(.+?)-(.*)", whole=False) is None
