"""Where everything of ours lives on disk."""

from dataclasses import dataclass
from pathlib import Path

from mithridate.model.errors import UsageError


@dataclass(frozen=True, slots=True)
class Home:
    """The data directory: database, blobs, snapshots, builds, runs, keys, audit log. Private to its owner (0700)."""

    root: Path

    def prepare(self) -> "Home":
        """Create what is missing; UsageError when the place cannot be written."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for directory in (self.snapshots, self.builds, self.doors, self.runs):
                directory.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"the data directory {self.root} cannot be used: {error.strerror}", hint="set MITHRIDATE_HOME or --home"
            ) from error
        return self

    @property
    def database_url(self) -> str:
        """SQLAlchemy address of the database."""
        return f"sqlite:///{self.root / 'mithridate.sqlite'}"

    @property
    def blobs_url(self) -> str:
        """fsspec address of the blobs."""
        return f"file://{self.root / 'blobs'}"

    @property
    def snapshots(self) -> Path:
        """Private copies of analysed trees, by content hash."""
        return self.root / "snapshots"

    @property
    def builds(self) -> Path:
        """Built components, by content and toolchain."""
        return self.root / "builds"

    @property
    def doors(self) -> Path:
        """The doors of projects that were looked at outside of a run, by content."""
        return self.root / "doors"

    @property
    def runs(self) -> Path:
        """One directory a run."""
        return self.root / "runs"

    def run(self, run_id: str) -> Path:
        """The work area of one run."""
        return self.runs / run_id
