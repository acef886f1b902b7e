"""Archives as targets, made by a stranger."""

import os
from pathlib import Path

import pytest
from tests.hostile import archives, trees
from tests.hostile.arena import PASSWD, SECRET, Arena

from mithridate.model.errors import ExitCode


@pytest.mark.parametrize("name", archives.REFUSED)
def test_a_broken_archive_or_a_bomb_is_refused_in_one_sentence(arena: Arena, name: str) -> None:
    make, said = archives.REFUSED[name]
    make(arena.target / name)
    ended = arena.scan(target=arena.target / name, code=ExitCode.USAGE)
    assert said in ended.sentence
    assert list((arena.home / "snapshots").iterdir()) == []


@pytest.mark.parametrize("name", archives.EMPTY)
def test_an_archive_without_sources_leaves_nothing_to_analyse(arena: Arena, name: str) -> None:
    archives.EMPTY[name](arena.target / name)
    arena.scan(target=arena.target / name, code=ExitCode.NOTHING_TO_ANALYSE)


def test_an_archive_of_traps_is_unpacked_inside_its_place(arena: Arena) -> None:
    path = arena.target / "traps.txt"  # judged by content, not by name
    archives.traps(path, arena.outside)
    ended = arena.scan("--budget", "1s", target=path, code=ExitCode.NOTHING_TO_ANALYSE)
    assert "its path leaves the archive" in ended.reasons("climbing.c")
    assert "a device, socket or pipe" in ended.reasons("disk.c")
    assert arena.holding(SECRET) == []
    assert arena.holding(PASSWD) == []
    assert not [path for path, _ in arena.written() if path.name in ("owned", "absolute", "both", "climbing.c")]


def test_what_is_neither_a_directory_nor_a_file_is_no_target(arena: Arena) -> None:
    os.mkfifo(arena.target / "pipe")
    trees.library(arena.target)
    for path in (arena.target / "pipe", Path("/dev/zero"), arena.target / "answer.c"):
        scope = arena.root / "scope.toml"
        arena.authorise(arena.root)
        (arena.root / "mithridate.scope.toml").replace(scope)
        text = scope.read_text().replace('path = "."', f'name = "{path.name}"')
        scope.write_text(text)
        ended = arena.scan("--scope", scope, target=path, code=ExitCode.USAGE)
        assert "neither a directory nor an archive" in ended.sentence
