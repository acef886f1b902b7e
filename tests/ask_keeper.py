"""What `tests.loaded.command` has others start: hands its streams to the keeper, and ends as the run ends. It imports little."""

import contextlib
import json
import os
import signal
import socket
import sys


def pass_on(number: int, _: object) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


status, told = os.pipe()
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
    link.connect(sys.argv[1])
    link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    socket.send_fds(link, [json.dumps([sys.argv[2:], dict(os.environ), os.getcwd()]).encode()], [0, 1, 2, told])  # noqa: PTH109
for stream in (0, 1, 2, told):
    os.close(stream)
with open(status, "rb") as said:  # noqa: PTH123
    pid = int(said.readline())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    code = int(said.readline())
if code < 0:
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
