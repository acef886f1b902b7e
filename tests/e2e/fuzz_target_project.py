"""A Python project of the tests' own with two fuzz targets for Atheris and two property tests for Hypothesis: behind each kind a
planted flaw, and a twin of the project without the flaws."""

from pathlib import Path

PROJECT = """\
[project]
name = "ledger"
version = "1.0"
[tool.setuptools]
packages = ["ledger"]
"""

LEDGER = '''"""Entries of a ledger, as bytes and as text."""

from pathlib import Path


class Malformed(ValueError):
    """What is read is no entry."""


def read_entry(data):
    """An entry: a magic word, a kind, and where among the fields its amount is."""
    if data[:2] != b"LG" or len(data) < 6:
        raise Malformed("no entry")
    kind, offset, fields = data[2], data[3], data[4:]
    if kind > 3:
        raise Malformed("no such kind")
    if kind != 2:
        return 0
{check_offset}    return fields[offset]


def attachment(name):
    """What is attached to an entry under a name."""
{check_name}    path = Path("/tmp/ledger/attachments") / name
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        return b""


def encoded(amounts):
    """Amounts as words, each with how often it comes."""
    words = []
    for amount in amounts:
        if words and words[-1][0] == amount:
            words[-1][1] += 1
        else:
            words.append([amount, 1])
    return " ".join(f"{{amount}}*{{times}}" for amount, times in words)


def decoded(text):
    """Amounts from their words."""
    found = []
    for word in text.split():
        amount, _, times = word.partition("*")
        found += [int(amount)] * {times}
    return found
'''
_FLAWED = {"check_offset": "", "check_name": "", "times": "min(int(times), 1)"}
_SOUND = {
    "check_offset": '    if offset >= len(fields):\n        raise Malformed("no amount")\n',
    "check_name": '    if name in ("", ".", "..") or "/" in name or "\\0" in name:\n        return b""\n',
    "times": "int(times)",
}

FUZZ_ENTRY = """\
import sys

import atheris

with atheris.instrument_imports():
    import ledger


def TestOneInput(data):
    try:
        ledger.read_entry(data)
    except ledger.Malformed:
        return


if __name__ == "__main__":
    atheris.instrument_all()
    atheris.Setup(sys.argv, TestOneInput)
    atheris.Fuzz()
"""

FUZZ_ATTACHMENT = """\
import sys

import atheris

with atheris.instrument_imports():
    import ledger


@atheris.instrument_func
def TestOneInput(data):
    provider = atheris.FuzzedDataProvider(data)
    ledger.attachment(provider.ConsumeUnicodeNoSurrogates(200))


atheris.Setup(sys.argv, TestOneInput)
atheris.Fuzz()
"""

PROPERTIES = """\
import unittest

from hypothesis import given
from hypothesis import strategies as st

import ledger


@given(st.lists(st.sampled_from([1, 5, 77])))
def test_amounts_survive(amounts):
    assert ledger.decoded(ledger.encoded(amounts)) == amounts


class TestLengths(unittest.TestCase):
    @given(st.lists(st.integers(0, 3)))
    def test_as_many(self, amounts):
        self.assertEqual(len(ledger.decoded(ledger.encoded(amounts))), len(amounts))
"""

ENTRY = ("ledger/__init__.py", "read_entry", 248)
ATTACHMENT = ("ledger/__init__.py", "attachment", 22)
PROPERTY = ("tests/test_round.py", "test_amounts_survive", 617)
"""(file, function, CWE) of what is proved behind each target."""


def write(root: Path, *, sound: bool = False) -> Path:
    """Write the project, or its twin, and return its root."""
    files = {
        "pyproject.toml": PROJECT,
        "ledger/__init__.py": LEDGER.format(**(_SOUND if sound else _FLAWED)),
        "fuzz/fuzz_entry.py": FUZZ_ENTRY,
        "fuzz/fuzz_attachment.py": FUZZ_ATTACHMENT,
        "tests/test_round.py": PROPERTIES,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root
