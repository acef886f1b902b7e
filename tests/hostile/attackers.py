"""Programs under test that attack whoever runs them: the C files beside this one, built by a Makefile."""

import shutil
from pathlib import Path

SOURCES = Path(__file__).parent / "programs"


def programs(root: Path, *names: str, port: int = 1, user_home: Path = Path("/root"), outside: Path = Path("/root")) -> None:
    """A project that builds the named programs, each told the port and the places that it is after."""
    defined = f"-DPORT={port} '-DUSER_HOME=\"{user_home}\"' '-DOUTSIDE=\"{outside}\"'"
    for name in names:
        shutil.copy(SOURCES / f"{name}.c", root)
    rules = "".join(f"{name}: {name}.c\n\t$(CC) -w {defined} -o {name} {name}.c\n" for name in names)
    (root / "Makefile").write_text(f"all: {' '.join(names)}\n{rules}")
    (root / "samples").mkdir()
    (root / "samples" / "one.dat").write_bytes(b"eat all that is there")
