"""A place to scan a hostile project in: the real program as a process, a private home, and sentinels all around it.

What every hostile project must show is checked here once, after each scan: one clear sentence and a documented exit code, the
target and the user's home unchanged, nothing left in the directory for temporary files, no process left, and the
secret in nothing that was written.
"""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import loaded

from mithridate.model.errors import ExitCode

PROGRAM = (sys.executable, "-c", "from mithridate.cli.main import run; run()")
SECRET = b"-----SENTINEL-5f1c0de-THIS-MUST-NOT-BE-READ-----"
PASSWD = Path("/etc/passwd").read_bytes().splitlines()[0]

_SUBREAPER = 36  # prctl(2), PR_SET_CHILD_SUBREAPER
_LINGER_S = 5.0
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]")
_GRACEFUL = frozenset(ExitCode) - {ExitCode.OUR_FAULT}


@dataclass(frozen=True)
class Ended:
    """How one command ended."""

    code: int
    stdout: str
    stderr: str
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What the program said when it gave up; "" when it did not."""
        return next((line for line in self.stderr.splitlines() if line.startswith("mithridate: ")), "")

    def reasons(self, what: str) -> list[str]:
        """Why things whose name contains `what` were not examined."""
        return [s["reason"] for s in self.results["skipped"] if what in s["what"]]

    @property
    def places(self) -> set[tuple[str, str]]:
        """(file, function) of every finding."""
        return {(f["location"]["file"], f["location"]["function"]) for f in self.results["findings"]}


class Arena:
    """One target with its surroundings below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.target = root / "target"
        self.home = root / "home"
        self.out = root / "out"
        self.user_home = root / "user"
        self.temporary = root / "temporary"
        self.outside = root / "outside"
        for directory in (self.user_home / ".ssh", self.temporary, self.outside, self.target):
            directory.mkdir(parents=True)
        for file in (self.user_home / ".ssh" / "id_ed25519", self.user_home / ".netrc", self.outside / "secret.c"):
            file.write_bytes(SECRET + b"\n")

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
        secrets = {"AWS_SECRET_ACCESS_KEY": SECRET.decode(), "SSH_AUTH_SOCK": str(self.user_home / "agent")}
        return {**kept, **secrets, "HOME": str(self.user_home), "TMPDIR": str(self.temporary), "TERM": "dumb"}

    def authorise(self, target: Path | None = None) -> None:
        """Write the scope of the target."""
        self._process("scope", "init", target or self.target, "--owner", "X", "--until", "30d", "--attest", timeout=60).check()

    def scan(
        self,
        *options: str | Path,
        target: Path | None = None,
        timeout: float = 150,
        code: int | None = None,
        through: tuple[str, ...] = (),
        **environment: str,
    ) -> Ended:
        """Scan the target and check what every scan must leave as it was.

        `code` is the exit code that is due; `through` is a command that starts the program instead of us.
        """
        path = target or self.target
        if "--scope" not in options:
            self.authorise(path)
        words = ("scan", path, "--home", self.home, "--out", self.out, "--jobs", "2", "--engine", "libfuzzer", *options)
        before = self.surroundings(path)
        survivors = _become_reaper()
        ended = self._process(*words, timeout=timeout, through=through, **environment)
        left = list(survivors())
        assert not left, f"processes left behind: {left}"
        assert self.surroundings(path) == before
        left_behind = sorted(p for p in self.temporary.rglob("*"))[:8]
        assert left_behind == [], "\n".join(p.read_text(errors="replace") if p.suffix == ".txt" else str(p) for p in left_behind)
        self._check_words(ended, code)
        return ended

    def surroundings(self, target: Path) -> dict[bytes, bytes]:
        """Everything that a scan must not change, with what would tell that it did."""
        return {name: what for place in (target, self.user_home, self.outside) for name, what in fingerprint(place).items()}

    def written(self) -> Iterator[tuple[Path, bytes]]:
        """Everything that our program wrote (but for files that only holes can make so large), and what is packed in it."""
        words = ("find", self.home, self.out, "-type", "f", "-size", "-64M", "-print0")
        listed = subprocess.run(words, capture_output=True, check=False).stdout
        for name in listed.split(b"\0")[:-1]:
            path = Path(os.fsdecode(name))
            try:
                yield path, path.read_bytes()
            except OSError:  # deeper than a path can say
                continue
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as packed:
                    for member in packed.namelist():
                        yield path / member, packed.read(member)

    def holding(self, needle: bytes) -> list[Path]:
        """Where `needle` is in what our program wrote."""
        return [path for path, content in self.written() if needle in content]

    def run(self, *words: str | Path, timeout: float = 100, **environment: str) -> Ended:
        """Another command of the program, with the same home."""
        return self._process(*words, "--home", self.home, timeout=timeout, **environment)

    def _process(self, *words: str | Path, timeout: float, through: tuple[str, ...] = (), **environment: str) -> "_Checked":
        argv = [os.fspath(word) for word in words]
        env = {**self.environment, **environment}
        if through:
            started = [*through, *PROGRAM, *argv]
            ran = subprocess.run(
                started, env=env, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, cwd=self.root, encoding="utf-8"
            )
        else:
            ran = loaded.ran(*argv, env=env, timeout=timeout, cwd=self.root, errors="strict")
        results = self.out / "results.json"
        content = json.loads(results.read_bytes()) if results.exists() else {}
        return _Checked(ran.returncode, ran.stdout, ran.stderr, content)

    def _check_words(self, ended: Ended, code: int | None) -> None:
        said = f"exit code {ended.code}\n{ended.stdout}\n{ended.stderr}"
        assert ended.code in _GRACEFUL, said
        assert code is None or ended.code == code, said
        assert "Traceback" not in ended.stderr, said
        assert not _CONTROL.search(ended.stdout + ended.stderr), said
        finished = ended.code in (ExitCode.NOTHING_PROVED, ExitCode.PROVED)
        assert finished <= bool(ended.results), said
        assert not ended.results or finished or ended.code == ExitCode.NOTHING_TO_ANALYSE, said
        assert bool(ended.sentence) != finished, said
        assert not list(self.out.glob("**/.*")), "a half-written file was left"


@dataclass(frozen=True)
class _Checked(Ended):
    def check(self) -> None:
        assert self.code == 0, self.stderr


def fingerprint(root: Path) -> dict[bytes, bytes]:
    """Every name below `root` with what changes when somebody writes there. find(1) goes to any depth and takes any name."""
    words = ("find", os.fspath(root.absolute()), "-printf", r"%p\0%m %s %u %i %T@ %C@ %l\0")
    listed = subprocess.run(words, capture_output=True, check=False).stdout.split(b"\0")
    return dict(zip(listed[::2], listed[1::2], strict=False))


def _become_reaper() -> Any:
    """Have orphans of our children fall to us; the function that is returned yields those that are still alive."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)
    loaded.load()
    before = set(_children())

    def survivors() -> Iterator[str]:
        until = time.monotonic() + _LINGER_S
        while (left := [p for p in _children() if p not in before and not _reaped(p)]) and time.monotonic() < until:
            time.sleep(0.1)
        for pid in left:
            with suppress(OSError):
                yield Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").replace("\0", " ")
                os.kill(pid, signal.SIGKILL)

    return survivors


def _children() -> list[int]:
    return [int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]


def _reaped(pid: int) -> bool:
    """True when the process had ended; nobody else waits for it."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
