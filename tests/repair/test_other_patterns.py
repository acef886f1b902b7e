"""A change of a pattern is told when a text can be shown of which it takes something else."""

from pathlib import Path

import pytest

from mithridate.model.violation import Violation
from mithridate.model.violation import ViolationKind as K
from mithridate.repair.diff import made
from mithridate.repair.interface import Shown
from mithridate.repair.python.compared_patterns import Unknown, apart, difference
from mithridate.repair.symptoms import other_patterns as module
from mithridate.repair.symptoms.interface import Patched, changes
from mithridate.repair.symptoms.other_patterns import OtherPatterns
from mithridate.repair.symptoms.registry import RULES


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (r"(?:x-?)*x+", r"x(?:-?x)*", None),
        (r"'(''|\\\\|\\'|[^'])*'", r"'(''|\\\\|\\'|[^'\\]|\\(?!['\\]))*'", r"'\'"),
        (r'"(?:\\.|[^"])*"', r'"(?:\\.|[^"\\])*"', r'"\"'),
        (r"^(?P<name>.+?)-(.+?)-([a-z]+)-any\.whl$", r"^(?P<name>[^-\n]+?)-(.+?)-([a-z]+)-any\.whl$", "--0-a-any.whl"),
        ("a+b", "a+", "a"),
        ("a|ab", "ab|a", "ab"),
        ("(a+)+$", "(?<!a)(a+)$", None),
    ],
)
def test_texts_that_patterns_do_not_take_alike_are_found(old: str, new: str, text: str | None) -> None:
    assert difference(old, new, 0) == text


def test_a_pattern_that_takes_for_ever_ends_the_comparison_and_nothing_else() -> None:
    with pytest.raises(Unknown):
        apart(("(?:a+)+b", "a+b"), ["a" * 60 + "c"], 0)
    with pytest.raises(Unknown):
        apart(("(", "a"), ["a"], 0)
    with pytest.raises(Unknown):
        difference("(?:" * 12 + "a" + "){9}" * 12, "a", 0)


OLD = """import re

WORD = re.compile(r"(?:\\\\\\.|[^;])*;")
SAME = re.compile("a+")


def run(text):
    return WORD.match(text)
"""


@pytest.mark.parametrize(
    ("old", "new", "kind", "told"),
    [
        (
            'r"(?:\\\\\\.|[^;])*;"',
            'r"(?:\\\\\\\\.|[^;\\\\\\\\])*;"',
            K.SUPERLINEAR_TIME,
            ["app.py:3: of '\\\\;' it does not take what it took"],
        ),
        ('r"(?:\\\\\\.|[^;])*;"', 'r"(?:\\\\\\\\.|[^;\\\\\\\\])*;"', K.SQL_INJECTION, []),
        ('"a+"', '"a[a]*"', K.SUPERLINEAR_TIME, []),
        ('"a+"', '"a"', K.TIMEOUT, ["app.py:4: of 'aa' it does not take what it took"]),
        ("WORD.match(text)", "WORD.match(text) if text else '+'", K.SUPERLINEAR_TIME, []),
    ],
)
def test_a_changed_pattern_that_takes_other_texts_is_a_symptom_against_slowness(
    old: str, new: str, kind: K, told: list[str], tmp_path: Path
) -> None:
    assert old in OLD
    assert signs(tmp_path, OLD.replace(old, new), kind) == told


def test_a_comparison_that_takes_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(*_: object, **__: object) -> str:
        raise Unknown

    monkeypatch.setattr(module, "difference", too_long)
    told = ["app.py:4: whether it takes the same texts could not be found out"]
    assert signs(tmp_path, OLD.replace('"a+"', '"a*"'), K.SUPERLINEAR_TIME) == told


def signs(tmp_path: Path, new: str, kind: K) -> list[str]:
    """What the rule says, asked with all others."""
    (tmp_path / "app.py").write_text(OLD)
    diff = made({"app.py": (OLD.encode(), new.encode())})
    proof = Shown(entry_id="door", data=b"", violation=Violation(kind=kind, detector="growth", message=""))
    patched = Patched(tree=tmp_path, changes=changes(diff, tmp_path), proofs=(proof,), numbers={})
    return [sign.told for rule in RULES for sign in rule.look(patched) if sign.rule == OtherPatterns.name]
