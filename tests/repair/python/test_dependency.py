"""A pinned dependency with a published flaw is raised to the first fixed version that the project's other bounds allow."""

import json
from pathlib import Path

import pytest

from mithridate.model.errors import UsageError
from mithridate.repair.diff import apply
from mithridate.repair.proposers.dependency import DependencyProposer
from mithridate.repair.python.advisories import read_advisories


def advisory(name: str, *events: dict[str, str], number: str = "PYSEC-1") -> dict[str, object]:
    package = {"ecosystem": "PyPI", "name": name}
    return {"id": number, "affected": [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}]}


FLAW = advisory("Some_Package", {"introduced": "0"}, {"fixed": "1.2.5"}, {"introduced": "2.0"}, {"fixed": "2.1"})


def bumped(tmp_path: Path, files: dict[str, str], *told: dict[str, object]) -> dict[str, str] | None:
    """The files after the proposal, None without one."""
    tree = tmp_path / "tree"
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tmp_path / "advisory.json").write_text(json.dumps(list(told) or FLAW))
    made = list(DependencyProposer(read_advisories([tmp_path / "advisory.json"])).bumps(tree))
    if not made:
        return None
    (proposal,) = made
    apply(proposal.diff, tree)
    return {name: (tree / name).read_text() for name in files}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("requirements.txt", "a==1\nsome-package==1.2.3  # why\n", "a==1\nsome-package==1.2.5  # why\n"),
        (
            "requirements-dev.txt",
            "Some.Package[x] == 2.0.1 ; python_version > '3'\n",
            "Some.Package[x] == 2.1 ; python_version > '3'\n",
        ),
        ("requirements.txt", "some-package>=1.0,<2\n", "some-package>=1.2.5,<2\n"),
        ("requirements.txt", "some-package~=1.2.3\n", "some-package~=1.2.5\n"),
        (
            "pyproject.toml",
            '[project]\ndependencies = ["some_package==1.0", "b"]\n',
            '[project]\ndependencies = ["some_package==1.2.5", "b"]\n',
        ),
        (
            "pyproject.toml",
            '[tool.poetry.dependencies]\nsome-package = "^1.2.1"\n',
            '[tool.poetry.dependencies]\nsome-package = "^1.2.5"\n',
        ),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n    some-package==1.2\n",
            "[options]\ninstall_requires =\n    some-package==1.2.5\n",
        ),
    ],
)
def test_the_requirement_is_raised_where_it_is_written(tmp_path: Path, name: str, before: str, after: str) -> None:
    assert bumped(tmp_path, {name: before}) == {name: after}


def test_other_bounds_of_the_project_are_kept(tmp_path: Path) -> None:
    files = {"requirements.txt": "some-package==1.2.3\n", "constraints.txt": "some-package>1.9\n"}
    assert bumped(tmp_path, files) == {**files, "requirements.txt": "some-package==2.1\n"}


def test_nothing_is_proposed_that_a_bound_forbids(tmp_path: Path) -> None:
    assert bumped(tmp_path, {"requirements.txt": "some-package==1.2.3\n", "constraints.txt": "some-package<1.2.4\n"}) is None


def test_a_version_that_another_advisory_names_is_no_fix(tmp_path: Path) -> None:
    other = advisory("some-package", {"introduced": "1.2.4"}, {"fixed": "1.2.7"}, number="PYSEC-2")
    assert bumped(tmp_path, {"requirements.txt": "some-package==1.2.3\n"}, FLAW, other) == {
        "requirements.txt": "some-package==1.2.7\n"
    }


def test_what_is_not_affected_stays(tmp_path: Path) -> None:
    assert bumped(tmp_path, {"requirements.txt": "some-package==1.3\nmy-some-package==1.0\n"}) is None


def test_requirements_with_hashes_are_left_to_their_tool(tmp_path: Path) -> None:
    assert bumped(tmp_path, {"requirements.txt": "some-package==1.2.3 \\\n    --hash=sha256:00\n"}) is None


def test_a_file_that_is_no_advisory_is_the_users_error(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[1]")
    with pytest.raises(UsageError):
        read_advisories([tmp_path / "x.json"])
