"""Builds that attack whoever runs them: each ends in a sentence of the report, and the rest of the project is still scanned."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.hostile import builds, trees
from tests.hostile.arena import SECRET, Arena

from mithridate.model.errors import ExitCode


@contextmanager
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port of this machine, and who called it."""
    called: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    called.append(server.accept()[1])
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], called
        server.shutdown(socket.SHUT_RDWR)


def test_builds_that_exhaust_the_machine_are_stopped_at_their_limits(arena: Arena) -> None:
    for make in builds.SHORT:
        make(arena.target)
    ended = arena.scan("--budget", "1s", "--build-timeout", "60s", code=ExitCode.NOTHING_TO_ANALYSE)
    assert "started more than 1024 processes" in str(ended.reasons("forks"))
    assert "wrote more than 2048 MiB" in str(ended.reasons("fills"))
    assert "printed more than 128 MiB" in str(ended.reasons("prints"))
    assert "ended by signal 9" in str(ended.reasons("kills"))
    assert "<script>alert(1)</script>" in str(ended.reasons("scripts"))
    assert b"<script>alert(1)" not in (arena.out / "report.html").read_bytes()


def test_a_build_that_never_ends_costs_its_time_and_nothing_else(arena: Arena) -> None:
    builds.sleeps(arena.target)
    trees.library(arena.target)
    ended = arena.scan("--budget", "1s", code=ExitCode.NOTHING_TO_ANALYSE, MITHRIDATE_BUILD_TIMEOUT="6s")
    assert "took longer than 6 s" in str(ended.reasons("sleeps"))
    assert "it was built" in str(ended.reasons("target"))


def test_a_build_reaches_neither_the_network_nor_the_home_nor_a_neighbour(arena: Arena) -> None:
    with listener() as (port, called):
        builds.calls_out(arena.target, port)
        builds.pries(arena.target, arena.user_home, arena.outside)
        builds.cmake(arena.target, arena.outside)
        arena.scan("--budget", "1s", "--build-timeout", "60s", code=ExitCode.NOTHING_TO_ANALYSE)
    assert called == []
    assert arena.holding(SECRET) == []


def test_traps_among_the_results_of_a_build_catch_nobody(arena: Arena) -> None:
    builds.tampers(arena.target, arena.outside)
    ended = arena.scan("--budget", "3s", "--replays", "2", code=ExitCode.PROVED)
    assert ended.places == {("tampers/record.c", "copy_record")}
    assert arena.holding(SECRET) == []
