"""Small changes to a laid-out tree: patches, and the removal of what would give the answer away."""

import os
import re
import subprocess
from pathlib import Path

_WHEN = 1_577_836_800  # the first of January 2020
_CHANGE_LOG = re.compile(r"(changelog|changes|news|release[-_]?notes)(\.(md|txt|old|rst|html|\d+))?", re.IGNORECASE)


def apply_patch(patch: str, tree: Path, strip: int = 1) -> bool:
    """Apply a unified diff to the tree; False, with the tree untouched, when it does not apply."""
    command = ["patch", f"-p{strip}", "--batch", "--forward", "--no-backup-if-mismatch", "--reject-file=-", "--silent"]
    data = patch.encode(errors="surrogateescape")
    for extra in (["--dry-run"], []):
        if subprocess.run([*command, *extra], cwd=tree, input=data, capture_output=True, check=False).returncode != 0:
            return False
    return True


def finish(tree: Path) -> None:
    """Empty the change logs (some build systems refuse to work without the files) and give all files one time.

    Equal times are what an archive made by git has: with others, Autotools would want to regenerate what the tree ships.
    """
    for path in tree.rglob("*"):
        if _CHANGE_LOG.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            path.write_bytes(b"")
    for path in tree.rglob("*"):
        os.utime(path, (_WHEN, _WHEN), follow_symlinks=False)


def without_context(patch: str) -> str:
    """The same patch with hunks that hold only the changed lines (for a patch made against an instrumented file)."""
    kept: list[str] = []
    old = new = 0
    for line in patch.splitlines():
        if m := re.match(r"@@ -(\d+)(?:,\d+)? \+(\d+)", line):
            old, new = int(m[1]), int(m[2])
        elif line.startswith(("--- ", "+++ ")):
            kept.append(line)
        elif line[:1] == "-":
            kept += [f"@@ -{old} +{new - 1},0 @@", line]
            old += 1
        elif line[:1] == "+":
            kept += [f"@@ -{old - 1},0 +{new} @@", line]
            new += 1
        else:
            old, new = old + 1, new + 1
    return "\n".join(kept) + "\n"
