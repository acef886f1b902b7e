import io
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from mithridate.model.errors import UsageError
from mithridate.store.archive import ArchiveLimits, extract_archive, is_archive
from mithridate.store.snapshot import take_snapshot


def tar_with(path: Path, *members: tarfile.TarInfo, content: bytes = b"data", mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for member in members:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content) if member.isreg() else None)
    return path


def regular(name: str, mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode = mode
    return info


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    return info


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_an_archive_is_the_same_snapshot_as_its_directory(tmp_path: Path, ending: str) -> None:
    root = tmp_path / "proj-1.0"
    (root / "sub").mkdir(parents=True)
    (root / "sub/a.c").write_text("int a;")
    (root / "run").write_text("#!/bin/sh")
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("sub/a.c")
    archive = tmp_path / f"proj-1.0.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.write(root / "sub/a.c", "proj-1.0/sub/a.c")
            zipped.write(root / "run", "proj-1.0/run")
            link = zipfile.ZipInfo("proj-1.0/link")
            link.external_attr = 0o120777 << 16
            zipped.writestr(link, "sub/a.c")
    else:
        subprocess.run(["tar", "-caf", archive, "-C", tmp_path, "proj-1.0"], check=True)
    from_archive, _ = take_snapshot(archive, tmp_path / "store")
    from_directory, _ = take_snapshot(root, tmp_path / "store")
    assert from_archive.snapshot == from_directory.snapshot
    assert from_archive.name == "proj-1.0"


@pytest.mark.parametrize("name", ["../escape", "/tmp/mithridate-escape", "a/../../escape"])
def test_a_member_that_climbs_out_is_left_out(tmp_path: Path, out: Path, name: str) -> None:
    skipped = extract_archive(tar_with(tmp_path / "x.tgz", regular(name), regular("good")), out)
    assert [s.what for s in skipped] == [name]
    assert [p.name for p in out.iterdir()] == ["good"]
    assert not (tmp_path / "escape").exists()


def test_a_zip_member_that_climbs_out_is_left_out(tmp_path: Path, out: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zipped:
        zipped.writestr("../escape", "x")
        zipped.writestr("good", "x")
    assert [s.what for s in extract_archive(tmp_path / "x.zip", out)] == ["../escape"]
    assert not (tmp_path / "escape").exists()


def test_a_file_written_through_a_link_stays_inside(tmp_path: Path, out: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = tar_with(
        tmp_path / "x.tgz",
        special("d", tarfile.SYMTYPE, str(outside)),
        regular("d/file"),
        special("e", tarfile.SYMTYPE, "../outside"),
    )
    skipped = extract_archive(archive, out)
    assert list(outside.iterdir()) == []
    assert (out / "d/file").read_bytes() == b"data"
    assert {s.what for s in skipped} == {"d", "e"}


def test_links_below_links_do_not_lead_out(tmp_path: Path, out: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = tar_with(
        tmp_path / "x.tgz",
        special("a", tarfile.SYMTYPE, "."),
        special("b", tarfile.SYMTYPE, "a/a/../../outside"),
        special("b/c", tarfile.SYMTYPE, "x"),
    )
    extract_archive(archive, out)
    assert list(outside.iterdir()) == []


def test_devices_and_pipes_are_left_out(tmp_path: Path, out: Path) -> None:
    archive = tar_with(tmp_path / "x.tgz", special("null", tarfile.CHRTYPE), special("fifo", tarfile.FIFOTYPE), regular("good"))
    assert {s.what for s in extract_archive(archive, out)} == {"null", "fifo"}
    assert [p.name for p in out.iterdir()] == ["good"]


def test_a_hard_link_to_a_file_outside_is_left_out_and_one_inside_is_a_copy(tmp_path: Path, out: Path) -> None:
    archive = tar_with(
        tmp_path / "x.tgz",
        regular("good"),
        special("same", tarfile.LNKTYPE, "good"),
        special("stolen", tarfile.LNKTYPE, "/etc/passwd"),
    )
    assert [s.what for s in extract_archive(archive, out)] == ["stolen"]
    assert (out / "same").read_bytes() == b"data"
    assert (out / "same").stat().st_nlink == 1


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_a_bomb_is_refused(tmp_path: Path, out: Path, kind: str) -> None:
    zeros = bytes(8 << 20)
    path = tmp_path / "bomb"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
            for number in range(4):
                zipped.writestr(f"z{number}", zeros)
    else:
        tar_with(path, *(regular(f"z{n}") for n in range(4)), content=zeros)
    with pytest.raises(UsageError, match="unpacks to more than 16 MiB"):
        extract_archive(path, out, ArchiveLimits(ratio_floor_bytes=16 << 20))
    assert sum(p.stat().st_size for p in out.iterdir()) <= 17 << 20


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "lie.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("z", bytes(4 << 20))
    content = path.read_bytes()
    path.write_bytes(content.replace((4 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    try:
        extract_archive(path, out)
    except UsageError as error:
        assert "cannot be read" in str(error)
    assert all(p.stat().st_size <= 100 for p in out.iterdir())


def test_too_many_members_are_refused(tmp_path: Path, out: Path) -> None:
    archive = tar_with(tmp_path / "x.tgz", *(regular(f"f{n}") for n in range(11)))
    with pytest.raises(UsageError, match="more than 10 members"):
        extract_archive(archive, out, ArchiveLimits(members=10))


def test_a_member_over_the_file_limit_is_left_out(tmp_path: Path, out: Path) -> None:
    archive = tar_with(tmp_path / "x.tgz", regular("big"), content=bytes(3 << 20))
    skipped = extract_archive(archive, out, ArchiveLimits(file_bytes=1 << 20))
    assert [s.what for s in skipped] == ["big"]
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("kind", ["tgz", "zip", "txz"])
def test_a_truncated_archive_is_a_usage_error(tmp_path: Path, out: Path, kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr("a", os.urandom(200_000))
        content = path.read_bytes()
        path.write_bytes(content[:50_000] + bytes(50_000) + content[100_000:])
    else:
        tar_with(path, regular("a"), content=os.urandom(200_000), mode="w:gz" if kind == "tgz" else "w:xz")
        path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(UsageError, match="cannot be read"):
        extract_archive(path, out)


def test_a_name_with_invalid_utf8_survives(tmp_path: Path, out: Path) -> None:
    extract_archive(tar_with(tmp_path / "x.tgz", regular(os.fsdecode(b"\xff.c"))), out)
    assert [os.fsencode(p.name) for p in out.iterdir()] == [b"\xff.c"]


def test_text_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_text("not really")
    assert not is_archive(tmp_path / "a.tar.gz")
