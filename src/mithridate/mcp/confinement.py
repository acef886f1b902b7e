"""Paths that others name: nothing outside of the directories that the server was started with, whatever links and dots say."""

from collections.abc import Sequence
from pathlib import Path

from mithridate.model.errors import PolicyRefusal, UsageError

_LONGEST = 4096


class Confinement:
    """The directories in `roots`, which are resolved."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)

    def __contains__(self, path: Path) -> bool:
        """Is it one of them, or in one of them, when all links are followed?"""
        return self._real(path) is not None

    def path(self, text: str) -> Path:
        """The path with all links followed; one that is not absolute begins in the first directory.

        PolicyRefusal for what lies outside, told in the same words whether it exists or not; UsageError for what is no path.
        """
        if not text or "\0" in text or len(text) > _LONGEST:
            raise UsageError("that is no path")
        path = self._real(self._roots[0] / text)
        if path is None:
            raise PolicyRefusal(
                f"{text} is outside of what this server serves",
                hint=f"it serves {', '.join(map(str, self._roots))}, and follows no link out of there",
            )
        return path

    def existing(self, text: str) -> Path:
        """The same, for what must be there."""
        path = self.path(text)
        if not path.exists():
            raise UsageError(f"there is no {text}")
        return path

    def _real(self, path: Path) -> Path | None:
        """Where it leads; None when that is outside. Looked up once: a link may lead elsewhere a moment later."""
        try:
            real = path.resolve()
        except (OSError, RuntimeError, ValueError):  # a loop of links
            return None
        return real if any(real.is_relative_to(root) for root in self._roots) else None
