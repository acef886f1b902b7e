"""The program, forked off a process that has loaded it.

Loading it takes more than a second of CPU time: more than half of what the tests' short scans take with all that they do. Here a
keeper loads it once for each worker, and a run is a fork of that, with its own arguments, environment, directory and streams, and
from there on a process like the one that a user has: it may be signalled, killed and waited for. `tests/e2e/test_loaded.py`
compares the two. What is about how the program starts uses the program itself.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import io
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NoReturn, TextIO

_MOST = 1 << 20
_ROOT = Path(__file__).parents[1]
_CLIENT = Path(__file__).with_name("ask_keeper.py")
_LOADED = (
    "mithridate.pipeline",
    "mithridate.cli.live",
    "mithridate.cli.patching",
    "mithridate.cli.presenting",
    "mithridate.cli.progress",
    "mithridate.mcp.http",
    "mithridate.mcp.serving",
    "mithridate.report.registry",
)


class Run:
    """A run of the program: what `subprocess.Popen` is for the program itself, as far as the tests use it."""

    def __init__(
        self, words: Sequence[str], *, env: Mapping[str, str], stdout: IO[str], cwd: str = "", errors: str = "surrogateescape"
    ) -> None:
        heard, stderr = os.pipe()
        status, told = os.pipe()
        asked = json.dumps([list(words), dict(env), cwd or str(Path.cwd())]).encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link, Path(os.devnull).open() as nothing:
            link.connect(_keeper())
            link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
            socket.send_fds(link, [asked], [nothing.fileno(), stdout.fileno(), stderr, told])
        os.close(stderr)
        os.close(told)
        self.stderr = os.fdopen(heard, encoding="utf-8", errors=errors, newline="")  # closed by who reads it
        self._status = os.fdopen(status, "rb")  # closed with what it says last
        self.pid = int(self._status.readline())
        self.returncode: int | None = None
        _at_work.add(self)

    def wait(self, timeout: float) -> int:
        """Its exit code, or minus the signal that ended it. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._status, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired("mithridate", timeout)
            with self._status:
                self.returncode = int(self._status.readline())
            _at_work.discard(self)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9."""
        self.send_signal(signal.SIGKILL)


_at_work: set[Run] = set()


def end_all() -> None:
    """Kill what is still at work."""
    for run in list(_at_work):
        run.kill()
        run.wait(60)


def ran(
    *words: str, env: Mapping[str, str], timeout: float, cwd: str | Path = "", errors: str = "surrogateescape"
) -> subprocess.CompletedProcess[str]:
    """A run to its end with what it said. One that takes longer than `timeout` seconds is killed: subprocess.TimeoutExpired.

    `errors` is what becomes of words that are not UTF-8.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors=errors, newline="") as stdout:
        run = Run(words, env=env, stdout=stdout, cwd=os.fspath(cwd), errors=errors)
        said: list[str] = []
        reader = threading.Thread(target=lambda: said.append(run.stderr.read()))
        reader.start()
        try:
            code = run.wait(timeout)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait(timeout)
            raise
        finally:
            reader.join()
            run.stderr.close()
        stdout.seek(0)
        return subprocess.CompletedProcess(["mithridate", *words], code, stdout.read(), "".join(said))


def command() -> list[str]:
    """For others to start: a process whose streams, environment and directory a run takes over, and that ends as it ends."""
    return [sys.executable, "-IS", str(_CLIENT), _keeper()]


def load() -> None:
    """Start the keeper now, for a test that counts processes."""
    _keeper()


@functools.cache
def _keeper() -> str:
    """The socket that the keeper listens to. It ends with us."""
    place = tempfile.mkdtemp(prefix="mithridate-keeper-", dir="/tmp")
    address = f"{place}/socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
        link.bind(address)
        link.listen(64)
        words = [sys.executable, "-m", "tests.loaded", str(link.fileno())]
        popen = subprocess.Popen(words, pass_fds=[link.fileno()], stdin=subprocess.PIPE, cwd=_ROOT)
    assert popen.stdin is not None
    atexit.register(shutil.rmtree, place)
    atexit.register(popen.wait)
    atexit.register(popen.stdin.close)
    return address


def _keep(link: socket.socket) -> None:
    """Load the program, and fork it off for everyone who asks, until standard input ends."""
    for name in _LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    assert threading.active_count() == 1  # only the thread that forks lives on in the fork
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(link, selectors.EVENT_READ)
        while not any(key.fd == 0 for key, _ in selector.select()):
            asking, _ = link.accept()
            with asking:
                asked, streams, _, _ = socket.recv_fds(asking, _MOST, 4)
            if len(streams) == 4 and not os.fork():
                _watch(asked, *streams)
            for stream in streams:
                os.close(stream)


def _watch(asked: bytes, stdin: int, stdout: int, stderr: int, told: int) -> NoReturn:
    """Fork the program off, say which process it is, and, when it has ended, how."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if not pid:
        for at, stream in enumerate((stdin, stdout, stderr)):
            os.dup2(stream, at)
        os.closerange(3, max(stdin, stdout, stderr, told) + 1)
        words, env, directory = json.loads(asked)
        _become(words, env, directory)
    os.closerange(0, told)
    os.write(told, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):
        os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(words: list[str], env: dict[str, str], directory: str) -> NoReturn:
    """Run the program to its end, as the interpreter would."""
    from mithridate.cli.main import run

    code: object = 1
    try:
        os.chdir(directory)
        os.environ.clear()
        os.environ.update(env)
        time.tzset()
        tempfile.tempdir = None
        sys.argv = ["mithridate", *words]
        sys.stdin = _text(0, sys.stdin)
        sys.stdout, sys.stderr = _text(1, sys.stdout), _text(2, sys.stderr)
        run()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  # the interpreter's last words
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _text(descriptor: int, like: TextIO) -> io.TextIOWrapper:
    """A stream of text that is like another one."""
    raw = io.FileIO(descriptor, "w" if descriptor else "r", closefd=False)
    binary = io.BufferedWriter(raw) if descriptor else io.BufferedReader(raw)
    return io.TextIOWrapper(binary, like.encoding, like.errors, line_buffering=descriptor == 2)


if __name__ == "__main__":
    _keep(socket.socket(fileno=int(sys.argv[1])))
