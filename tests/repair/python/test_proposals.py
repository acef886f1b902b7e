"""What proposals look like: the driver's placeholders, the framework's refusals, the file's own format."""

from pathlib import Path

import pytest

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
