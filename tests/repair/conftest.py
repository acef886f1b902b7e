"""A workbench on the notebook project, in the real sandbox."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mithridate.languages.c.language import CLanguage
from mithridate.model.entry import EntryPoint
from mithridate.model.project import Build, Flavour, Project
from mithridate.model.violation import Violation
from mithridate.repair.interface import Shown, Subject
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.stages.workshop import Way, Workshop
from mithridate.store.snapshot import take_snapshot
from tests.repair import notebook
from tests.repair.workbench import tools


@dataclass(frozen=True)
class Bench:
    """A workbench, and the subject that it is for."""

    workshop: Workshop
    subject: Subject


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    place = tmp_path_factory.mktemp("repair")
    sandbox = Bubblewrap()
    project, _ = take_snapshot(notebook.write(place), place)
    language = CLanguage(seconds=20)
    (component,), _ = language.detect(project)
    plain = language.build(project, component, Flavour.PLAIN, sandbox, place / "builds")
    assert isinstance(plain, Build), plain
    entry, program = _door(language, project, plain, sandbox, place)
    with Workshop(project, component, (Way(entry=entry, program=program),), tools(sandbox, place), place) as workshop:
        (seen,) = workshop.judge(workshop.original, entry.id, [notebook.NOTE])
        assert isinstance(seen, tuple)
        violation: Violation = seen[0]
        subject = Subject(
            finding="F1",
            cwe=787,
            project=project,
            component=component,
            proofs=(Shown(entry_id=entry.id, data=notebook.NOTE, violation=violation),),
            benign={entry.id: (notebook.GOOD,)},
        )
        yield Bench(workshop, subject)


def _door(language: CLanguage, project: Project, plain: Build, sandbox: Bubblewrap, place: Path) -> tuple[EntryPoint, str]:
    found, skipped = language.entry_points(project, (plain,), sandbox, place)
    assert found, skipped
    (entry,) = found
    binary = entry.binary(Flavour.PLAIN)
    assert binary is not None
    return entry, binary.path
