"""Requirements that are newer than the project bears: older ones are taken, and only where they help."""

from pathlib import Path

import pytest

from mithridate.languages.python.too_new import bounds
from mithridate.model.project import Skipped

from .packages import wheel
from .test_build import Place, place, reasons, run

__all__ = ["place"]
USES_OLD = {"requirements.txt": "marks\n", "shop.py": "from marks import soft\n"}
OLD, NEW = "version = 'old'\nsoft = str\n", "version = 'new'\n"


def marks(place: Place, version: str, code: str) -> None:
    wheel(place.house, "marks", version, files={"marks/__init__.py": code})


def test_older_requirements_are_taken_until_the_project_can_be_imported(place: Place) -> None:
    for version, code in (("2.0.1", OLD), ("2.1.5", NEW), ("3.0.2", NEW)):
        marks(place, version, code)
    build = place.build(place.project(USES_OLD))
    assert run(build, "import marks, shop; print(marks.version)") == "old"
    assert reasons(build)["the newest requirements"] == "the project needs older ones: marks<2.1"


def test_a_project_that_bears_the_newest_gets_them(place: Place) -> None:
    marks(place, "2.0.1", OLD)
    marks(place, "3.0.2", NEW)
    build = place.build(place.project({**USES_OLD, "shop.py": "from marks import version\n"}))
    assert run(build, "import marks; print(marks.version)") == "new"
    assert build.incomplete == ()


def test_where_no_older_one_helps_the_newest_stay(place: Place) -> None:
    marks(place, "2.0.1", NEW)
    marks(place, "3.0.2", NEW + "newest = True\n")
    build = place.build(place.project(USES_OLD))
    assert run(build, "import marks; print(marks.newest)") == "True"
    assert "the newest requirements" not in reasons(build)


@pytest.mark.parametrize(
    ("reason", "found"),
    [
        ("ImportError: cannot import name 'soft' from 'marks' (/build/env/marks/__init__.py)", ("marks<3.0",)),
        ("ModuleNotFoundError: No module named 'marks.old.deep'", ("marks<3.0",)),
        ("AttributeError: module 'marks' has no attribute 'soft'", ("marks<3.0",)),
        ("AttributeError: module 'other_name' has no attribute 'soft'", ("other<0.4",)),
        ("ModuleNotFoundError: No module named 'marks'", ()),
        ("ModuleNotFoundError: No module named 'shared.cloud'", ()),
        ("AttributeError: module 'collections' has no attribute 'Mapping'", ()),
        ("ImportError: cannot import name 'soft' from 'shop' (/src/shop.py)", ()),
    ],
)
def test_only_what_an_installed_distribution_lacks_bounds_it(tmp_path: Path, reason: str, found: tuple[str, ...]) -> None:
    installed = [
        ("marks", "3.0.2", "marks/__init__.py"),
        ("other", "0.4.1", "other_name.py"),
        ("z", "1.2", "shared/z/__init__.py"),
    ]
    for name, version, file in installed:
        information = tmp_path / f"{name}-{version}.dist-info"
        information.mkdir()
        (information / "RECORD").write_text(f"{file},sha256=x,1\n")
    assert bounds([Skipped(what="shop", reason=reason)], tmp_path) == found


def test_a_distribution_without_a_series_before_or_a_list_of_files_is_left(tmp_path: Path) -> None:
    for folder in ("marks-0.0.3.dist-info", "broken-x.dist-info", "bare-1.0.dist-info"):
        (tmp_path / folder).mkdir()
        if "bare" not in folder:
            (tmp_path / folder / "RECORD").write_text(f"{folder.partition('-')[0]}/__init__.py,,\n")
    lacks = [
        Skipped(what="shop", reason=f"AttributeError: module '{name}' has no attribute 'x'")
        for name in ("marks", "broken", "bare")
    ]
    assert bounds(lacks, tmp_path) == ()
