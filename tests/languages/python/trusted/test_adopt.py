"""What a project's own build made is put beside its sources, and nothing of others."""

from pathlib import Path

from mithridate.languages.python.building.adopt import adopt


def installed(environment: Path, name: str, origin: Path | None, *files: str) -> None:
    told = environment / f"{name}-1.dist-info"
    told.mkdir(parents=True)
    told.joinpath("RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))
    if origin is not None:
        told.joinpath("direct_url.json").write_text(f'{{"url": "{origin.as_uri()}", "dir_info": {{}}}}')
    for file in files:
        path = environment / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"made by {name}")


def test_what_the_build_made_is_put_beside_the_sources_and_replaces_none(tmp_path: Path) -> None:
    source, environment = tmp_path / "source", tmp_path / "environment"
    (source / "src" / "shop" / "inner").mkdir(parents=True)
    (source / "src" / "shop" / "version.py").write_text("written by hand")
    made = ("shop/fast.so", "shop/inner/tables.py", "shop/version.py", "shop/absent/x.py", "top.so", "shop/notes.md")
    installed(environment, "shop", source, *made)
    assert adopt(source, environment) == 3
    assert (source / "top.so").is_file() and (source / "src/shop/fast.so").is_file()
    assert (source / "src/shop/inner/tables.py").read_text() == "made by shop"
    assert (source / "src/shop/version.py").read_text() == "written by hand"


def test_a_folder_with_the_name_of_a_package_that_the_project_requires_stays_as_it_is(tmp_path: Path) -> None:
    source, environment = tmp_path / "source", tmp_path / "environment"
    (source / "migrations").mkdir(parents=True)
    (source / "shop").mkdir()
    installed(environment, "shop", source, "shop/fast.so")
    installed(environment, "migrations", None, "migrations/__init__.py", "migrations/context.py", "quick.so")
    assert adopt(source, environment) == 1
    assert [path.name for path in (source / "migrations").iterdir()] == [] and not (source / "quick.so").exists()
