"""Programs that attack whoever runs them."""

from tests.hostile.arena import PASSWD, SECRET, Arena
from tests.hostile.attackers import programs
from tests.hostile.test_builds import listener

from mithridate.model.errors import ExitCode


def test_programs_that_do_not_end_or_end_others_are_ended_and_reported(arena: Arena) -> None:
    programs(arena.target, "deaf", "spawns", "deletes", "prints")
    ended = arena.scan("--budget", "4s", "--replays", "2", "--hang", "3s", code=ExitCode.NOTHING_PROVED)
    assert "reads its input and then waits" in str(ended.reasons("deaf"))
    entries = str([entry["id"] for entry in ended.results["entry_points"]])
    assert all(name in entries for name in ("spawns", "deletes", "prints"))


def test_a_program_that_takes_all_memory_is_a_finding_and_no_accident(arena: Arena) -> None:
    programs(arena.target, "eats")
    ended = arena.scan("--budget", "4s", "--replays", "2", "--memory", "0.5", code=ExitCode.PROVED)
    assert ended.results["options"]["memory_bytes"] == 1 << 29
    assert {finding["cwe"] for finding in ended.results["findings"]} & {400, 770, 789}


def test_a_program_reaches_neither_the_network_nor_the_home(arena: Arena) -> None:
    with listener() as (port, called):
        programs(arena.target, "calls", port=port, user_home=arena.user_home)
        arena.scan("--budget", "4s", "--replays", "2", code=ExitCode.NOTHING_PROVED)
    assert called == []
    assert arena.holding(SECRET) == []


def test_a_forged_report_is_quoted_and_neither_obeyed_nor_followed(arena: Arena) -> None:
    programs(arena.target, "forges", outside=arena.outside)
    arena.scan("--budget", "4s", "--replays", "2")
    assert b"<script>alert(1)" not in (arena.out / "report.html").read_bytes()
    assert b"<img src=x" not in (arena.out / "report.html").read_bytes()
    assert arena.holding(SECRET) == []
    assert arena.holding(PASSWD) == []


def test_what_a_program_plants_where_the_hunt_reads_and_writes_is_not_followed(arena: Arena) -> None:
    programs(arena.target, "plants", outside=arena.outside)
    arena.scan("--budget", "6s", "--replays", "2", "--engine", "afl++")
    assert arena.holding(SECRET) == []
    assert arena.holding(PASSWD) == []
