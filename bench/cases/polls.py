"""A challenge's published polls as its tests: what is written to it, and what it must have said to that, in this order.

A poll that waits for what it can only know at run time (a variable, a regular expression) is tested without that part.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from bench.cases.mirrors import Mirror

_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|[nrt0\\])")
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}
RUNNER = """import pathlib
import subprocess
import sys

program, poll = sys.argv[1:]
given = pathlib.Path(poll + ".in").read_bytes()
said = subprocess.run([program], input=given, stdout=subprocess.PIPE, timeout=30).stdout
at = 0
for line in pathlib.Path(poll + ".told").read_text().split():
    wanted = bytes.fromhex(line)
    at = said.find(wanted, at)
    if at < 0:
        sys.exit("it did not say " + repr(wanted))
    at += len(wanted)
"""


def add_polls(corpus: Mirror, name: str, tree: Path, most: int) -> int:
    """Put the first polls of a challenge into its tree as tests of ctest; how many there are."""
    listed = sorted(p for p in corpus.names(f"challenges/{name}/poller") if Path(p).match("POLL_*.xml"))[:most]
    folder = tree / "polls"
    folder.mkdir()
    (folder / "run.py").write_text(RUNNER)
    lines = []
    for number, path in enumerate(listed):
        steps = list(conversation(corpus.text(path)))
        (folder / f"{number}.in").write_bytes(b"".join(data for written, data in steps if written))
        (folder / f"{number}.told").write_text("".join(f"{data.hex()}\n" for written, data in steps if not written and data))
        lines.append(
            f"add_test(NAME poll-{number} COMMAND python3 ${{PROJECT_SOURCE_DIR}}/polls/run.py"
            f" $<TARGET_FILE:{name}> ${{PROJECT_SOURCE_DIR}}/polls/{number})\n"
        )
    root, own = tree / "CMakeLists.txt", tree / "challenges" / name / "CMakeLists.txt"
    root.write_text(
        root.read_text().replace("project(challenge_sets C CXX)\n", "project(challenge_sets C CXX)\nenable_testing()\n")
    )
    own.write_text(own.read_text() + "".join(lines))
    return len(listed)


def conversation(poll: str) -> Iterator[tuple[bool, bytes]]:
    """Its steps: whether it is written to the program (else: waited for), and the bytes."""
    plain = re.sub(r"<!DOCTYPE[^>]*>", "", poll)
    for step in ElementTree.fromstring(plain).iter():
        if step.tag == "write":
            yield True, b"".join(map(_bytes, step.iter("data")))
        elif step.tag == "match":
            yield False, b"".join(map(_bytes, step.iter("data")))


def _bytes(data: ElementTree.Element) -> bytes:
    text = data.text or ""
    if data.get("format") == "hex":
        return bytes.fromhex(re.sub(r"\s", "", text))
    return _ESCAPE.sub(
        lambda m: bytes([int(m[1][1:], 16)]) if m[1][:1] == b"x" else _PLAIN[m[1]], text.encode("latin-1", "replace")
    )
