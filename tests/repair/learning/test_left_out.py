"""A learnt condition under which only the statement of the fault is run: how it is written."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from mithridate.repair.c.nodes import descendants, text
from mithridate.repair.c.source import parse
from mithridate.repair.learning.proposer import _joined, _left_out

HEAD = "void named(char *text, int kind)\n{\n"
TAIL = '    snprintf(text, 8, "%s", name);\n}\n'


def written(body: str, at: str, opposite: str = "kind <= 3", how: Callable[[Any], bytes | None] = _left_out) -> str | None:
    source = parse("a.c", (HEAD + body + TAIL).encode())
    (function,) = source.functions
    kinds = {"expression_statement", "if_statement", "while_statement"}
    node = next(n for n in descendants(function.body, kinds) if text(n).startswith(at))
    place = SimpleNamespace(at=node, source=source, function=function)
    guard: Any = SimpleNamespace(
        evidence=SimpleNamespace(place=place), learnt=SimpleNamespace(condition=SimpleNamespace(opposite=opposite))
    )
    content = how(guard)
    return None if content is None else content.decode().removeprefix(HEAD).removesuffix(TAIL)


@pytest.mark.parametrize(
    ("body", "at", "after"),
    [
        ("    copy(name, kind);\n", "copy", "    if (kind <= 3)\n        copy(name, kind);\n"),
        ("    if (kind > 0)\n        copy(name, kind);\n", "copy", "    if (kind > 0 && kind <= 3)\n        copy(name, kind);\n"),
        ("    if (names[kind])\n        note();\n", "if", "    if (kind <= 3 && names[kind])\n        note();\n"),
        (
            "    if (a || b)\n        copy(name, kind);\n",
            "copy",
            "    if ((a || b) && kind <= 3)\n        copy(name, kind);\n",
        ),
    ],
)
def test_it_goes_with_the_condition_that_is_there(body: str, at: str, after: str) -> None:
    assert written(body, at) == after


def test_an_alternative_is_not_run_instead() -> None:
    assert written("    if (names[kind])\n        note();\n    else\n        other();\n", "if") is None


CHECKED = """    int held[4] = {0};
    if (kind >= 0) {
        {
            held[kind] = 1;
        }
    } else {
        note("negative");
    }
"""


def test_it_goes_with_the_check_whose_other_branch_complains() -> None:
    after = written(CHECKED, "held[kind]", "kind >= 0 && kind < 4", _joined)
    assert after == CHECKED.replace("kind >= 0", "kind >= 0 && kind < 4")


@pytest.mark.parametrize(
    "other",
    [
        CHECKED.replace('note("negative");', "kind = 0;"),  # that is another way to go on
        CHECKED.replace("        {\n", "        kind += 2;\n        {\n"),  # it is another number then
        CHECKED.replace("kind >= 0", "text[0]"),  # a check of something else
        CHECKED.replace("    int held[4] = {0};\n", "").replace("        {\n", "        int held[4] = {0};\n        {\n"),
    ],
)
def test_a_check_that_cannot_ask_it_is_left_alone(other: str) -> None:
    assert written(other, "held[kind]", "kind >= 0 && (size_t)kind < sizeof(held)", _joined) is None
