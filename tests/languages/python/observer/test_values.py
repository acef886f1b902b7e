"""What documents describe becomes what the target is given."""

import base64
import gzip
import json
from pathlib import Path

import pytest

from tests.languages.python.observer.running import Batch, batch, call, document, get, marked, tree

ECHO = "def echo(*args, **kwargs):\n    return args, kwargs\n\ndef kinds(*args):\n    return [type(a).__name__ for a in args]\n"
READS = """
import tarfile, zipfile, io
def read(file):
    return file.read(), hasattr(file, "name")
def tar(data):
    return [(m.name, m.issym(), m.linkname) for m in tarfile.open(fileobj=io.BytesIO(data))]
def names(data):
    return [(i.filename, i.external_attr >> 28) for i in zipfile.ZipFile(io.BytesIO(data)).infolist()]
def calls(function):
    return function(1, x=2)
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tree(tmp_path / "lib", echo=ECHO, reads=READS)


def one(root: Path, *arguments: object, target: str = "echo:echo") -> Batch:
    return batch(root, {"kind": "call", "targets": [target]}, [document(call(target, *arguments))], "--seed", "7")


def returned(found: Batch) -> str:
    text: str = found.answer()["returned"]
    opening, closing = found.tokens() if "«" in text else ("", "")
    return text.replace("«", opening).replace("»", closing)


def test_marks_become_the_tokens_that_the_records_name(library: Path) -> None:
    found = one(library, "../" + marked("x"))
    opening, closing = found.tokens()
    assert f"'../{opening}x{closing}'" in found.answer()["returned"]
    assert len(opening) == len(closing) == 10 and opening != closing
    assert opening[0].isalpha() and opening.isalnum() and opening == opening.lower()


def test_tokens_are_new_in_each_run_and_the_same_for_the_same_seed(library: Path) -> None:
    door = {"kind": "call", "targets": ["echo:echo"]}
    twice = [document(call("echo:echo", marked("x")))] * 2
    first, again, other = (batch(library, door, twice, *options) for options in (("--seed", "3"), ("--seed", "3"), ()))
    assert first.tokens(0) != first.tokens(1)
    assert (first.tokens(0), first.tokens(1)) == (again.tokens(0), again.tokens(1))
    assert other.tokens(0) != first.tokens(0)


def test_makers_work_on_the_text_with_its_tokens(library: Path) -> None:
    of = marked("a&b")
    found = one(
        library,
        {"make": "base64", "of": of},
        {"make": "hex", "of": of},
        {"make": "url", "of": of},
        {"make": "json", "of": 'say "x"'},
        {"make": "reversed", "of": of},
        {"make": "join", "of": ["<", of, ">"]},
        {"make": "repeat", "of": "ab", "times": 3},
        {"make": "bytes", "latin1": "\u00ff"},
        {"make": "gzip", "of": "zipped"},
        {"make": "escaped", "of": "a7"},
        {"make": "base64title", "of": "\\u0061N0V"},
    )
    opening, closing = found.tokens()
    plain = f"{opening}a&b{closing}"
    values = eval(found.answer()["returned"])[0]  # a repr of strings and bytes that our own function made
    assert values[0] == base64.b64encode(plain.encode()).decode()
    assert values[1] == plain.encode().hex()
    assert values[2] == plain.replace("&", "%26")
    assert json.loads(values[3]) == 'say "x"'
    assert values[4] == plain[::-1]
    assert values[5] == f"<{plain}>"
    assert values[6:8] == ("ababab", b"\xff")
    assert gzip.decompress(values[8]) == b"zipped"
    assert values[9] == r"\u0061\u0037"
    assert base64.b64decode(values[10].upper().title()) == rb"\u0061N0V"


def test_python_kinds_of_arguments(library: Path) -> None:
    kinds = ["bytes", "tuple", "set", "path", "none", "float", "int", "bool", "callable"]
    given = {"bytes": "x", "tuple": [1], "set": [1], "path": "a", "none": None, "float": 1, "int": "3", "bool": 1, "callable": 5}
    found = one(library, *({"python": kind, "of": given[kind]} for kind in kinds), target="echo:kinds")
    assert eval(found.answer()["returned"]) == [
        "bytes", "tuple", "set", "PosixPath", "NoneType", "float", "int", "bool", "function",
    ]  # fmt: skip


def test_files_are_readable_and_have_names(library: Path) -> None:
    assert one(library, {"python": "file", "of": "né"}, target="reads:read").answer()["returned"] == repr(("né".encode(), True))
    assert one(library, {"python": "textfile", "of": "né"}, target="reads:read").answer()["returned"].startswith("('né'")


def test_the_name_of_a_file_ends_as_those_of_its_format_do(library: Path) -> None:
    """Readers that choose by the ending refuse all others."""
    archives = {kind: {"make": kind, "members": [{"name": "a", "content": "x"}]} for kind in ("tar", "zip")}
    given = {".zip": archives["zip"], ".tar": archives["tar"], ".tar.gz": {"make": "gzip", "of": archives["tar"]}, "": "amber"}
    for ending, of in given.items():
        (name,) = eval(one(library, {"python": "stored", "of": of}).answer()["returned"])[0]
        assert "".join(Path(name).suffixes) == ending


def test_archives_hold_the_members_and_links_described(library: Path) -> None:
    members = [{"name": "../up", "content": "x"}, {"name": "l", "content": "", "link": "/etc"}]
    assert one(library, {"make": "tar", "members": members}, target="reads:tar").answer()["returned"] == repr(
        [("../up", False, ""), ("l", True, "/etc")]
    )
    assert one(library, {"make": "zip", "members": members}, target="reads:names").answer()["returned"] == repr(
        [("../up", 8), ("l", 10)]
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"{}", "version 1"),
        (b"x" * (1 << 20) + b"x", "more than"),
        (json.dumps({"version": 1, "attack": [{"dance": {}}]}).encode(), "step"),
        (json.dumps({"version": 1, "attack": [{"call": 3}]}).encode(), "object"),
        (json.dumps(document(call("echo:echo", {"make": "nothing"}))).encode(), "no maker"),
        (json.dumps(document(call("echo:echo", {"make": "repeat", "of": "x", "times": 10**12}))).encode(), "repeat"),
        (json.dumps(document(call("echo:echo", {"python": "nothing"}))).encode(), "no kind"),
        (json.dumps(document(get("/"))).encode(), "calls"),
    ],
)
def test_a_garbage_document_is_one_clear_end_and_the_next_runs(library: Path, data: bytes, why: str) -> None:
    found = batch(library, {"kind": "call", "targets": ["echo:echo"]}, [data, document(call("echo:echo", 1))])
    assert found.ended(0)["ended"] == "invalid" and why in found.ended(0)["why"]
    assert found.ended(1)["ended"] == "done" and found.answer(1)["returned"] == "((1,), {})"
    assert "Traceback" not in found.errors and found.code == 0


@pytest.mark.parametrize("door", [{"kind": "dance"}, {"kind": "call", "paths": "x"}])
def test_a_garbage_door_is_bad_usage(library: Path, door: dict[str, object]) -> None:
    found = batch(library, door, [])
    assert found.code == 2 and not found.records and "not a door" in found.errors and "Traceback" not in found.errors
