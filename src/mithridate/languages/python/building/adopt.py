"""Runs inside the sandbox after a project's build: puts what the build made beside the sources, from where it is imported.

    python3 adopt.py SOURCE ENVIRONMENT

Native extensions and generated modules exist in the installed package alone. Each that lies in a package whose source has no such
file is copied there. Files of the sources are never replaced.
"""

import shutil
import sys
from pathlib import Path

ROOTS = ("", "src", "lib", "python", "Lib")
GENERATED = (".py", ".so", ".pyd", ".json", ".txt", ".dat", ".pyi")


def adopt(source: Path, environment: Path) -> int:
    """Copy what is missing; the number of files copied."""
    copied = 0
    for installed in sorted(environment.iterdir()):
        if installed.name.endswith((".dist-info", ".egg-info")) or installed.name in ("bin", "__pycache__"):
            continue
        for root in ROOTS:
            beside = source / root / installed.name
            if installed.is_dir() and beside.is_dir() and not beside.is_symlink():
                copied += merge(installed, beside)
                break
    return copied


def merge(installed: Path, beside: Path) -> int:
    """Copy the files below `installed` that `beside` lacks, in directories that both have."""
    copied = 0
    pending = [(installed, beside)]
    while pending:
        folder, target = pending.pop()
        for path in folder.iterdir():
            there = target / path.name
            if path.is_dir() and not path.is_symlink():
                if there.is_dir() and path.name != "__pycache__":
                    pending.append((path, there))
            elif path.name.endswith(GENERATED) and path.is_file() and not (there.exists() or there.is_symlink()):
                shutil.copyfile(path, there)
                copied += 1
    return copied


if __name__ == "__main__":
    print(adopt(Path(sys.argv[1]), Path(sys.argv[2])))
