"""Makes small wheels and sdists by hand, for a wheelhouse of a test."""

import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from mithridate.model.project import Project

BACKEND = """
import os, zipfile
def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as z:
        z.writestr("{name}.py", "made = 'in the sandbox'")
        z.writestr("{name}-{version}.dist-info/METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        z.writestr("{name}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        z.writestr("{name}-{version}.dist-info/RECORD", "")
    return name
"""


def wheel(
    house: Path, name: str, version: str = "1.0", requires: Sequence[str] = (), files: Mapping[str, str] | None = None
) -> Path:
    path = house / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, text in (files if files is not None else {f"{name}.py": f"version = {version!r}\n"}).items():
            archive.writestr(inner, text)
        lines = "".join(f"Requires-Dist: {r}\n" for r in requires)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{lines}")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def sdist(house: Path, name: str, version: str, files: Mapping[str, str], requires: Sequence[str] = ()) -> Path:
    path = house / f"{name}-{version}.tar.gz"
    lines = "".join(f"Requires-Dist: {r}\n" for r in requires)
    metadata = {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{lines}"}
    with tarfile.open(path, "w:gz") as archive:
        for inner, text in (metadata | dict(files)).items():
            member = tarfile.TarInfo(f"{name}-{version}/{inner}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def self_built(house: Path, name: str, version: str = "1.0", first: str = "", requires: Sequence[str] = ()) -> Path:
    """An sdist that its own backend builds, without any tool; `first` is run when the backend is imported."""
    pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    backend = first + BACKEND.format(name=name, version=version)
    return sdist(house, name, version, {"pyproject.toml": pyproject, "backend.py": backend}, requires)


def project(root: Path, files: Mapping[str, str | bytes], snapshot: str = "0" * 64) -> Project:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Project(name="proj", origin=str(root), snapshot=snapshot, tree=root, files=len(files), size_bytes=0)
