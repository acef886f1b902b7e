"""The seam for output formats."""

from typing import Protocol

from mithridate.model.run import RunReport


class Writer(Protocol):
    """Renders a run in one format. `suffix` is the file's name below the output directory, e.g. "results.sarif"."""

    name: str
    filename: str

    def render(self, report: RunReport) -> str:
        """The whole document as text (UTF-8 when written)."""
        ...
