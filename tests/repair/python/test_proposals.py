"""What proposals look like: the driver's placeholders, the framework's refusals, the file's own format."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mithridate.model.violation import Frame, Violation
from mithridate.model.violation import ViolationKind as K

from .vulnerable import at, patched, proposals


def repaired(tmp_path: Path, source: str, kind: K, line: int, function: str = "run", rank: int = 0) -> str:
    """The file after the proposal of that rank."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_bytes(source.encode())
    made = proposals(tree, at(kind, line, function))
    assert made
    return (patched(tree, made[rank], tmp_path / "patched") / "app.py").read_bytes().decode()


@pytest.mark.parametrize(
    ("driver", "placeholder"),
    [("sqlite3", "?"), ("psycopg", "%s"), ("pymysql", "%s"), ("django.db", "%s"), ("asyncpg", "$1"), ("oracledb", ":1")],
)
def test_placeholders_are_those_of_the_driver(tmp_path: Path, driver: str, placeholder: str) -> None:
    source = f'import {driver}\n\n\ndef run(cursor, name):\n    cursor.execute("SELECT 1 FROM a WHERE b = \'" + name + "\'")\n'
    after = repaired(tmp_path, source, K.SQL_INJECTION, 5)
    bound = "name" if placeholder == "$1" else "(name,)"
    assert f'execute("SELECT 1 FROM a WHERE b = {placeholder}", {bound})' in after


def test_a_statement_of_sqlalchemy_gets_named_parameters(tmp_path: Path) -> None:
    source = "from sqlalchemy import text\n\n\ndef run(session, name):\n"
    source += "    session.execute(text(f\"SELECT 1 FROM a WHERE b = '{name}'\"))\n"
    after = repaired(tmp_path, source, K.SQL_INJECTION, 5)
    assert 'execute(text("SELECT 1 FROM a WHERE b = :value1"), {"value1": name})' in after


def test_a_percent_sign_is_doubled_where_the_driver_formats(tmp_path: Path) -> None:
    source = "import psycopg\n\n\ndef run(c, a, b):\n    c.execute(f\"SELECT 1 FROM t WHERE x LIKE 'y%' AND z = '{a}'\")\n"
    assert "LIKE 'y%%' AND z = %s\", (a,))" in repaired(tmp_path, source, K.SQL_INJECTION, 5)


def test_numbers_and_lists_of_values_keep_their_place(tmp_path: Path) -> None:
    source = "import sqlite3\n\n\ndef run(c, a, b):\n    c.execute('SELECT 1 FROM t WHERE x = %s AND y = %d' % (a, b))\n"
    assert "'SELECT 1 FROM t WHERE x = ? AND y = ?', (a, b))" in repaired(tmp_path, source, K.SQL_INJECTION, 5)


def test_a_statement_of_several_lines_stays_one(tmp_path: Path) -> None:
    source = (
        'import sqlite3\n\n\ndef run(c, a):\n    c.execute(f"""\n        SELECT 1\n        FROM t WHERE x = \'{a}\'\n    """)\n'
    )
    after = repaired(tmp_path, source, K.SQL_INJECTION, 5)
    assert 'c.execute("""\n        SELECT 1\n        FROM t WHERE x = ?\n    """, (a,))' in after


def test_line_ends_and_tabs_are_kept(tmp_path: Path) -> None:
    source = "import os\r\nimport sys\r\n\r\n\r\n"
    source += "def run(root, name):\r\n\tpath = os.path.join(root, name)\r\n\treturn open(path).read()\r\n"
    after = repaired(tmp_path, source, K.PATH_TRAVERSAL, 7)
    assert "\n" not in after.replace("\r\n", "")
    assert "\r\n\tif os.path.commonpath(" in after
    assert "\r\n\t\traise ValueError(" in after


@pytest.mark.parametrize(
    ("head", "refusal"),
    [
        ("from flask import request\n", "    abort(404)"),
        ("from django.http import HttpResponse\n", "    raise Http404"),
        ("from fastapi import FastAPI\n", "    raise HTTPException(status_code=404)"),
        ("from aiohttp import web\n", "    raise web.HTTPNotFound"),
        ("import sys\n", "    raise ValueError("),
    ],
)
def test_a_refusal_is_that_of_the_framework(tmp_path: Path, head: str, refusal: str) -> None:
    source = head + "import os\n\n\ndef run(name):\n    path = os.path.join('a', name)\n    return open(path).read()\n"
    assert refusal in repaired(tmp_path, source, K.PATH_TRAVERSAL, 7)


def test_a_function_refuses_as_it_does_already(tmp_path: Path) -> None:
    source = (
        "import os\nfrom flask import request, jsonify\n\n\ndef run():\n    name = request.args.get('a')\n    if not name:\n"
        "        return jsonify(error='name'), 400\n    return open(os.path.join('d', name)).read()\n"
    )
    after = repaired(tmp_path, source, K.PATH_TRAVERSAL, 9)
    assert after.count("return jsonify(error='name'), 400") == 2


def test_django_checks_redirects_with_its_own_function(tmp_path: Path) -> None:
    source = (
        "from django.shortcuts import redirect\n\n\ndef run(request):\n    target = request.GET.get('next', '/')\n"
        "    return redirect(target)\n"
    )
    assert "url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}" in repaired(
        tmp_path, source, K.OPEN_REDIRECT, 6
    )


def test_a_filter_of_ldap_is_escaped_by_the_library_in_use(tmp_path: Path) -> None:
    source = "import ldap3\n\n\ndef run(c, name):\n    c.search('dc=a', f'(uid={name})')\n"
    after = repaired(tmp_path, source, K.LDAP_INJECTION, 5)
    assert "from ldap3.utils.conv import escape_filter_chars\n" in after
    assert "(uid={escape_filter_chars(name)})" in after


def test_a_pickle_of_plain_data_is_still_read(tmp_path: Path) -> None:
    source = "import pickle\n\n\ndef run(data):\n    return pickle.loads(data)\n"
    after = repaired(tmp_path, source, K.UNSAFE_DESERIALISATION, 5)
    assert "return PlainUnpickler(io.BytesIO(data)).load()" in after
    assert "def find_class(self, module, name):" in after


def test_a_header_loses_its_line_ends(tmp_path: Path) -> None:
    source = "def run(self, name):\n    self.send_header('X-Name', name)\n"
    assert r"""str(name).replace("\r", "").replace("\n", "")""" in repaired(tmp_path, source, K.HEADER_INJECTION, 2)


def test_a_template_escapes_again(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "templates").mkdir(parents=True)
    (tree / "templates" / "page.html").write_text("<p>{{ name | safe }}</p>\n")
    (tree / "app.py").write_text(
        "from flask import render_template\n\n\ndef run(name):\n    return render_template('page.html', name=name)\n"
    )
    proposal, *_ = proposals(tree, at(K.CROSS_SITE_SCRIPTING, 5, "run"))
    assert "+<p>{{ name }}</p>" in proposal.diff


@pytest.mark.parametrize("kind", sorted(k for k in K if k is not K.CROSS_SITE_SCRIPTING))
def test_code_that_has_none_of_it_gets_no_proposal(tmp_path: Path, kind: K) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text('"""Nothing."""\n\n\ndef run(a, b):\n    c = a if b else None\n    return c\n')
    assert proposals(tree, at(kind, 6, "run")) == []


@pytest.mark.parametrize("kind", sorted(k for k in K))
def test_files_that_cannot_be_read_are_passed_over(tmp_path: Path, kind: K) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_bytes(b"def run(:\n  \xff\n")
    assert proposals(tree, at(kind, 1, "run")) == []


def test_a_frame_whose_function_is_elsewhere_changes_nothing(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text("import yaml\n\n\ndef run(data):\n    return yaml.load(data, Loader=yaml.Loader)\n")
    assert proposals(tree, at(K.UNSAFE_DESERIALISATION, 5, "run"))
    assert proposals(tree, at(K.UNSAFE_DESERIALISATION, 5, "other")) == []
    assert proposals(tree, at(K.UNSAFE_DESERIALISATION, 2, "run")) == []


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


DEEP = """import errors


class Decoder:
    def value(self, data, decode, **options):
        return decode(data[1:], **options)

    def __call__(self, data, **options):
        if not data:
            raise errors.TooShort("at %d" % len(data))
        if data[0] > 9:
            raise errors.Malformed("tag %d" % data[0])
        return self.value(data, self, **options)


def other(data):
    raise errors.Malformed("never")
"""


def test_functions_that_hand_their_options_on_count_their_depth_in_these(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text(DEEP)
    frames = tuple(Frame(function=f, file="/src/app.py", line=n) for f, n in [("value", 6), ("__call__", 13)] * 4)
    made = proposals(tree, Violation(kind=K.STACK_EXHAUSTION, detector="growth", message="", frames=frames))
    after = [(patched(tree, p, tmp_path / f"p{n}") / "app.py").read_text() for n, p in enumerate(made)]
    count = '        options["nesting"] = options.get("nesting", 0) + 1\n        if options["nesting"] > 100:\n'
    refused = f'    def __call__(self, data, **options):\n{count}            raise errors.Malformed("nested too deeply")\n'
    own = [text for text in after if f"    def __call__(self, data, **options):\n{count}" in text]
    assert refused in own[0] and 'errors.TooShort("nested' in own[1], "first the exception that its file raises most"
    assert any(f"    def value(self, data, decode, **options):\n{count}" in text for text in after)


@pytest.mark.parametrize(
    ("name", "rest", "refusal"),
    [
        ("exists", "return True if found else bool(name)", "return False"),
        ("is_hidden", "return True if found else bool(name)", 'raise ValueError("'),
        ("contains_virus", "return True if found else bool(name)", 'raise ValueError("'),
        ("exists", "return found", 'raise ValueError("'),
        ("exists", 'raise LookupError("no")', 'raise LookupError("'),
    ],
)
def test_a_function_that_says_yes_or_no_says_no(tmp_path: Path, name: str, rest: str, refusal: str) -> None:
    source = f"import os\n\n\ndef {name}(name):\n    if not name:\n        return False\n"
    source += f'    found = os.path.exists(os.path.join("a", name))\n    {rest}\n'
    after = repaired(tmp_path, source, K.PATH_TRAVERSAL, 7, name)
    assert f"\n        {refusal}" in after.partition("commonpath")[2]


def test_an_exception_that_only_a_class_can_name_is_not_raised_elsewhere(tmp_path: Path) -> None:
    source = "import os\n\n\ndef run(name):\n    return open(os.path.join('a', name)).read()\n\n\n"
    source += "class C:\n    def f(self):\n        raise self.error('x')\n\n    def g(self):\n        raise self.error('y')\n"
    assert "raise ValueError(" in repaired(tmp_path, source, K.PATH_TRAVERSAL, 5)


def test_what_a_file_raises_for_other_reasons_is_no_refusal(tmp_path: Path) -> None:
    source = "import os\n\n\ndef run(name):\n    return open(os.path.join('a', name)).read()\n\n\n"
    source += "def f():\n    raise NotImplementedError('x')\n\n\ndef g():\n    raise NotImplementedError('y')\n"
    assert "raise ValueError(" in repaired(tmp_path, source, K.PATH_TRAVERSAL, 5)


@pytest.mark.parametrize(("prefix", "written"), [("r", r"\1"), ("", r"\\1")])
def test_a_pattern_with_a_backslash_is_put_so_that_it_stays_one(tmp_path: Path, prefix: str, written: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text(f'import re\n\n\ndef run(text):\n    return re.search({prefix}"(?:a+b?)+c", text)\n')
    made = proposals(tree, at(K.SUPERLINEAR_TIME, 5, "run"))
    texts = [(patched(tree, p, tmp_path / f"p{n}") / "app.py").read_text() for n, p in enumerate(made)]
    assert any(f'{prefix}"(?=((?:a+b?)+)){written}c"' in text for text in texts)


def test_options_that_are_not_handed_to_the_next_call_carry_no_depth(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "app.py").write_text("def walk(node, **shown):\n    draw(node, **shown)\n    return [walk(n) for n in node]\n")
    frames = tuple(Frame(function="walk", file="/src/app.py", line=3) for _ in range(4))
    made = proposals(tree, Violation(kind=K.STACK_EXHAUSTION, detector="growth", message="", frames=frames))
    assert not any("nesting" in p.diff for p in made)


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


PARSER = """class Malformed(ValueError):
    pass


class Parser:
    def __init__(self, text):
        self.text = text

    def value(self, at=0, *, strict=False) -> int:
        \"\"\"A value.\"\"\"
        if at >= len(self.text):
            raise Malformed("no value")
        return self.row(at) if self.text[at] == "[" else at

    def row(self, at):
        return self.value(at + 1)
"""


def test_methods_that_call_one_another_count_their_depth_on_the_object(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "app.py").write_text(PARSER)
    frames = tuple(Frame(function=f, file="/src/app.py", line=n) for f, n in [("value", 13), ("row", 16)] * 3)
    violation = replace(at(K.STACK_EXHAUSTION, 13, "value"), frames=frames)
    made = [p for p in proposals(tmp_path / "tree", violation) if "_nesting" in p.diff]
    assert [p.condition for p in made] == ["nesting >= 100"] * len(made)
    after = (patched(tmp_path / "tree", made[0], tmp_path / "after") / "app.py").read_text()
    known: dict[str, Any] = {}
    exec(after, known)
    assert known["Parser"]("[" * 90 + "1").value() == 90
    parser = known["Parser"]("[" * 200 + "1")
    for _ in range(2):
        with pytest.raises(known["Malformed"], match="nested too deeply"):
            parser.value(strict=True)
    parser.text = "[1"
    assert parser.value() == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("class Parser:", "class Parser:\n    def __getattr__(self, name):\n        return name\n"),
        ("self.text = text", "self.__dict__ = {}"),
        ("    def value", "    @property\n    def value"),
        ("return self.row", "yield self.row"),
        ("self.text = text", "self.__slots__ = ()"),
    ],
)
def test_a_depth_that_an_object_cannot_keep_is_not_kept_there(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "app.py").write_text(PARSER.replace(old, new))
    line = PARSER.replace(old, new)[: PARSER.replace(old, new).index("self.row(at)")].count("\n") + 1
    frames = tuple(Frame(function=f, file="/src/app.py", line=n) for f, n in [("value", line)] * 3)
    violation = replace(at(K.STACK_EXHAUSTION, line, "value"), frames=frames)
    assert not any("_nesting" in p.diff for p in proposals(tmp_path, violation))


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
