"""The documents name what exists, and say what is so."""

import re
import struct
from pathlib import Path

import pytest

from mithridate.model.errors import ExitCode

from .repository import MARKDOWN, ROOT, prose, text

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
PLACES = (ROOT, ROOT / "src" / "mithridate")
NOT_HERE = re.compile(r"out/|proofs/|CASES/|runs/|fuzz/$|debian/$|owner/name$|[A-Z]+\.|[A-Z]+$")
"""Made by a scan or a measurement, part of somebody's project, or a word in capitals that stands for something."""

SUFFIXES = (".py", ".md", ".c", ".sh", ".toml", ".json", ".txt", ".lock", "/")
FILES_OF_OTHERS = {
    "mithridate.toml", "mithridate.scope.toml", "CMakeLists.txt", "report.md", "results.json", "INDEX.md", "TABLE.md", "uv.lock",
    "paths.json", "paths.md", "navigator.json", "models.toml",
}  # fmt: skip


def id_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", MARKDOWN, ids=id_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(prose(document)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        place = (document.parent / file) if file else document
        assert place.exists(), f"{id_of(document)} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", place.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings}, target


@pytest.mark.parametrize("document", MARKDOWN, ids=id_of)
def test_every_path_named_exists(document: Path) -> None:
    missing: list[str] = []
    for name in NAMED.findall(prose(document)):
        is_path = "/" in name.rstrip("/") or name.endswith(SUFFIXES)
        if not is_path or NOT_HERE.match(name) or name in FILES_OF_OTHERS:
            continue
        somewhere = any((place / name).exists() for place in (document.parent, *PLACES))
        if not somewhere and not ("/" not in name and any(PLACES[1].rglob(name))):
            missing.append(name)
    assert missing == []


def test_the_readme_lists_all_exit_codes() -> None:
    section = text("README.md").split("## Exit codes")[1].split("\n## ")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)} == {int(code) for code in ExitCode}


def test_the_readme_keeps_a_place_for_real_code() -> None:
    readme = text("README.md")
    table = readme.split("<!-- real-code:start -->")[1].split("<!-- real-code:end -->")[0].strip().splitlines()
    assert table[0] == "| case | flaw | CWE | where | found after | budget |"
    assert all(row.count("|") == table[0].count("|") for row in table)


def test_the_picture_is_as_wide_as_the_page_and_small() -> None:
    picture = (ROOT / "docs" / "images" / "report.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, _height = struct.unpack(">II", picture[16:24])
    assert width == 1280
    assert len(picture) <= 300 << 10


def test_the_changelog_has_an_unreleased_section_with_something_in_it() -> None:
    section = text("CHANGELOG.md").split("## Unreleased\n")[1].split("\n## ")[0]
    assert re.search(r"^- \S", section, re.MULTILINE)


def test_decisions_are_numbered_without_gaps() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [f.name[:4] for f in files] == [f"{n:03d}-" for n in range(1, len(files) + 1)]
    for file in files:
        assert file.read_text().startswith(f"# {file.name[:3]}: "), f"{file.name} has another number in its heading"
