"""Trees that mislead whoever walks them."""

from tests.hostile import trees
from tests.hostile.arena import PASSWD, SECRET, Arena

from mithridate.model.errors import ExitCode


def test_a_tree_of_traps_is_scanned_around_them(arena: Arena) -> None:
    trees.program(arena.target)
    trees.symlink_loops(arena.target)
    trees.escaping_links(arena.target, arena.outside)
    trees.odd_files(arena.target)
    trees.unreadable(arena.target)
    trees.named_like_ours(arena.target)
    ended = arena.scan("--budget", "3s", "--replays", "2", code=ExitCode.PROVED)
    assert ended.places == {("record.c", "copy_record")}
    assert "larger than 64 MiB" in ended.reasons("sparse.c")
    assert "a device, socket or pipe" in ended.reasons("pipe.c")
    assert "a device, socket or pipe" in ended.reasons("socket.c")
    assert "a symbolic link that leaves the tree" in ended.reasons("links/passwd.c")
    assert "a symbolic link that loops" in ended.reasons("loops/self.c")
    assert arena.holding(SECRET) == []
    assert arena.holding(PASSWD) == []
    assert "M-forged" not in str(ended.results)


def test_hostile_names_are_compiled_and_never_obeyed(arena: Arena) -> None:
    trees.hostile_names(arena.target)
    trees.program(arena.target, b"$(touch owned);'\"\x1b[2J.c")
    ended = arena.scan("--budget", "3s", "--replays", "2", code=ExitCode.PROVED)
    assert {function for _, function in ended.places} == {"copy_record"}
    assert not [path for path, _ in arena.written() if path.name.startswith("owned")]


def test_two_thousand_directories_deep(arena: Arena) -> None:
    trees.library(arena.target)
    trees.deep(arena.target, 2000)
    ended = arena.scan("--budget", "1s", code=ExitCode.NOTHING_TO_ANALYSE)
    assert any("nested deeper than 200" in s["reason"] for s in ended.results["skipped"])


def test_a_hundred_thousand_files(arena_in_memory: Arena) -> None:
    trees.library(arena_in_memory.target)
    trees.many_files(arena_in_memory.target, 100_000)
    ended = arena_in_memory.scan("--budget", "1s", code=ExitCode.NOTHING_TO_ANALYSE)
    assert ended.results["project"]["files"] == 100_001


def test_a_tree_of_more_files_than_the_limit_is_refused_at_once(arena_in_memory: Arena) -> None:
    trees.many_files(arena_in_memory.target, 200_001)
    ended = arena_in_memory.scan(code=ExitCode.USAGE)
    assert "200000 files" in ended.sentence
