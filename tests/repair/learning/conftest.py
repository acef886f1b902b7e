"""Workbenches on small programs with one planted flaw each, in the real sandbox."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from mithridate.languages.c.language import CLanguage
from mithridate.model.project import Build, Flavour
from mithridate.repair.interface import Shown, Subject
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.stages.workshop import Way, Workshop
from mithridate.store.snapshot import take_snapshot
from tests.repair.workbench import tools


@dataclass(frozen=True)
class Planted:
    """A workbench and the subject that it is for."""

    workshop: Workshop
    subject: Subject


Plant = Callable[[Mapping[str, str], bytes, Sequence[bytes]], Planted]


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Plant]:
    """Builds a project of these files (with a Makefile of its own) whose program opens its input; asks what a proof shows."""
    with ExitStack() as stack:

        def plant(files: Mapping[str, str], proof: bytes, benign: Sequence[bytes]) -> Planted:
            tree = tmp_path / "planted"
            tree.mkdir()
            for name, content in files.items():
                (tree / name).write_text(content)
            sources = " ".join(name for name in files if name.endswith((".c", ".cc")))
            compiler = "$(CXX) $(CXXFLAGS)" if ".cc" in sources else "$(CC) $(CFLAGS)"
            (tree / "Makefile").write_text(f"all: planted\nplanted: {sources}\n\t{compiler} -o planted {sources}\n")
            sandbox = Bubblewrap()
            project, _ = take_snapshot(tree, tmp_path)
            language = CLanguage(seconds=20)
            (component,), _ = language.detect(project)
            plain = language.build(project, component, Flavour.PLAIN, sandbox, tmp_path / "builds")
            assert isinstance(plain, Build), plain
            (entry,), _ = language.entry_points(project, (plain,), sandbox, tmp_path)
            binary = entry.binary(Flavour.PLAIN)
            assert binary is not None
            workshop = stack.enter_context(
                Workshop(project, component, (Way(entry=entry, program=binary.path),), tools(sandbox, tmp_path), tmp_path)
            )
            (seen,) = workshop.judge(workshop.original, entry.id, [proof])
            assert isinstance(seen, tuple) and seen, "the proof shows nothing"
            subject = Subject(
                finding="F1",
                cwe=787,
                project=project,
                component=component,
                proofs=(Shown(entry_id=entry.id, data=proof, violation=seen[0]),),
                benign={entry.id: tuple(benign)},
            )
            return Planted(workshop, subject)

        yield plant
