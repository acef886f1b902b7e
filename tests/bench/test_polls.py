"""Published polls become tests that a program passes when it says what it should, and fails when it does not."""

import subprocess
import sys
from pathlib import Path

import pytest
from bench.cases.polls import RUNNER, conversation

POLL = r"""<?xml version="1.0" standalone="no" ?>
<!DOCTYPE pov SYSTEM "/usr/share/cgc-docs/replay.dtd">
<pov><cbid>service</cbid><replay>
<read echo="ascii"><delim>\x0a</delim><match><data>menu\x3a \\n</data></match></read>
<read><delim>\n</delim><match><pcre>ID=[A-z]</pcre></match></read>
<write><data>S\x0a</data><data format="hex">00 ff</data></write>
<read><length>3</length><match><data format="asciic">two\n</data></match></read>
</replay></pov>
"""


def test_a_poll_is_what_is_written_and_what_is_waited_for() -> None:
    assert list(conversation(POLL)) == [(False, b"menu: \\n"), (False, b""), (True, b"S\n\0\xff"), (False, b"two\n")]


@pytest.mark.parametrize(("said", "passes"), [("one two three", True), ("two one", False), ("one", False)])
def test_a_program_has_to_say_it_in_this_order(tmp_path: Path, said: str, passes: bool) -> None:
    (tmp_path / "run.py").write_text(RUNNER)
    (tmp_path / "0.in").write_bytes(b"ask\n")
    (tmp_path / "0.told").write_text("".join(f"{word.encode().hex()}\n" for word in ("one", "two")))
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\nread line\n[ "$line" = ask ] && echo "{said}"\n')
    program.chmod(0o755)
    done = subprocess.run([sys.executable, tmp_path / "run.py", program, tmp_path / "0"], check=False, capture_output=True)
    assert (done.returncode == 0) is passes
