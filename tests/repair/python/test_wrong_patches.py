"""Fixes that silence the proof and not its variants: documents near the proof get through them."""

import shutil
from pathlib import Path

import pytest

from mithridate.model.violation import ViolationKind as K
from mithridate.repair.steps.perturbed_documents import perturbed_document

from .vulnerable import call, marked, pair, run

TOWN = (
    "import sqlite3\n\n\ndef run(name):\n    c = sqlite3.connect(':memory:')\n    c.execute('CREATE TABLE p (name TEXT)')\n"
    '    {}\n    return c.execute("SELECT 1 FROM p WHERE name = \'" + name + "\'").fetchall()\n'
)
READ = (
    "import os\n\n\ndef run(name):\n    {}\n    path = 'data/' + name\n"
    "    return open(path).read() if os.path.exists(path) else ''\n"
)
SAID = (
    "import subprocess\n\n\ndef run(name):\n    {}\n"
    "    return subprocess.run('echo ' + name, shell=True, capture_output=True).stdout\n"
)

WRONG = [
    (K.SQL_INJECTION, TOWN, "if ' OR ' in name: return []", marked("ada"), marked("a' OR 'a'='a")),
    (K.PATH_TRAVERSAL, READ, "name = name.replace('../', '')", marked("a.txt"), "../" + marked("b")),
    (K.SHELL_INJECTION, SAID, "name = name.replace(';', '')", marked("a"), marked("a;true b")),
]


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
@pytest.mark.parametrize(("kind", "source", "fix", "control", "attack"), WRONG, ids=[str(w[0]) for w in WRONG])
def test_a_fix_of_the_proof_alone_is_seen_through(
    kind: K, source: str, fix: str, control: str, attack: str, tmp_path: Path
) -> None:
    proof = pair(call("app:run", control), call("app:run", attack))
    door = {"kind": "call", "targets": ["app:run"]}
    for number, line in enumerate(("pass", fix)):
        tree = tmp_path / str(number)
        (tree / "data").mkdir(parents=True)
        (tree / "app.py").write_text(source.replace("{}", line))
        (ran,) = run(tree, door, [proof])
        assert (kind in ran.kinds) is (number == 0), ran
    near = run(tree, door, perturbed_document(proof, kind, 48))
    assert any(kind in each.kinds for each in near)
