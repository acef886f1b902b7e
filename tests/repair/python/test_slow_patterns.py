"""Patterns that take too long are changed where, and how, they are written."""

from dataclasses import replace
from pathlib import Path

import pytest

from mithridate.model.violation import Frame
from mithridate.model.violation import ViolationKind as K

from .vulnerable import at, patched, proposals

SLOW = """import re

START = re.compile(rb"^\\s*<?\\s*~")
END = re.compile(rb"\\s*~\\s*>?\\s*$")


def run(data):
    data = START.sub(b"", data)
    return END.sub(b"", data)
"""


def test_patterns_of_bytes_are_rewritten_each_and_all_together(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text(SLOW)
    made = proposals(tree, at(K.SUPERLINEAR_TIME, 9, "run"))
    texts = [(patched(tree, p, tmp_path / f"p{n}") / "app.py").read_text() for n, p in enumerate(made)]
    assert 'START = re.compile(rb"^\\s*<?\\s*~")\nEND = re.compile(rb"(?<!\\s)\\s*~\\s*(?:>\\s*)?$")' in texts[0]
    both = 'START = re.compile(rb"^\\s*(?:<\\s*)?~")\nEND = re.compile(rb"(?<!\\s)\\s*~\\s*(?:>\\s*)?$")'
    assert sum(both in text for text in texts) == 1
    bound = [text for text in texts if "len(" in text]
    assert bound and all("if len(data) > 1000:" in text for text in bound), "the text, and not what stands in its place"


@pytest.mark.parametrize(("prefix", "written"), [("r", r"\1"), ("", r"\\1")])
def test_a_pattern_with_a_backslash_is_put_so_that_it_stays_one(tmp_path: Path, prefix: str, written: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text(f'import re\n\n\ndef run(text):\n    return re.search({prefix}"(?:a+b?)+c", text)\n')
    made = proposals(tree, at(K.SUPERLINEAR_TIME, 5, "run"))
    texts = [(patched(tree, p, tmp_path / f"p{n}") / "app.py").read_text() for n, p in enumerate(made)]
    assert any(f'{prefix}"(?=((?:a+b?)+)){written}c"' in text for text in texts)


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        pytest.param(
            """import re

HOST = re.compile(
    # name
    "(?:[a-z\\u00e9]-?)*[a-z\\u00e9]+"
    "\\.(?:com|org)",
    re.IGNORECASE | re.ASCII,
)


def run(text):
    return HOST.match(text)
""",
            12,
            '    "[a-z\\u00e9](?:-?[a-z\\u00e9])*"\n    "\\.(?:com|org)",\n',
            id="several literals, with escapes that stay",
        ),
        pytest.param(
            """import re

SPECIAL = re.escape(b"()")
WORD = rb"(?:x-?)*x+"
NAME = rb"([^" + SPECIAL + rb"]+)=" + WORD
PARAMETER = re.compile(NAME)


def run(text):
    return PARAMETER.findall(text)
""",
            10,
            'WORD = rb"x(?:-?x)*"\n',
            id="bytes under a name that is added to others",
        ),
        pytest.param(
            "import re\n\n\ndef run(text):\n    return re.sub('(?:\\\\s|\\\\n)+$', '', text, flags=re.UNICODE)\n",
            5,
            "re.sub('(?<!\\\\s)\\\\s+$', '', text",
            id="a literal that is not raw",
        ),
        pytest.param(
            """import re

QUOTED = re.compile(r'"((?:\\\\.|[^"])*)"')


def run(text):
    return QUOTED.search(text)
""",
            7,
            """re.compile(r'"((?:\\\\.|[^"\\\\])*)"')""",
            id="an escape",
        ),
    ],
)
def test_patterns_are_changed_where_and_how_they_are_written(tmp_path: Path, text: str, line: int, expected: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text(text)
    made = proposals(tree, at(K.SUPERLINEAR_TIME, line, "run"))
    after = [(patched(tree, p, tmp_path / f"p{n}") / "app.py").read_text() for n, p in enumerate(made)]
    assert any(expected in one for one in after), after


def test_a_pattern_of_unknown_flags_stays(tmp_path: Path) -> None:
    text = "import re\n\n\ndef run(text, flags):\n    return re.search('(?:x-?)*x+', text, flags)\n"
    (tmp_path / "app.py").write_text(text)
    assert not any("x(?:-?x)*" in p.diff for p in proposals(tmp_path, at(K.SUPERLINEAR_TIME, 5, "run")))
    (tmp_path / "app.py").write_text(text.replace("x+', text, flags)", "x+', text, re.I)"))
    assert any("x(?:-?x)*" in p.diff for p in proposals(tmp_path, at(K.SUPERLINEAR_TIME, 5, "run")))


def test_a_pattern_of_another_file_of_the_package_is_found(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "words.py").write_text("import re\n\nWORD = re.compile('(?:x-?)*x+')\n")
    (tmp_path / "shop" / "app.py").write_text("from .words import WORD\n\n\ndef run(text):\n    return WORD.search(text)\n")
    made = proposals(tmp_path, at(K.SUPERLINEAR_TIME, 5, "run", "shop/app.py"))
    assert any("+++ b/shop/words.py" in p.diff and "x(?:-?x)*" in p.diff for p in made)


def test_a_pattern_out_of_a_table_is_found_by_its_text(tmp_path: Path) -> None:
    (tmp_path / "words.py").write_text("import re\n\nTABLE = [('(?:x-?)*x+', 1), ('y+', 2)]\n")
    text = """import re

FLAGS = re.ASCII | re.IGNORECASE
TABLE = [("y+", 1), ("(?:x-?)*x+", 2)]
READY = [(re.compile(pattern, FLAGS).match, kind) for pattern, kind in TABLE]


def run(text):
    return [kind for match, kind in READY if match(text)]
"""
    (tmp_path / "app.py").write_text(text)
    frames = (
        Frame(function="<listcomp>", file="/src/app.py", line=5, pattern="(?:x-?)*x+"),
        Frame(function="run", file="/src/app.py", line=9),
    )
    violation = replace(at(K.SUPERLINEAR_TIME, 5, "run"), frames=frames)
    made = [p.diff for p in proposals(tmp_path, violation)]
    assert any('+TABLE = [("y+", 1), ("x(?:-?x)*", 2)]' in diff for diff in made)
    (tmp_path / "app.py").write_text(text.replace("re.ASCII |", "unknown() |"))
    assert not any("x(?:-?x)*" in p.diff for p in proposals(tmp_path, violation))
