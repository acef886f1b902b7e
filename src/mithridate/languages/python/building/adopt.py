"""Runs inside the sandbox after a project's build: puts what the build made beside the sources, from where it is imported.

    python3 adopt.py SOURCE ENVIRONMENT

Native extensions and generated modules exist in the installed package alone. Each that lies in a package whose source has no
such file is copied there, and so is an extension module of the project that lies in no package. Files of the sources are never
replaced, and other packages' files are left where they are, though a folder of the project has such a package's name.
"""

import json
import shutil
import sys
from pathlib import Path

ROOTS = ("", "src", "lib", "python", "Lib")
GENERATED = (".py", ".so", ".pyd", ".json", ".txt", ".dat", ".pyi")


def adopt(source: Path, environment: Path) -> int:
    """Copy what is missing; the number of files copied."""
    own = own_files(source, environment)
    copied = 0
    for installed in sorted(environment.iterdir()):
        if installed.name.endswith((".dist-info", ".egg-info")) or installed.name in ("bin", "__pycache__"):
            continue
        for root in ROOTS:
            beside = source / root / installed.name
            if installed.is_dir() and beside.is_dir() and not beside.is_symlink():
                copied += merge(installed, beside, own)
                break
    for module in own:
        there = source / module.name
        if module.parent == environment and module.suffix == ".so" and module.is_file():
            copied += copy(module, there)
    return copied


def own_files(source: Path, environment: Path) -> set[Path]:
    """The files that the project's own distribution installed."""
    found: set[Path] = set()
    for record in sorted(environment.glob("*.dist-info/RECORD")):
        if installed_from(record.with_name("direct_url.json"), source):
            found.update(environment / line.partition(",")[0] for line in record.read_text("utf-8", "replace").splitlines())
    return found


def installed_from(origin: Path, source: Path) -> bool:
    """True when a package was installed from `source` (PEP 610)."""
    try:
        told = json.loads(origin.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("url") == source.as_uri()


def merge(installed: Path, beside: Path, own: set[Path]) -> int:
    """Copy the files of `own` below `installed` that `beside` lacks, in directories that both have."""
    copied = 0
    pending = [(installed, beside)]
    while pending:
        folder, target = pending.pop()
        for path in folder.iterdir():
            there = target / path.name
            if path.is_dir() and not path.is_symlink():
                if there.is_dir() and path.name != "__pycache__":
                    pending.append((path, there))
            elif path.name.endswith(GENERATED) and path.is_file() and path in own:
                copied += copy(path, there)
    return copied


def copy(path: Path, there: Path) -> bool:
    """Copy a file to where there is nothing yet; whether that was so."""
    if there.exists() or there.is_symlink():
        return False
    shutil.copyfile(path, there)
    return True


if __name__ == "__main__":
    print(adopt(Path(sys.argv[1]), Path(sys.argv[2])))
