"""Source trees that were made to mislead whoever walks them. Each function adds one trap to the directory `root`."""

import os
import socket
from contextlib import suppress
from pathlib import Path

LIBRARY = "int answer(void) { return 42; }\n"
"""Builds, and gives no program: a scan of it ends after the builds."""

PROGRAM = """
#include <stdio.h>
#include <string.h>

static int copy_record(const char *data, size_t size) {
  char record[8];
  memcpy(record, data, size);
  return record[0];
}

int main(int argc, char **argv) {
  char data[64];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : stdin;
  if (!file) return 2;
  size_t size = fread(data, 1, sizeof data, file);
  return copy_record(data, size) & 1;
}
"""
"""Overflows on any input of more than eight bytes: every sample proves it."""

HOSTILE_NAMES = (
    b"new\nline",
    b"return\rback",
    b"invalid-\xff\xfe-utf8",
    b"escape-\x1b[2J\x1b]0;owned\x07",
    "reversed-\u202egnp.exe".encode(),
    b"-rf",
    b"--out=owned",
    b"@response",
    b"$(touch owned)",
    b"`touch owned`",
    b"a;touch owned;b",
    b"quote'single",
    b'quote"double',
    b"back\\slash",
    b"  spaces  ",
    b"%s%n%x",
    b"#comment",
    b"$$PATH",
    b"colon:equals=",
    b"*?[glob]",
    b"<script>alert(1)<!--",
    b"n" * 250,
    "\U0001f4a9".encode() * 60,
)
"""Each is a legal name for a file, and a trap for somebody who puts it into a command, a terminal or a page."""


def library(root: Path) -> None:
    """Something to build, which makes no program."""
    (root / "answer.c").write_text(LIBRARY)


def program(root: Path, name: bytes = b"record.c") -> None:
    """A program with a flaw that every sample shows."""
    Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_text(PROGRAM)
    (root / "samples").mkdir(exist_ok=True)
    (root / "samples" / "long.dat").write_bytes(b"0123456789abcdef")


def symlink_loops(root: Path) -> None:
    """Links to themselves, to each other, to a directory above, and a staircase that doubles with every step."""
    (root / "loops").mkdir()
    (root / "loops" / "self.c").symlink_to("self.c")
    (root / "loops" / "ping.c").symlink_to("pong.c")
    (root / "loops" / "pong.c").symlink_to("ping.c")
    (root / "loops" / "up").symlink_to("..")
    (root / "loops" / "here").symlink_to(".")
    for step in range(20):
        (root / "stairs" / str(step)).mkdir(parents=True)
        for side in ("left", "right"):
            (root / "stairs" / str(step) / side).symlink_to(f"../{step + 1}")


def escaping_links(root: Path, outside: Path) -> None:
    """Links out of the tree: absolute, climbing, through another link, to devices and to files that never end."""
    links = root / "links"
    links.mkdir()
    (links / "passwd.c").symlink_to("/etc/passwd")
    (links / "secret.c").symlink_to(outside / "secret.c")
    (links / "climbing.c").symlink_to(os.path.relpath(outside / "secret.c", links))
    (links / "directory").symlink_to(outside)
    (links / "through.c").symlink_to("directory/secret.c")
    (links / "endless.c").symlink_to("/dev/zero")
    (links / "descriptor.c").symlink_to("/proc/self/environ")
    (links / "root").symlink_to("/")
    (links / "nowhere.c").symlink_to("/nonexistent/file.c")
    (root / "CMakeLists.txt.in").symlink_to("/etc/shadow")


def odd_files(root: Path) -> None:
    """A pipe that blocks whoever opens it, a socket, a sparse file of 2 GB, an empty one, one without end of line."""
    os.mkfifo(root / "pipe.c")
    os.mkfifo(root / "Makefile.inc")
    here = Path.cwd()
    os.chdir(root)  # a socket's path may have 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket.c")
    finally:
        os.chdir(here)
    with (root / "sparse.c").open("wb") as file:
        file.truncate(2 << 30)
    (root / "empty.c").touch()
    (root / "nul.c").write_bytes(b"int x = '\0';\n" * 100)


def hostile_names(root: Path) -> None:
    """Every hostile name as a directory, a source file and a header that is included."""
    base = os.fsencode(root / "names")
    os.mkdir(base)
    for number, name in enumerate(HOSTILE_NAMES):
        folder = base + b"/" + name
        os.mkdir(folder)
        with open(folder + b"/plain.c", "w") as file:
            file.write(f"int in_folder_{number}(void) {{ return {number}; }}\n")
        with suppress(OSError), open(base + b"/" + name[:250] + b".c", "w") as file:
            file.write(f"int in_file_{number}(void) {{ return {number}; }}\n")


def unreadable(root: Path) -> None:
    """A file and a directory that nobody may read."""
    (root / "locked.c").write_text("int locked;\n")
    (root / "locked.c").chmod(0)
    (root / "vault").mkdir()
    (root / "vault" / "inside.c").write_text("int inside;\n")
    (root / "vault").chmod(0)


def deep(root: Path, levels: int) -> None:
    """Directories in directories; at the bottom a source file, and one half way where a path can still name it."""
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    for level in range(levels):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
        if level in (levels // 3, levels // 2, levels - 1):
            os.close(os.open("bottom.c", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=here))
    os.close(here)


def many_files(root: Path, count: int) -> None:
    """`count` small files, a thousand in a directory."""
    for number in range(count):
        if number % 1000 == 0:
            folder = root / f"part{number // 1000}"
            folder.mkdir()
            place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        file = os.open(f"f{number}.txt", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=place)
        os.write(file, b"x")
        os.close(file)
        if number % 1000 == 999:
            os.close(place)


def named_like_ours(root: Path) -> None:
    """Names of files that our program writes or reads, with contents that are none of that."""
    (root / "results.json").write_text('{"version": 1, "run": "x", "findings": [{"id": "M-forged"}], "entry_points": []}')
    (root / "report.html").write_text("<script>alert(1)</script>")
    (root / ".mithridate").mkdir()
    (root / ".mithridate" / "harness.o").write_text("not an object")
    (root / "build.json").write_text("{}")
    (root / "build.json.new").mkdir()
    for name in ("src", "build", "log", "proofs", "builds", "snapshots"):
        (root / name).mkdir()
    (root / "proofs" / "forged.proof").write_bytes(b"PK\x05\x06" + bytes(18))
    (root / "mithridate.sqlite").write_bytes(b"SQLite format 3\0")
