"""A disk that fills up under our own data directory or our results."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.hostile import trees
from tests.hostile.arena import PROGRAM, Arena

from mithridate.model.errors import ExitCode

OWN_MOUNTS = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--mount")
CAN_MOUNT = subprocess.run((*OWN_MOUNTS, "mount", "-t", "tmpfs", "x", "/mnt"), capture_output=True, check=False).returncode == 0

SCRIPT = """
set -u
place=$1 size=$2 target=$3 home=$4 out=$5; shift 5
mkdir -p "$place"
mount -t tmpfs -o size="$size" tmpfs "$place" || exit 99
"$@" scan "$target" --home "$home" --out "$out" --budget 3s --replays 2 --engine libfuzzer
echo "ended $?" >&2
ls -A "$out" | sed 's/^/left /' >&2
mount -o remount,size=2g "$place" || exit 99
"$@" resume --home "$home" ${RUN:-}
echo "ended $?" >&2
cp -r "$out" "$out.copy"
"""


@dataclass(frozen=True)
class Story:
    """What was said, how the scan on the small disk ended, and how the resumed one on the large."""

    said: str
    first: int
    second: int
    left: set[str]


def told(arena: Arena, place: Path, size: str) -> Story:
    """Scan with `place` on a disk of that size; then give it room and resume."""
    arena.authorise()
    words = (*OWN_MOUNTS, "sh", "-c", SCRIPT, "sh", place, size, arena.target, arena.home, arena.out, *PROGRAM)
    ran = subprocess.run(words, env=arena.environment, capture_output=True, text=True, timeout=200, check=False)
    codes = [int(line.split()[1]) for line in ran.stderr.splitlines() if line.startswith("ended ")]
    assert len(codes) == 2, ran.stderr
    left = {line[5:] for line in ran.stderr.splitlines() if line.startswith("left ")}
    return Story(ran.stderr, codes[0], codes[1], left)


@pytest.mark.skipif(not CAN_MOUNT, reason="mounting a small disk takes root or user namespaces")
class TestFullDisk:
    @pytest.mark.parametrize("size", ["1m", "100m"])
    def test_of_the_data_directory_ends_the_run_resumably(self, arena: Arena, size: str) -> None:
        trees.library(arena.target)
        for number in range(2):  # the second does not fit into the largest disk, which fills up in the middle of a step
            (arena.target / f"large{number}.bin").write_bytes(bytes(55 << 20))
        story = told(arena, arena.home, size)
        assert story.first == ExitCode.INTERRUPTED, story.said
        assert f"the disk that holds {arena.home}" in story.said
        assert "Traceback" not in story.said
        assert "results.json" not in story.left
        assert story.second == ExitCode.NOTHING_TO_ANALYSE, story.said  # a library without a program

    def test_of_the_results_leaves_no_half_of_them(self, arena: Arena) -> None:
        trees.program(arena.target)
        story = told(arena, arena.out, "64k")
        assert story.first == ExitCode.INTERRUPTED, story.said
        assert "is full" in story.said
        assert not [name for name in story.left if name.startswith(".")]
        assert story.second == ExitCode.PROVED, story.said
        assert (Path(f"{arena.out}.copy") / "results.json").stat().st_size > 1000
