"""A mithridate.toml that comes with the code is the code's, not the owner's: it may be wrong, huge, or after something."""

import pytest
from tests.hostile import builds, trees
from tests.hostile.arena import PASSWD, SECRET, Arena

from mithridate.model.errors import ExitCode

WRONG = {
    "not TOML": "[[component\npath = 1",
    "not UTF-8": b"[[component]]\npath = '\xff'\n",
    "nested too deeply": "x = " + "[" * 100_000,
    "huge": "# " + "x" * (2 << 20),
    "climbing": '[[component]]\npath = "../../etc"\n',
    "zero byte": '[[component]]\npath = "a\\u0000b"\n',
    "misspelt": '[[component]]\npath = "."\nbiuld = "make"\n',
    "escapes": '[[component]]\npath = "."\n"\\u001b[2J\\u202e" = 1\n',
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_configuration_is_named_and_nothing_runs(arena: Arena, name: str) -> None:
    text = WRONG[name]
    trees.library(arena.target)
    (arena.target / "mithridate.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    ended = arena.scan(code=ExitCode.USAGE)
    assert "mithridate.toml" in ended.sentence
    assert len(ended.sentence) < 500
    assert list((arena.home / "builds").iterdir()) == []


def test_a_configuration_can_ask_for_nothing_outside(arena: Arena) -> None:
    trees.program(arena.target)
    (arena.target / "elsewhere").symlink_to(arena.outside)
    text = f"""
[[component]]
path = "."
system = "custom"
configure = "cp {arena.outside}/secret.c /etc/passwd . ; echo owned >{arena.outside}/owned; :"
build = "$CC -o record record.c; : $(cat {arena.outside}/secret.c) || true"
options = ["--prefix={arena.outside}", "$(touch {arena.outside}/owned)"]
env = {{ LD_PRELOAD = "{arena.outside}/secret.c", MITHRIDATE_LOG = "{arena.outside}", BASH_ENV = "{arena.outside}/secret.c" }}
seeds = ["/etc/passwd", "../outside/*", "{arena.outside}/*", "elsewhere/*", "**/**/**/**/*", "samples/*"]
harnesses = ["/etc/*", "../../*"]

[component.arguments]
record = ["@@", "{arena.outside}/secret.c", "/etc/passwd @@", "$(touch owned) @@"]
"""
    (arena.target / "mithridate.toml").write_text(text)
    arena.scan("--budget", "2s", "--replays", "2")
    assert arena.holding(SECRET) == []
    assert [path for path in arena.holding(PASSWD) if path.name != "passwd"] == []


def test_a_configuration_that_is_no_file_is_left_alone(arena: Arena) -> None:
    trees.library(arena.target)
    (arena.target / "mithridate.toml").symlink_to("/dev/zero")
    arena.scan("--budget", "1s", code=ExitCode.NOTHING_TO_ANALYSE)


def test_a_build_that_the_configuration_asks_for_is_held_like_any_other(arena: Arena) -> None:
    builds.named_by_the_owner(arena.target, '[[component]]\npath = "."\nbuild = "trap : TERM; while :; do sleep 1000; done"\n')
    ended = arena.scan("--build-timeout", "2s", code=ExitCode.NOTHING_TO_ANALYSE)
    assert "took longer than 2 s" in str(ended.results["skipped"])
