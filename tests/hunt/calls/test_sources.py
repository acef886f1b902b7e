"""Claims about what is read from a package's source."""

import re
from pathlib import Path

from mithridate.hunt.engines.calls.sources import read_source, read_sources

SOURCE = b'''"""Docs with (a+)+ that do not count."""
import re
WORD = r"[a-z]"
PATTERN = re.compile(WORD + r"+(?:x|" + WORD + ")*$", re.I | re.VERBOSE)
RULES = [(r"\\s+\\d*", "token"), ("plain", "text")]
NAMED = r"<(%s)>" % (WORD,)
KEYS = {"exception", "some-key"}
def f(text):
    return re.sub(f"{WORD}+", "", text)
'''


def test_patterns_are_found_with_what_they_are_joined_of_and_their_flags() -> None:
    found = {p.text: p for p in read_source(SOURCE, "/src/m.py").patterns}
    joined = "[a-z]+(?:x|[a-z])*$"
    assert found[joined].flags == re.I | re.VERBOSE
    assert found[joined].line == 4
    assert {"[a-z]+", r"\s+\d*"} <= set(found)


def test_documentation_is_no_pattern_and_short_texts_are_constants() -> None:
    source = read_source(SOURCE, "/src/m.py")
    assert not any("Docs" in p.text for p in source.patterns)
    assert {"exception", "some-key", "plain"} <= set(source.constants)


def test_hostile_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "deep.py").write_text("(" * 100_000)
    (tmp_path / "bytes.py").write_bytes(b"\xff\x00\xfe")
    (tmp_path / "format.py").write_text('A = "%999999999d" % 1\n')
    (tmp_path / "out.py").symlink_to("/etc/passwd")
    found = read_sources(tmp_path)
    assert set(found) == {"/src/deep.py", "/src/bytes.py", "/src/format.py"}
