"""Runs inside the sandbox after a project's build: puts what the build made beside the sources, from where it is imported.

    python3 adopt.py SOURCE ENVIRONMENT

Native extensions and generated modules exist in the installed package alone. Each that lies in a package whose source has no
such file is copied there, and so is an extension module of the project that lies in no package. Files of the sources are never
replaced.
"""

import json
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
    return copied + adopt_modules(source, environment)


def adopt_modules(source: Path, environment: Path) -> int:
    """Copy the project's extension modules that lie in no package to the top of the sources; the number of files copied."""
    copied = 0
    for record in sorted(environment.glob("*.dist-info/RECORD")):
        if not installed_from(record.with_name("direct_url.json"), source):
            continue
        for line in record.read_text("utf-8", "replace").splitlines():
            name = line.partition(",")[0]
            module, there = environment / name, source / name
            if name.endswith(".so") and "/" not in name and module.is_file() and not (there.exists() or there.is_symlink()):
                shutil.copyfile(module, there)
                copied += 1
    return copied


def installed_from(origin: Path, source: Path) -> bool:
    """True when a package was installed from `source` (PEP 610)."""
    try:
        told = json.loads(origin.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("url") == source.as_uri()


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
