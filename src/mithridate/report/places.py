"""Where things are, as the reader of a report knows them: relative to the project, to the build or to the output directory."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from mithridate.model.finding import Proof
from mithridate.model.run import RunReport
from mithridate.model.violation import PROJECT_ROOTS, Frame

_SOURCE_ROOT, _BUILD_ROOT = PROJECT_ROOTS


class Origin(StrEnum):
    """Whose code a place is in. Only PROJECT and BUILD are the owner's; BUILD is what the build generated."""

    PROJECT = "project"
    BUILD = "build"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file and its origin. `path` is relative to the origin's root; for SYSTEM it is as the debug information gave it."""

    origin: Origin
    path: str


def place_of(file: str) -> Place:
    """The place that a file of a stack frame or of a finding names."""
    clean = posixpath.normpath(file) if file else ""
    if clean.startswith(_SOURCE_ROOT):
        return Place(origin=Origin.PROJECT, path=clean.removeprefix(_SOURCE_ROOT))
    if clean.startswith(_BUILD_ROOT):
        return Place(origin=Origin.BUILD, path=clean.removeprefix(_BUILD_ROOT))
    outside = not clean or clean.startswith("/")
    return Place(origin=Origin.SYSTEM if outside else Origin.PROJECT, path=clean)


def frame_place(frame: Frame) -> Place:
    """The place of a stack frame; a frame without a file belongs to the system."""
    return place_of(frame.file)


def lines_of(sources: Mapping[str, Mapping[int, str]], file: str) -> Mapping[int, str]:
    """The excerpted lines of a file, named as in the sandbox or relative to the project; empty when there are none."""
    place = place_of(file)
    if place.origin is Origin.SYSTEM:
        return {}
    root = _SOURCE_ROOT if place.origin is Origin.PROJECT else _BUILD_ROOT
    keys = (file, root + place.path) if place.origin is Origin.BUILD else (file, place.path, root + place.path)
    return next((sources[key] for key in keys if key in sources), {})


def bundle_path(report: RunReport, proof: Proof) -> str:
    """The proof's bundle relative to the output directory, e.g. `proofs/xyz.proof`; "" when it was not written."""
    path = PurePosixPath(proof.bundle)
    if not proof.bundle or not path.is_absolute():
        return proof.bundle
    out = PurePosixPath(report.options.out)
    return str(path.relative_to(out)) if path.is_relative_to(out) else f"proofs/{path.name}"
