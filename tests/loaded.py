"""The program, forked off a process that has loaded it.

Loading it takes more than a second of CPU time, and more than half of what the tests' short scans take with all that they do.
Here a keeper loads it once for each worker; each run is a fork of it, with its own arguments, environment, directory and streams,
and from there on the process that a user has: it may be signalled, killed and waited for. `tests/e2e/test_loaded.py` compares the
two. What is about how the program starts uses the program itself.
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
_LOADED = (
    "mithridate.pipeline",
    "mithridate.cli.live",
    "mithridate.cli.patching",
    "mithridate.cli.presenting",
    "mithridate.cli.progress",
    "mithridate.report.registry",
)


class Run:
    """A run of the program: what `subprocess.Popen` is for the program itself, as far as the tests use it."""

    def __init__(
        self, words: Sequence[str], *, env: Mapping[str, str], stdout: IO[str], cwd: str = "", errors: str = "surrogateescape"
    ) -> None:
        heard, stderr = os.pipe()
        status, told = os.pipe()
        asked = json.dumps([list(words), dict(env), cwd or str(Path.cwd())], ensure_ascii=True).encode()
        with _asking:
            socket.send_fds(_keeper(), [asked], [stdout.fileno(), stderr, told])
        os.close(stderr)
        os.close(told)
        self.stderr = os.fdopen(heard, encoding="utf-8", errors=errors, newline="")  # closed by who reads it
        self._status = os.fdopen(status, "rb")  # closed with what it says last
        self.pid = int(self._status.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float) -> int:
        """Its exit code, or minus the signal that ended it. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._status, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired("mithridate", timeout)
            with self._status:
                self.returncode = int(self._status.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """kill -9."""
        self.send_signal(signal.SIGKILL)


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


_asking = threading.Lock()


def load() -> None:
    """Start the keeper now, for a test that counts processes."""
    _keeper()


@functools.cache
def _keeper() -> socket.socket:
    """Our end of what the keeper listens to; it ends when that is closed."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, its):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
    words = [sys.executable, "-m", "tests.loaded", str(its.fileno())]
    popen = subprocess.Popen(words, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL, cwd=_ROOT)
    its.close()
    atexit.register(popen.wait)
    atexit.register(ours.close)
    return ours


def _keep(link: socket.socket) -> None:
    """Load the program, and fork it off for everyone who asks."""
    for name in _LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    assert threading.active_count() == 1  # only the thread that forks lives on in the fork
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, streams, _, _ = socket.recv_fds(link, _MOST, 3)
        if not asked:
            return
        if not os.fork():
            link.close()
            _watch(asked, *streams)
        for stream in streams:
            os.close(stream)


def _watch(asked: bytes, stdout: int, stderr: int, told: int) -> NoReturn:
    """Fork the program off, say which process it is, and, when it has ended, how."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if not pid:
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        os.closerange(3, max(stdout, stderr, told) + 1)
        words, env, directory = json.loads(asked)
        _become(words, env, directory)
    os.close(stdout)
    os.close(stderr)
    os.write(told, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
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
        sys.stdout, sys.stderr = _text(1, sys.stdout), _text(2, sys.stderr)
        run()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  # the interpreter's last words
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        with contextlib.suppress(OSError):
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _text(descriptor: int, like: TextIO) -> io.TextIOWrapper:
    """A stream of text that is like another one."""
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), like.encoding, like.errors, line_buffering=descriptor == 2)


if __name__ == "__main__":
    _keep(socket.socket(fileno=int(sys.argv[1])))
