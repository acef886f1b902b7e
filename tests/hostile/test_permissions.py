"""What we may not read, and what nobody may write."""

import os

from tests.hostile import trees
from tests.hostile.arena import Arena

from mithridate.model.errors import ExitCode

WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set=-all,+setfcap", "--inh-caps=-all") if os.geteuid() == 0 else ()
"""Root without capabilities is stopped by permissions as anybody is; to map its number into a namespace it needs this one."""


def test_what_cannot_be_read_is_named_and_the_rest_is_scanned(arena: Arena) -> None:
    trees.library(arena.target)
    trees.unreadable(arena.target)
    ended = arena.scan("--budget", "1s", through=WITHOUT_PRIVILEGES, code=ExitCode.NOTHING_TO_ANALYSE)
    assert "it was built" in str(ended.reasons("target"))
    assert "cannot be read: Permission denied" in ended.reasons("locked.c")
    assert "the directory cannot be read: Permission denied" in ended.reasons("vault")


def test_a_target_that_cannot_be_read_is_refused_in_one_sentence(arena: Arena) -> None:
    trees.library(arena.target)
    arena.authorise()
    (arena.target / "mithridate.scope.toml").rename(arena.root / "scope.toml")
    text = (arena.root / "scope.toml").read_text()
    (arena.root / "scope.toml").write_text(text.replace('path = "."', 'path = "target"'))
    arena.target.chmod(0o111)
    ended = arena.scan("--scope", arena.root / "scope.toml", through=WITHOUT_PRIVILEGES)
    assert ended.code in (ExitCode.USAGE, ExitCode.NOTHING_TO_ANALYSE)


def test_a_home_that_cannot_be_written_is_refused_in_one_sentence(arena: Arena) -> None:
    trees.library(arena.target)
    arena.home.mkdir(mode=0o500)
    ended = arena.scan(through=WITHOUT_PRIVILEGES, code=ExitCode.USAGE)
    assert "cannot be written" in ended.sentence


def test_a_place_for_results_that_cannot_be_written_is_refused_before_the_work(arena: Arena) -> None:
    trees.library(arena.target)
    arena.out.mkdir(mode=0o500)
    ended = arena.scan(through=WITHOUT_PRIVILEGES, code=ExitCode.USAGE)
    assert "results cannot be written" in ended.sentence
    assert list((arena.home / "builds").iterdir()) == []
