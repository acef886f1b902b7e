"""For each class: the attack is shown, the first proposal confines it, and harmless input is answered as before."""

import contextlib
import io
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mithridate.model.violation import ViolationKind

from .vulnerable import Record, at, call, get, marked, pair, patched, proposals, run

FLASK = "from flask import Flask, abort, redirect, render_template_string, request\n\napp = Flask(__name__)\n\n\n"
DATABASE = (
    "import sqlite3\n\n\ndef opened():\n    connection = sqlite3.connect(':memory:')\n"
    "    connection.execute('CREATE TABLE people (name TEXT, town TEXT)')\n"
    "    connection.execute(\"INSERT INTO people VALUES ('ada', 'london')\")\n    return connection\n\n\n"
)


@dataclass(frozen=True)
class Flaw:
    """`source` is app.py. `attack` and `control` are one argument of `app:run`, or requests."""

    name: str
    kind: ViolationKind
    source: str
    control: Any
    attack: Any
    expected: str = ""
    """What the diff of the proposal holds."""
    runs: bool = True
    """Harmless data comes through; processes that a mark names are not started under observation."""


K = ViolationKind
FLAWS = (
    Flaw(
        "sql, joined",
        K.SQL_INJECTION,
        DATABASE
        + 'def run(name):\n    return opened().execute("SELECT town FROM people WHERE name = \'" + name + "\'").fetchall()\n',
        marked("ada"),
        marked("ada' OR 'a'='a"),
        expected='?", (name,))',
    ),
    Flaw(
        "sql, f-string by a local name",
        K.SQL_INJECTION,
        DATABASE
        + "def run(name):\n    query = f\"SELECT town FROM people WHERE name LIKE '%{name}%'\"\n"
        + "    cursor = opened().cursor()\n    cursor.execute(query)\n    return cursor.fetchall()\n",
        marked("ad"),
        marked("ad' OR 'a'='a"),
    ),
    Flaw(
        "sql, percent",
        K.SQL_INJECTION,
        DATABASE + "def run(name):\n"
        "    return opened().execute(\"SELECT town FROM people WHERE name='%s' AND town <> ?\" % name, ('x',)).fetchall()\n",
        marked("ada"),
        marked("ada' OR 'a'='a"),
        expected="('x', name)",
    ),
    Flaw(
        "sql, format",
        K.SQL_INJECTION,
        DATABASE
        + "def run(name):\n    return opened().execute(\"SELECT town FROM people WHERE name = '{}'\".format(name)).fetchall()\n",
        marked("ada"),
        marked("ada' OR 'a'='a"),
    ),
    Flaw(
        "sql, executed by another function",
        K.SQL_INJECTION,
        DATABASE
        + "def query(sql):\n    return opened().execute(sql).fetchall()\n\n\n"
        + "def run(name):\n    return query(f\"SELECT town FROM people WHERE name = '{name}'\")\n",
        marked("ada"),
        marked("ada' OR 'a'='a"),
        expected="parameters=()",
    ),
    Flaw(
        "sql, in steps",
        K.SQL_INJECTION,
        DATABASE
        + "def run(name, town='x'):\n    sql = 'SELECT town FROM people WHERE 1=1'\n    if name:\n"
        + '        sql += " AND name = \'" + name + "\'"\n    return opened().execute(sql).fetchall()\n',
        marked("ada"),
        marked("ada' OR 'a'='a"),
        expected="parameters.append(name)",
    ),
    Flaw(
        "sql, a column",
        K.SQL_INJECTION,
        DATABASE + "def run(column):\n    return opened().execute(f'SELECT name FROM people ORDER BY {column}').fetchall()\n",
        "name",
        marked("name, (SELECT 1)"),
        expected="isidentifier",
    ),
    Flaw(
        "shell, without need",
        K.SHELL_INJECTION,
        "import subprocess\n\n\ndef run(name):\n"
        "    return subprocess.run('cat ' + name, shell=True, capture_output=True).stdout\n",
        marked("hosts"),
        marked("x; touch y"),
        expected='["cat", "--", name]'.replace('"', "'"),
        runs=False,
    ),
    Flaw(
        "shell, with a pipe",
        K.SHELL_INJECTION,
        "import os\n\n\ndef run(name):\n    return os.popen(f\"echo '{name}' | rev\").read()\n",
        marked("abc"),
        marked("x'; touch y'"),
        expected="echo {shlex.quote(name)} | rev",
        runs=False,
    ),
    Flaw(
        "argument",
        K.ARGUMENT_INJECTION,
        "import subprocess\n\n\ndef run(name):\n    return subprocess.run(['cat', name], capture_output=True).stdout\n",
        marked("hosts"),
        "--" + marked("version"),
        expected="'--', name",
        runs=False,
    ),
    Flaw(
        "path, joined",
        K.PATH_TRAVERSAL,
        "import os\n\nROOT = '/src/data'\n\n\ndef run(name):\n    path = os.path.join(ROOT, name)\n"
        "    if not os.path.exists(path):\n"
        "        return None\n    with open(path) as file:\n        return file.read()\n",
        marked("a.txt"),
        "../../etc/" + marked("passwd"),
        expected="realpath(path)]) != os.path.realpath(ROOT)",
    ),
    Flaw(
        "path, pathlib",
        K.PATH_TRAVERSAL,
        "from pathlib import Path\n\nROOT = Path('/src/data')\n\n\ndef run(name):\n"
        "    return (ROOT / name).read_text() if (ROOT / name).exists() else ''\n",
        marked("a.txt"),
        "../../etc/" + marked("passwd"),
        expected="is_relative_to(ROOT.resolve())",
    ),
    Flaw(
        "path, written",
        K.PATH_TRAVERSAL,
        "def run(name):\n    try:\n        return open(f'/src/data/{name}').read()\n    except OSError:\n        return ''\n",
        marked("a.txt"),
        "../../etc/" + marked("passwd"),
    ),
    Flaw(
        "html, text",
        K.CROSS_SITE_SCRIPTING,
        FLASK + "@app.get('/')\ndef show():\n    name = request.args.get('x', '')\n    return f'<p>Hello {name}</p>'\n",
        get("/", query=[["x", marked("ada")]]),
        get("/", query=[["x", marked("<script>alert(1)</script>")]]),
        expected="html.escape(name)",
    ),
    Flaw(
        "html, a script's string",
        K.CROSS_SITE_SCRIPTING,
        FLASK + "@app.get('/')\ndef show():\n    return \"<script>var x = '\" + request.args['x'] + \"';</script>\"\n",
        get("/", query=[["x", marked("ada")]]),
        get("/", query=[["x", marked("';alert(1);'")]]),
        expected="script_text(request.args['x'])",
    ),
    Flaw(
        "redirect",
        K.OPEN_REDIRECT,
        FLASK + "@app.get('/')\ndef go():\n    return redirect(request.args.get('x', '/'))\n",
        get("/", query=[["x", "/" + marked("here")]]),
        get("/", query=[["x", "https://" + marked("evil.example")]]),
        expected="target = '/'",
    ),
    Flaw(
        "log",
        K.LOG_INJECTION,
        "import logging\n\nlog = logging.getLogger('app')\n\n\ndef run(name):\n    log.warning('seen %s', name)\n    return 1\n",
        marked("ada"),
        marked("ada\nWARNING forged"),
    ),
    Flaw(
        "xpath",
        K.XPATH_INJECTION,
        "from lxml import etree\n\nTREE = etree.fromstring(\"<a><b n='x' m='1'/><b n='y' m='2'/></a>\")\n\n\ndef run(name):\n"
        "    return TREE.xpath('//b[@n=\"' + name + '\"]/@m')\n",
        marked("x"),
        marked('x" or "1"="1'),
        expected="name=name",
    ),
    Flaw(
        "template",
        K.TEMPLATE_INJECTION,
        "from jinja2 import Template\n\n\ndef run(name):\n    return Template('Hello ' + name + '!').render()\n",
        marked("ada"),
        marked("{{ 7 * 7 }}"),
        expected="render(name=name)",
    ),
    Flaw(
        "regular expression",
        K.REGEX_INJECTION,
        "import re\n\n\ndef run(name):\n    return [x for x in ('ada', 'bob') if re.search('^' + name, x)]\n",
        marked("a"),
        marked("(a|b)+"),
        expected="re.escape(name)",
    ),
    Flaw(
        "evaluated",
        K.CODE_INJECTION,
        "def run(text):\n    return eval(text)\n",
        "'" + marked("ada") + "'",
        marked("__import__('os').getpid()"),
        expected="ast.literal_eval(text)",
        runs=False,
    ),
    Flaw(
        "yaml",
        K.UNSAFE_DESERIALISATION,
        "import yaml\n\n\ndef run(text):\n    return yaml.load(text, Loader=yaml.UnsafeLoader)\n",
        "a: " + marked("b"),
        "!!python/object/apply:" + marked("os.getpid") + " []",
        expected="yaml.SafeLoader",
    ),
    Flaw(
        "entity",
        K.EXTERNAL_ENTITY,
        "from lxml import etree\n\n\ndef run(text):\n    parser = etree.XMLParser(load_dtd=True, resolve_entities=True)\n"
        "    return etree.fromstring(text, parser).findtext('b') or ''\n",
        "<a><b>" + marked("x") + "</b></a>",
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/' + marked("hostname") + '">]><a><b>&e;</b></a>',
        expected="resolve_entities=False",
    ),
    Flaw(
        "archive",
        K.ARCHIVE_TRAVERSAL,
        "import io\nimport tarfile\n\n\ndef run(data):\n"
        "    with tarfile.open(fileobj=io.BytesIO(data)) as archive:\n        archive.extractall('data')\n    return 1\n",
        {"make": "tar", "members": [{"name": marked("one"), "content": "x"}]},
        {"make": "tar", "members": [{"name": "../../tmp/" + marked("one"), "content": "x"}]},
        expected="commonpath",
    ),
    Flaw(
        "archive, of either kind, where names are in use",
        K.ARCHIVE_TRAVERSAL,
        "import io\nimport tarfile\nimport zipfile\n\n\ndef run(data):\n    inside, root = 'data', io.BytesIO(data)\n"
        "    kind = zipfile.ZipFile if data[:2] == b'PK' else lambda file: tarfile.open(fileobj=file)\n"
        "    with kind(root) as archive:\n        archive.extractall(inside)\n    return inside\n",
        {"make": "tar", "members": [{"name": marked("one"), "content": "x"}]},
        {"make": "tar", "members": [{"name": "../../tmp/" + marked("one"), "content": "x"}]},
        expected="archive.getmembers() if isinstance(archive, tarfile.TarFile) else ()",
    ),
    Flaw(
        "module",
        K.UNTRUSTED_IMPORT,
        "import importlib\n\nPARTS = ('json', 'csv')\n\n\ndef run(name):\n    return importlib.import_module(name).__name__\n",
        "json",
        marked("antigravity"),
        expected="not in PARTS",
    ),
    Flaw(
        "pattern",
        K.SUPERLINEAR_TIME,
        "import re\n\nCODE = re.compile(r'^(?:[a-z]+)*-[0-9]$')\n\n\ndef run(text):\n    return CODE.match(text) is not None\n",
        None,
        None,
        expected="(?:[a-z]*)",
    ),
    Flaw(
        "recursion",
        K.STACK_EXHAUSTION,
        "def parse(text, at):\n    if text[at] != '[':\n        return at\n    return parse(text, at + 1)\n\n"
        "\ndef run(text):\n    return parse(text, 0)\n",
        None,
        None,
        expected="depth + 1",
    ),
    Flaw(
        "pickle",
        K.UNSAFE_DESERIALISATION,
        "import pickle\n\n\ndef run(data):\n    return pickle.loads(data)\n",
        {"python": "bytes", "of": {"make": "bytes", "latin1": "(lV" + marked("a") + "\na."}},
        {"python": "bytes", "of": {"make": "bytes", "latin1": "cos\n" + marked("getpid") + "\n)R."}},
        expected="PlainUnpickler(io.BytesIO(data)).load()",
    ),
    Flaw(
        "html, said to be safe",
        K.CROSS_SITE_SCRIPTING,
        "from flask import Flask, request\nfrom markupsafe import Markup\n\napp = Flask(__name__)\n\n\n"
        "@app.get('/')\ndef show():\n"
        "    return Markup(request.args.get('x', ''))\n",
        get("/", query=[["x", marked("ada")]]),
        get("/", query=[["x", marked("<script>alert(1)</script>")]]),
    ),
    Flaw(
        "html, an attribute",
        K.CROSS_SITE_SCRIPTING,
        FLASK + "@app.get('/')\ndef show():\n    return '<a title=\"%s\">x</a>' % request.args.get('x', '')\n",
        get("/", query=[["x", marked("ada")]]),
        get("/", query=[["x", marked('" onmouseover="alert(1)')]]),
        expected="html.escape(request.args.get('x', ''))",
    ),
    Flaw(
        "html, the whole page",
        K.CROSS_SITE_SCRIPTING,
        FLASK + "@app.get('/')\ndef show():\n    return request.args.get('x', '')\n",
        get("/", query=[["x", marked("ada")]]),
        get("/", query=[["x", marked("<script>alert(1)</script>")]]),
        expected="html.escape(",
    ),
    Flaw(
        "request, hosts listed",
        K.REQUEST_FORGERY,
        "import urllib.request\n\nHOSTS = ('a.example', 'b.example')\n\n\ndef run(url):\n    try:\n"
        "        return urllib.request.urlopen(url, timeout=1).status\n    except OSError:\n        return 0\n",
        "http://a.example/" + marked("x"),
        "http://" + marked("evil") + ".example/",
        expected="hostname not in HOSTS",
    ),
    Flaw(
        "xml document",
        K.XML_INJECTION,
        "from lxml import etree\n\n\ndef run(name):\n    return etree.tostring(etree.fromstring('<a><b>' + name + '</b></a>'))\n",
        marked("ada"),
        marked("x</b><c/><b>"),
        expected="escape(name)",
    ),
    Flaw(
        "braces of a format",
        K.TEMPLATE_INJECTION,
        "def run(name):\n    return ('Hello ' + name + ' {0}').format('x')\n",
        marked("ada"),
        marked("{0.__class__}"),
    ),
    Flaw(
        "sql, an argument of the caller",
        K.SQL_INJECTION,
        DATABASE + "def town(cursor, sql, values=()):\n    cursor.execute(sql, values)\n    return cursor.fetchall()\n\n\n"
        "def run(name):\n    return town(opened().cursor(), \"SELECT town FROM people WHERE name = '%s'\" % name)\n",
        marked("ada"),
        marked("ada' OR 'a'='a"),
        expected="values=(name,)",
    ),
)
GROWTH = {
    "pattern": [{"make": "join", "of": [{"make": "repeat", "of": "a", "times": n}, "!"]} for n in (18, 20, 22, 24, 30)],
    "recursion": [{"make": "join", "of": [{"make": "repeat", "of": "[", "times": 5_000}, "1"]}],
}
HARMLESS = {
    "pattern": [{"make": "join", "of": [{"make": "repeat", "of": "-", "times": n}, "-1"]} for n in (18, 20, 22, 24, 30)],
    "recursion": [{"make": "join", "of": ["[[1", {"make": "repeat", "of": " ", "times": 5_000}]}],
}


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name)
def test_an_attack_is_confined_and_harmless_input_answered_as_before(flaw: Flaw, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "data").mkdir(parents=True)
    (tree / "data" / "a.txt").write_text("text")
    (tree / "app.py").write_text(flaw.source)
    web = "Flask(__name__)" in flaw.source
    door: Record = {"kind": "wsgi", "import": "app:app"} if web else {"kind": "call", "targets": ["app:run"]}
    (before,) = run(tree, door, [document(flaw, web)])
    assert flaw.kind in before.kinds, (before.failed, before.violations, before.attack)
    violation = next(v for v in before.violations if v.kind is flaw.kind)
    made = proposals(tree, violation)
    assert made, violation
    diff = made[0].diff
    (after,) = run(patched(tree, made[0], tmp_path / "patched"), door, [document(flaw, web)])
    assert not after.failed
    assert not after.violations, (diff, after.violations)
    assert not flaw.runs or after.harmless() == before.harmless(), diff
    assert flaw.expected in diff
    assert not flaw.runs or all(answer.get("raised", "") == "" for answer in before.control), before.control


def document(flaw: Flaw, web: bool) -> bytes:
    if web:
        return pair(flaw.control, flaw.attack)
    if flaw.name in GROWTH:
        import json

        steps = {
            "control": [call("app:run", value) for value in HARMLESS[flaw.name]],
            "attack": [call("app:run", value) for value in GROWTH[flaw.name]],
        }
        return json.dumps({"version": 1, **steps}).encode()
    if flaw.name == "archive":
        return pair(
            call("app:run", {"python": "bytes", "of": flaw.control}), call("app:run", {"python": "bytes", "of": flaw.attack})
        )
    return pair(call("app:run", flaw.control), call("app:run", flaw.attack))


def test_the_check_of_tar_archives_leaves_zip_archives_as_they_are(tmp_path: Path) -> None:
    flaw = next(flaw for flaw in FLAWS if flaw.name.startswith("archive, of either kind"))
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "app.py").write_text(flaw.source)
    first = proposals(tmp_path / "tree", at(flaw.kind, 10, "run"))[0]
    space: dict[str, Any] = {}
    exec((patched(tmp_path / "tree", first, tmp_path / "mended") / "app.py").read_text(), space)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("one", "x")
    with contextlib.chdir(tmp_path):
        assert space["run"](data.getvalue()) == "data"
    assert (tmp_path / "data" / "one").read_text() == "x"
