"""Input documents as HTTP text, as Python, and as tests that run."""

import ast
import base64
import gzip
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from mithridate.model.document import Document, Json
from mithridate.model.entry import ObservedDoor
from mithridate.model.violation import Frame, Violation, ViolationKind
from mithridate.report import made_value
from mithridate.report.http_request import http_request, http_text
from mithridate.report.python_test import call_snippet, python_test

A, Z = "\ue000\ue100", "\ue001\ue100"
A5, Z5 = "\ue000\ue105", "\ue001\ue105"
WSGI = ObservedDoor(kind="wsgi", target="shop.app:create_app()")


def shown(**request: Json) -> str:
    return http_text([http_request({"method": "POST", "path": "/a", **request})])


def seen(kind: ViolationKind = ViolationKind.SQL_INJECTION) -> Violation:
    return Violation(kind=kind, detector="c", message="", frames=(Frame(function="f", file='/src/a"b.py', line=7),))


def test_a_query_stays_readable_and_can_be_sent() -> None:
    text = shown(query=[["q", f"{A}' OR 1=1 -- &x{Z}"], ["n", f"{A5}é{Z5}"]])
    assert text.splitlines()[0] == "POST /a?q=mka'%20OR%201%3D1%20--%20%26xmkz&n=mk5a%C3%A9mk5z HTTP/1.1"


def test_headers_and_cookies_are_lines() -> None:
    text = shown(headers=[["X-A", "1"]], cookies=[["s", f"{A}{Z}"], ["t", "2"]])
    assert text.splitlines() == ["POST /a HTTP/1.1", "Host: localhost", "X-A: 1", "Cookie: s=mkamkz; t=2"]


def test_each_kind_of_body_has_its_type_and_length() -> None:
    assert shown(form=[["a b", "c&d"]]).endswith("application/x-www-form-urlencoded\nContent-Length: 9\n\na+b=c%26d")
    assert shown(json={"k": [f"{A}x{Z}", 1, {"make": "base64", "of": "hi"}]}).endswith('\n\n{"k": ["mkaxmkz", 1, "aGk="]}')
    files = shown(files=[{"name": "up", "filename": 'a".txt', "type": "text/plain", "content": "hello"}], form=[["k", "v"]])
    assert 'Content-Disposition: form-data; name="up"; filename="a%22.txt"\nContent-Type: text/plain\n\nhello' in files
    assert 'name="k"\n\nv' in files


def test_a_body_that_is_no_text_is_shown_in_base64() -> None:
    text = shown(body={"make": "gzip", "of": "x"})
    (coded,) = (line.partition("in base64: ")[2].rstrip(")") for line in text.splitlines() if "in base64" in line)
    assert gzip.decompress(base64.b64decode(coded)) == b"x"


def test_several_requests_are_parted_as_in_http_files() -> None:
    one = http_request({"method": "GET", "path": "/"})
    assert http_text([one, one]).count("### ") == 2


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ({"make": "hex", "of": "az"}, "617a"),
        ({"make": "url", "of": "a b/"}, "a%20b%2F"),
        ({"make": "base64url", "of": {"make": "bytes", "latin1": "\u00fb\u00ff"}}, "-_8="),
        ({"make": "reversed", "of": "abc"}, "cba"),
        ({"make": "json", "of": {"a": [1]}}, '{"a": [1]}'),
        ({"make": "join", "of": ["a", {"make": "repeat", "of": "b", "times": 3}]}, "abbb"),
        ({"make": "join", "of": ["a", {"make": "bytes", "latin1": "\u00ff"}]}, b"a\xff"),
    ],
)
def test_makers_make_what_the_observer_makes(value: Json, made: str | bytes) -> None:
    assert made_value.made(value) == made


def test_archives_hold_their_members() -> None:
    members: Json = [{"name": "../a", "content": "x"}, {"name": "l", "content": "", "link": "/etc"}]
    with tarfile.open(fileobj=io.BytesIO(made_value.data({"make": "tar", "members": members}))) as archive:
        assert [(m.name, m.linkname) for m in archive.getmembers()] == [("../a", ""), ("l", "/etc")]
    with zipfile.ZipFile(io.BytesIO(made_value.data({"make": "zip", "members": members}))) as zipped:
        assert zipped.read("../a") == b"x"


def test_what_is_too_large_is_not_made() -> None:
    with pytest.raises(made_value.TooLarge):
        made_value.made({"make": "repeat", "of": "ab", "times": 10**12})


def test_a_call_reads_as_python() -> None:
    call: Json = {
        "target": "shop.lib:Page.show",
        "construct": {"args": [{"python": "path", "of": "/x"}]},
        "args": [
            f"{A}x{Z}",
            {"python": "tuple", "of": [1, 2]},
            {"python": "bytes", "of": "b"},
            {"make": "repeat", "of": "a", "times": 9},
        ],
        "kwargs": {"k": {"python": "none", "of": ""}, "not a name": {"python": "file", "of": "f"}},
    }
    assert call_snippet([{"call": call}]).splitlines() == [
        "from shop.lib import Page",
        "Page(pathlib.Path('/x')).show('mkaxmkz', tuple([1, 2]), b'b', 'a' * 9, k=None, **{'not a name': io.BytesIO(b'f')})",
    ]


@pytest.mark.parametrize(
    ("door", "wanted"),
    [
        (WSGI, "client = Client(create_app())"),
        (ObservedDoor(kind="asgi", target="m:app"), "TestClient(app, follow_redirects=False)"),
        (
            ObservedDoor(kind="wsgi", target="s.wsgi:application", environment=(("DJANGO_SETTINGS_MODULE", "s.settings"),)),
            "django.setup()",
        ),
    ],
)
@pytest.mark.parametrize("kind", [ViolationKind.SQL_INJECTION, ViolationKind.CROSS_SITE_SCRIPTING, ViolationKind.OPEN_REDIRECT])
def test_the_test_uses_the_client_of_the_framework(door: ObservedDoor, wanted: str, kind: ViolationKind) -> None:
    document = Document(control=[], attack=[{"request": {"method": "GET", "path": "/", "query": [["q", f"{A}<b>{Z}"]]}}])
    made = python_test(document, door, seen(kind), "proofs/M-1.proof")
    assert wanted in made
    assert "'proofs/M-1.proof', '--source', '.'" in made
    ast.parse(made)


def test_a_hostile_name_cannot_become_code_of_the_test() -> None:
    bad = Document(control=[], attack=[{"call": {"target": "os:system('x')#.y", "args": []}}])
    assert python_test(bad, None, seen(), "") == ""
    request = Document(control=[], attack=[{"request": {"method": "GET\n'", "path": '/"""\\'}}])
    assert python_test(request, ObservedDoor(kind="wsgi", target="a b:c"), seen(), "") == ""
    assert ast.parse(python_test(request, WSGI, seen(), "")).body


def test_the_test_of_a_call_runs_and_fails_on_what_the_call_raises(tmp_path: Path) -> None:
    Path(tmp_path, "lib.py").write_text("def f(given, n=0):\n    assert given != 'mkaevilmkz'\n")
    for word, code in (("evil", 1), ("good", 0)):
        document = Document(control=[], attack=[{"call": {"target": "lib:f", "args": [f"{A}{word}{Z}"], "kwargs": {"n": 1}}}])
        made = python_test(document, None, seen(), "")
        Path(tmp_path, "test_it.py").write_text(made + "\n\ntest_the_call()\n")
        done = subprocess.run([sys.executable, "test_it.py"], cwd=tmp_path, check=False, capture_output=True)
        assert done.returncode == code, done.stderr


def test_the_test_of_a_command_runs_it(tmp_path: Path) -> None:
    Path(tmp_path, "tool.py").write_text("import sys\nassert sys.stdin.read() == 'in' and sys.argv[1] == 'mkaxmkz'\n")
    document = Document(control=[], attack=[{"program": {"args": [f"{A}x{Z}"], "stdin": "in", "files": {"a": "b"}}}])
    made = python_test(document, ObservedDoor(kind="program", target=str(tmp_path / "tool.py")), seen(), "")
    Path(tmp_path, "test_it.py").write_text(made + f"\n\nimport pathlib\ntest_the_command(pathlib.Path({str(tmp_path)!r}))\n")
    done = subprocess.run([sys.executable, "test_it.py"], cwd=tmp_path, check=False, capture_output=True, env={"PYTHONPATH": ""})
    assert done.returncode == 0, done.stderr
    assert b"AssertionError" not in done.stderr
