"""Members of archives that are extracted (sink member): where each goes, and below which directory it was meant to stay."""

# ruff: noqa: PTH120 - pathlib would be one more import in the target, and slower

from __future__ import annotations

import errno
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import recording
from ..recording import stopped
from . import paths, stack
from .patching import argument, observing, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from ..recording import Recorder


class _Extracting(threading.local):
    root = ""


_extracting = _Extracting()


@contextmanager
def _below(root: str) -> Iterator[None]:
    before = _extracting.root
    _extracting.root = before or root
    try:
        yield
    finally:
        _extracting.root = before


def _saw(recorder: Recorder, api: str, dialect: str, path: str, root: str, link: str = "") -> bool:
    stop = paths.outside(recorder, path)
    detail = {"root": recorder.named(paths.destination(root)), "real": recorder.named(paths.destination(path))}
    if link:
        detail["link"] = link
    if recorder.saw("member", api, recorder.named(path), dialect, stop, detail):
        if stop:
            raise stopped(PermissionError, errno.EACCES, os.strerror(errno.EACCES), path)
        return True
    return False


def _directory(index: int, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def extract(*args: Any, **kwargs: Any) -> Any:
            if observing() is None:
                return original(*args, **kwargs)
            with _below(os.fspath(argument(args, kwargs, index, name) or os.curdir)):
                return original(*args, **kwargs)

        return extract

    return make


def patch_tarfile(module: ModuleType) -> None:
    """`tarfile`, after its extraction filter (3.12, and 3.8 to 3.11 as patched) had its say."""
    replace(module.TarFile, "extract", _directory(2, "path"))
    replace(module.TarFile, "extractall", _directory(1, "path"))

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def extract_member(archive: Any, member: Any, path: Any, *args: Any, **kwargs: Any) -> Any:
            recorder = observing()
            if recorder is None or not isinstance(path, str) or not recorder.marked([path, member.linkname]):
                return original(archive, member, path, *args, **kwargs)
            link = member.linkname if member.issym() or member.islnk() else ""
            api = stack.called("tarfile.TarFile.extract")
            _saw(recorder, api, "tar", path, _extracting.root or os.path.dirname(path), link)
            with recording.quiet("path"):
                return original(archive, member, path, *args, **kwargs)

        return extract_member

    replace(module.TarFile, "_extract_member", make)


def patch_zipfile(module: ModuleType) -> None:
    """`zipfile`, with the destination that it made of the member's name."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def extract_member(archive: Any, member: Any, path: Any, *args: Any, **kwargs: Any) -> Any:
            recorder = observing()
            name = member if isinstance(member, str) else getattr(member, "filename", "")
            if recorder is None or not recorder.marked(name):
                return original(archive, member, path, *args, **kwargs)
            api = stack.called("zipfile.ZipFile.extract")
            with recording.quiet("path"):
                written = original(archive, member, path, *args, **kwargs)
            _saw(recorder, api, "zip", written, os.fspath(path))
            return written

        return extract_member

    replace(module.ZipFile, "_extract_member", make)
