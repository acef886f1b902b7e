import os
from pathlib import Path

from mithridate.sandbox.disk import DiskWatch

MIB = 1 << 20


def test_growth_is_seen_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "before").write_bytes(os.urandom(4 * MIB))
    watch = DiskWatch([tmp_path], 2 * MIB)
    assert not watch.exceeded(lambda _: 0)
    (tmp_path / "new").write_bytes(os.urandom(3 * MIB))
    os.sync()
    watch._next_walk = 0.0
    assert watch.exceeded(lambda _: 0)


def test_files_without_a_name_count(tmp_path: Path) -> None:
    watch = DiskWatch([tmp_path], 2 * MIB)
    watch._next_walk = 0.0
    assert watch.exceeded(lambda devices: 3 * MIB if tmp_path.stat().st_dev in devices else 0)


def test_a_link_adds_nothing_and_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "watched").mkdir()
    (tmp_path / "large").write_bytes(os.urandom(3 * MIB))
    watch = DiskWatch([tmp_path / "watched"], 2 * MIB)
    (tmp_path / "watched" / "link").symlink_to(tmp_path / "large")
    (tmp_path / "watched" / "loop").symlink_to(tmp_path / "watched")
    watch._next_walk = 0.0
    assert not watch.exceeded(lambda _: 0)


def test_a_hard_link_counts_once(tmp_path: Path) -> None:
    watch = DiskWatch([tmp_path], 4 * MIB)
    (tmp_path / "one").write_bytes(os.urandom(3 * MIB))
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    os.sync()
    watch._next_walk = 0.0
    assert not watch.exceeded(lambda _: 0)


def test_files_without_content_count_too(tmp_path: Path) -> None:
    watch = DiskWatch([tmp_path], bound=100 * 4096)
    for number in range(90):
        (tmp_path / str(number)).touch()
    assert not watch.exceeded(lambda _: 0)
    for number in range(90, 200):
        (tmp_path / str(number)).touch()
    watch._next_walk = 0.0
    assert watch.exceeded(lambda _: 0)
