"""The seam for programming languages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mithridate.model.entry import EntryPoint
from mithridate.model.project import Build, BuildFailure, Component, Flavour, Project, Skipped
from mithridate.sandbox.interface import Sandbox


class Language(Protocol):
    """Knows how to find, build and enter code of one language. All building and running happens in the sandbox."""

    name: str
    flavours: tuple[Flavour, ...]
    """What a component is built in, in this order; PLAIN, on which proofs are replayed, is the first."""

    def toolchain(self) -> dict[str, str]:
        """Tool names and versions that decide what a build gives (part of the cache key and of every bundle).

        Raises ToolchainMissing with the line that installs what is absent.
        """
        ...

    def flags(self, flavour: Flavour) -> tuple[str, ...]:
        """The compile flags that make a flavour, for the record."""
        ...

    def detect(self, project: Project) -> tuple[tuple[Component, ...], tuple[Skipped, ...]]:
        """The buildable parts of the tree, outermost first, and what was seen but not understood."""
        ...

    def build(
        self, project: Project, component: Component, flavour: Flavour, sandbox: Sandbox, cache: Path
    ) -> Build | BuildFailure:
        """Build one component in one flavour below `cache`, or reuse the build of the same content and toolchain."""
        ...

    def entry_points(
        self, project: Project, builds: Sequence[Build], sandbox: Sandbox, work: Path
    ) -> tuple[tuple[EntryPoint, ...], tuple[Skipped, ...]]:
        """Doors of one component, given its builds in several flavours; seeds and dictionaries are written below `work`."""
        ...
