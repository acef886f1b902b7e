"""What the tests of the documentation read."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MARKDOWN = sorted(p for pattern in ("*.md", "docs/**/*.md", "bench/**/*.md", "examples/*.md") for p in ROOT.glob(pattern))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(path: str) -> str:
    return (ROOT / path).read_text()


def fences(path: str, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(text(path)) if kind == language]


def prose(path: Path) -> str:
    """A document without its code blocks."""
    return FENCE.sub("", path.read_text())


def tracked() -> list[Path]:
    """Every file that is or would be committed."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
    return [p for p in paths if p.is_file() and not p.is_symlink()]
