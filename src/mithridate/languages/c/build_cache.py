"""Where builds live: one directory per key, complete only when its marker is there, made by one process at a time."""

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from mithridate.model.errors import Interrupted
from mithridate.model.project import Build, BuildSystem, Component, Flavour, Link, Skipped
from mithridate.sandbox.leavings import remove_tree

_MARKER = "build.json"
_POLL_S = 0.1
_CHUNK = 1 << 30


@contextmanager
def exclusive(cache: Path, key: str, cancel: threading.Event | None) -> Iterator[None]:
    """Hold the lock of `key`; the kernel frees it when its holder dies. Raises Interrupted when `cancel` is set while waiting."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{key}.lock").open("wb") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if cancel is not None and cancel.is_set():
                    raise Interrupted("Stopped while another run was building the same component.") from None
                time.sleep(_POLL_S)
        yield


def write_marker(build: Build) -> None:
    """Declare the build complete; the last thing that is written, in one step."""
    content = asdict(build)
    del content["directory"]
    partial = build.directory / f"{_MARKER}.new"
    partial.write_text(json.dumps(content), "ascii")
    partial.replace(build.directory / _MARKER)


def read_marker(directory: Path) -> Build | None:
    """The complete build in `directory`, or None when there is none or its marker is from another version."""
    try:
        content = json.loads((directory / _MARKER).read_text("ascii"))
        component = content["component"]
        return Build(
            component=Component(
                **{
                    **component,
                    "system": BuildSystem(component["system"]),
                    **{name: tuple(component[name]) for name in ("options", "harnesses", "seeds")},
                    "arguments": {program: tuple(forms) for program, forms in component["arguments"].items()},
                }
            ),
            flavour=Flavour(content["flavour"]),
            key=content["key"],
            directory=directory,
            links=tuple(Link(argv=tuple(x["argv"]), cwd=x["cwd"], output=x["output"]) for x in content["links"]),
            archives=tuple(content["archives"]),
            includes=tuple(content["includes"]),
            warnings=content["warnings"],
            cached=True,
            wall_s=content["wall_s"],
            incomplete=tuple(Skipped(**x) for x in content["incomplete"]),
            attempt=content["attempt"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fresh_directories(directory: Path, tree: Path, leave_out: Sequence[str]) -> None:
    """Empty `directory` and put a private copy of `tree` into its src/; also make an empty build/ and log/.

    Times are kept, so that nothing shipped looks older than what it was made from.
    `leave_out` are directories relative to the tree.
    """
    remove_tree(directory)
    for name in ("src", "build", "log"):
        (directory / name).mkdir(parents=True)
    _copy_tree(os.fsencode(tree), os.fsencode(directory / "src"), {os.fsencode(path) for path in leave_out})


def _copy_tree(source: bytes, target: bytes, leave_out: set[bytes]) -> None:
    """Copy files, links, executable bits and times. Names may be invalid UTF-8, so paths are bytes."""
    pending = [b""]
    while pending:
        folder = pending.pop()
        with os.scandir(os.path.join(source, folder)) as entries:  # noqa: PTH118
            for entry in entries:
                relative = os.path.join(folder, entry.name)  # noqa: PTH118
                copy = os.path.join(target, relative)  # noqa: PTH118
                if entry.is_dir(follow_symlinks=False):
                    if relative not in leave_out:
                        os.mkdir(copy)  # noqa: PTH102
                        pending.append(relative)
                elif entry.is_symlink():
                    os.symlink(os.readlink(entry.path), copy)  # noqa: PTH115, PTH211
                else:
                    _copy_file(entry, copy)


def _copy_file(entry: "os.DirEntry[bytes]", copy: bytes) -> None:
    """Content, executable bit and time; half the system calls of shutil.copy2, which a tree of 100,000 files notices."""
    status = entry.stat(follow_symlinks=False)
    source = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        target = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, status.st_mode & 0o777)
        try:
            while os.sendfile(target, source, None, _CHUNK):
                continue
            os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
        finally:
            os.close(target)
    finally:
        os.close(source)
