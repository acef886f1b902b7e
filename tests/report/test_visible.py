import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mithridate.report.visible import MARK, encodable, mark_name, shorten, visible

any_text = st.text(alphabet=st.characters(exclude_categories=()))
"""Every code point there is, lone surrogates included."""


@given(any_text)
@example("a\u202eb\x1b[2J\u200b\udcff\ud800\U000e0041")
def test_what_is_shown_is_always_printable_and_encodable(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    shown.encode("utf-8")


@given(any_text)
def test_showing_twice_changes_nothing_more(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(any_text)
def test_a_json_string_never_holds_a_lone_surrogate(text: str) -> None:
    encodable(text).encode("utf-8")


@given(st.characters(exclude_categories=()).filter(lambda c: not c.isprintable()))
def test_every_hidden_character_becomes_one_mark_with_a_name(character: str) -> None:
    mark = visible(character)
    assert MARK.fullmatch(mark)
    assert mark_name(mark)


def test_ordinary_text_of_any_script_stays_as_it_is() -> None:
    for text in ("read_chunk", "größe.c", "размер.c", "サイズ.c", "a b"):
        assert visible(text) == text


def test_a_bidirectional_override_is_named() -> None:
    assert visible("a\u202eb") == "a‹U+202E›b"
    assert mark_name("‹U+202E›") == "U+202E RIGHT-TO-LEFT OVERRIDE"


def test_bytes_that_are_no_utf8_show_their_value() -> None:
    name = b"caf\xe9.c".decode("utf-8", "surrogateescape")
    assert visible(name) == "caf‹0xE9›.c"
    assert encodable(name) == "caf\\xe9.c"
    assert "not valid UTF-8" in mark_name("‹0xE9›")


@pytest.mark.parametrize(("hidden", "mark"), [("\x1b", "‹ESC›"), ("\n", "‹LF›"), ("\t", "‹TAB›"), ("\x7f", "‹DEL›")])
def test_controls_carry_their_names(hidden: str, mark: str) -> None:
    assert visible(hidden) == mark


def test_kept_characters_stay() -> None:
    assert visible("\tx\n", keep="\t") == "\tx‹LF›"


def test_shortened_text_says_how_much_is_missing() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefgh", 6) == "abcdef… (2 more characters)"
