"""Files and directories: paths that reach the file system (sink path); see existence.py for those that are asked about."""

# ruff: noqa: PTH109, PTH206 - pathlib would be one more import in the target, and slower

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any

from ..recording import stopped
from . import stack

if TYPE_CHECKING:
    from types import FrameType

    from ..recording import Recorder
    from .audit import Handler

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
HARMLESS = ("read", "list", "exists")
CHANGING = ("write", "delete")
DEVICES = ("/dev/", "/proc/")

ARGUMENTS: dict[str, tuple[tuple[int, str], ...]] = {
    "os.chdir": ((0, "read"),),
    "os.chflags": ((0, "write"),),
    "os.chmod": ((0, "write"),),
    "os.chown": ((0, "write"),),
    "os.getxattr": ((0, "read"),),
    "os.link": ((0, "read"), (1, "write")),
    "os.listdir": ((0, "list"),),
    "os.listxattr": ((0, "read"),),
    "os.lockf": (),
    "os.mkdir": ((0, "write"),),
    "os.remove": ((0, "delete"),),
    "os.removexattr": ((0, "write"),),
    "os.rename": ((0, "delete"), (1, "write")),
    "os.rmdir": ((0, "delete"),),
    "os.scandir": ((0, "list"),),
    "os.setxattr": ((0, "write"),),
    "os.symlink": ((0, "read"), (1, "write")),
    "os.truncate": ((0, "write"),),
    "os.utime": ((0, "write"),),
    "os.walk": ((0, "list"),),
    "os.fwalk": ((0, "list"),),
    "glob.glob": ((0, "list"),),
    "pathlib.Path.glob": ((0, "list"),),
    "pathlib.Path.rglob": ((0, "list"),),
    "shutil.chown": ((0, "write"),),
    "shutil.copyfile": ((0, "read"), (1, "write")),
    "shutil.copymode": ((0, "read"), (1, "write")),
    "shutil.copystat": ((0, "read"), (1, "write")),
    "shutil.copytree": ((0, "read"), (1, "write")),
    "shutil.make_archive": ((0, "write"), (2, "read")),
    "shutil.move": ((0, "delete"), (1, "write")),
    "shutil.rmtree": ((0, "delete"),),
    "shutil.unpack_archive": ((0, "read"), (1, "write")),
    "tempfile.mkdtemp": ((0, "write"),),
    "tempfile.mkstemp": ((0, "write"),),
    "ctypes.dlopen": ((0, "run"),),
    "sqlite3.connect": ((0, "write"),),
}
"""Where an event's arguments hold paths, and what is done to them."""

SPEAKING_FOR_ALL = frozenset(
    {
        "os.walk",
        "os._walk",
        "os.fwalk",
        "os._fwalk",
        "shutil.rmtree",
        "shutil.copytree",
        "shutil._copytree",
        "shutil.make_archive",
    }
    | {"glob.glob", "glob.iglob", "glob._iglob", "glob._iterdir", "glob._rlistdir"}
)
"""Functions that announce themselves and then do the same to what is below: only their own word counts."""


def handlers() -> dict[str, Handler]:
    """Handlers of the audit events that name paths."""
    return {"open": _opened, **dict.fromkeys(ARGUMENTS, _done)}


def destination(path: str) -> str:
    """`path` resolved with its links, "" if it cannot be."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return ""


def outside(recorder: Recorder, path: str) -> bool:
    """Whether writing here would leave the tree; the temporary directory is part of it for a path that does not climb by `..`."""
    real = destination(path)
    if any(real == root or real.startswith(root + os.sep) for root, _ in recorder.roots):
        return False
    return ".." in path.split(os.sep) or not (real + os.sep).startswith(os.path.realpath(_temporary()) + os.sep)


def _temporary() -> str:
    """Without asking `tempfile`, which tries by writing where that is, and may be about to."""
    known = getattr(sys.modules.get("tempfile"), "tempdir", None)
    return os.fsdecode(known) if known else os.environ.get("TMPDIR", "/tmp")


def reached(recorder: Recorder, api: str, path: Any, mode: str) -> None:
    """Note a marked path and stop what would leave the tree; what only reads goes on, in the sandbox."""
    if isinstance(path, int) or path is None:
        return
    try:
        path = os.fspath(path)
    except TypeError:
        return
    if not recorder.holds(path):
        return
    text = os.fsdecode(path)
    stop = mode == "run" or (mode not in HARMLESS and outside(recorder, text))
    try:
        directory = os.getcwd()
    except OSError:
        directory = ""
    detail = {"cwd": recorder.named(directory), "real": recorder.named(destination(text)), "mode": mode}
    if recorder.saw("path", api, recorder.named(text), stopped=stop, detail=detail) and stop:
        raise stopped(PermissionError, errno.EACCES, os.strerror(errno.EACCES), text)


def _keep_inside(recorder: Recorder, path: Any) -> None:
    """Stop what would change files outside of the tree, though no mark says who asked for it: nobody loses files by a search."""
    try:
        text = os.fsdecode(path)
    except TypeError:
        return
    if not destination(text).startswith(DEVICES) and outside(recorder, text):
        raise stopped(PermissionError, errno.EACCES, os.strerror(errno.EACCES), text)


def _opened(recorder: Recorder, event: str, arguments: tuple[Any, ...]) -> None:
    path, mode, flags = arguments
    if isinstance(path, int):
        return
    if not _holds(recorder, path):
        if flags & WRITING:
            _keep_inside(recorder, path)
        return
    calls = stack.library_calls()
    if _said(calls, event) or _unpacked(recorder, calls, path):
        return
    if any(call.f_code.co_filename.startswith("<frozen importlib") or stack.name(call)[0] == "runpy" for call in calls):
        if os.sep + "__pycache__" + os.sep in os.fsdecode(path):
            raise stopped(FileNotFoundError, errno.ENOENT, os.strerror(errno.ENOENT), path)
        doing = "run"
    else:
        doing = "write" if flags & WRITING else "read"
    reached(recorder, stack.called("os.open" if mode is None else "open"), path, doing)


def _done(recorder: Recorder, event: str, arguments: tuple[Any, ...]) -> None:
    for index, mode in ARGUMENTS[event]:
        path = arguments[index] if index < len(arguments) else None
        if path is None or isinstance(path, int):
            continue
        if not _holds(recorder, path):
            if mode in CHANGING:
                _keep_inside(recorder, path)
            continue
        if _said(stack.library_calls(), event):
            continue
        reached(recorder, stack.called(event), path, mode)


def _holds(recorder: Recorder, path: Any) -> bool:
    if isinstance(path, (str, bytes)):
        return recorder.holds(path)
    return isinstance(path, os.PathLike) and recorder.holds(os.fspath(path))


def _said(calls: list[FrameType], event: str) -> bool:
    """Whether a function that this event happened in has announced itself already."""
    speaking = [f"{module}.{call.f_code.co_name}" for call in calls for module in (stack.name(call)[0],)]
    speaking = [name for name in speaking if name in SPEAKING_FOR_ALL]
    if event.startswith("glob."):
        return any(not name.startswith("glob.") for name in speaking)
    return bool(speaking[1:] if speaking and speaking[0] == event else speaking)


def _unpacked(recorder: Recorder, calls: list[FrameType], path: Any) -> bool:
    """Members that `shutil` itself unpacks, without `zipfile`'s extraction."""
    for call in calls:
        if call.f_code.co_name == "_unpack_zipfile" and stack.name(call)[0] == "shutil":
            root = str(call.f_locals.get("extract_dir", ""))
            real = destination(os.fsdecode(path))
            if path == call.f_locals.get("filename"):
                return False
            detail = {"root": recorder.named(destination(root)), "real": recorder.named(real)}
            stop = outside(recorder, os.fsdecode(path))
            if recorder.saw("member", "shutil.unpack_archive", recorder.named(os.fsdecode(path)), "zip", stop, detail) and stop:
                raise stopped(PermissionError, errno.EACCES, os.strerror(errno.EACCES), path)
            return True
    return False
