import pytest

from .conftest import MARKED, Observe


@pytest.mark.parametrize("function", ["compile", "match", "search", "fullmatch", "findall", "split"])
def test_a_pattern_is_seen(observe: Observe, function: str) -> None:
    rest = "" if function == "compile" else ", 'text'"
    found = observe(f"import re\ndef run(data):\n    return repr(re.{function}('a' + data{rest}))\n").only("regex")
    assert (found["api"], found["text"]) == (f"re.{function}", f"a{MARKED}")


def test_a_function_imported_by_name_is_watched_too(observe: Observe) -> None:
    assert observe("from re import sub\ndef run(data):\n    return sub(data, '', 'text')\n").only("regex")["api"] == "re.sub"


def test_what_is_matched_is_no_pattern_nor_what_the_library_makes_of_other_texts(observe: Observe) -> None:
    source = """
import fnmatch, re
def run(data):
    return bool(re.match('k', data)), re.sub('a', data, 'b'), fnmatch.fnmatch('x', data)
"""
    assert observe(source).records == []
