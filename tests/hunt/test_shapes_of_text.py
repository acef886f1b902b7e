"""Shapes that wear parsers down, written out: what is repeated, where, and what stands around it."""

from collections.abc import Iterable

from mithridate.hunt.engines.calls.scalable import Scalable
from mithridate.hunt.engines.calls.shapes_of_text import behind, cuts, generic, nesting, of_constants, of_sample


def written(shapes: Iterable[Scalable], times: int = 2) -> dict[str, list[str]]:
    """The texts by where they come from."""
    texts: dict[str, list[str]] = {}
    for shape in shapes:
        texts.setdefault(shape.origin, []).append("".join(text * times if again else text for text, again in shape.parts))
    return texts


def test_a_sample_is_repeated_as_a_whole_by_lines_and_by_tokens() -> None:
    texts = written(of_sample("a=1\n\nb=1\n"))
    whole, *rest = texts["sample"]
    assert whole == "a=1\n\nb=1\n" * 2
    lines, tokens = rest[:2], rest[2:]
    assert lines == ["a=1\na=1\n\nb=1\n", "a=1\n\nb=1\nb=1\n"], "each line in its place, but for the empty one"
    assert tokens == ["aa=1\n\nb=1\n", "a==1\n\nb=1\n", "a=11\n\nb=1\n", "a=1\n\n\n\nb=1\n", "a=1\n\nbb=1\n", "a=1\n\nb=1\n\n"], (
        "each different one once"
    )
    assert texts["sample, cut"] == ["aa", "a==", "a=11", "a=1\n\nbb"], "nothing behind it, and no spaces alone"


def test_a_sample_of_one_line_is_no_line_of_its_own() -> None:
    assert written(of_sample("ab", "mine")) == {"mine": ["abab", "abab"], "mine, cut": ["abab"]}


def test_a_sample_without_end_is_looked_at_to_a_bound() -> None:
    many = "".join(f"{chr(97 + n % 26)}{n}\n" for n in range(3000))
    shapes = list(of_sample(many))
    assert max(shape.unit + shape.fixed for shape in shapes) == 4000
    assert sum(shape.origin == "sample" for shape in shapes) == 1 + 8 + 28


def test_short_signs_of_a_package_are_repeated_alone_and_between_letters() -> None:
    assert written(of_constants(["::", "word", "1", "a sentence that is long", "-->"])) == {
        "constant": ["::::", "::a::a", "-->-->", "-->a-->a"]
    }


def test_shapes_stand_behind_a_word_and_a_sign_at_which_input_is_split() -> None:
    shape, _ = of_constants(["#"])
    made = list(behind([shape], ["name", " ", "=>", ";", "x" * 13, "::::"], most=2))
    assert [one.origin for one in made] == ["behind ';'", "behind '=>'"], "the shortest first"
    assert [one.parts[1:] for one in made] == [shape.parts] * 2
    assert [(one.parts[0][0][-1:], one.parts[0][1]) for one in made] == [(";", False), (">", False)]


def test_a_reader_meets_the_end_behind_each_token() -> None:
    assert list(cuts('{"a": 1}')) == ['{"', '{"a', '{"a":', '{"a": ', '{"a": 1', '{"a": 1}']
    assert 48 <= len(list(cuts("a " * 1000))) <= 49, "of very many, chosen evenly"


def test_what_is_nested_is_closed_as_often_as_it_is_opened() -> None:
    texts = written(nesting(), 3)["nesting"]
    assert "[[[" + "]]]" in [text.replace("a", "") for text in texts]
    assert any(text.startswith("<a><a><a>") and text.endswith("</a></a></a>") for text in texts)


def test_what_fits_many_languages_comes_with_its_end_missing_and_within_quotes() -> None:
    texts = written(generic(), 3)
    assert "(((" in texts["repeat"] and "((a((a((a" in texts["repeat"]
    assert "[[[a" in texts["unterminated"] and "<!--<!--<!--a" in texts["unterminated"]
    assert '"\\"\\"\\""' in texts["quoted"] and "a='&a;&a;&a;'" in texts["quoted"]
