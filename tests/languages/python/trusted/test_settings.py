"""Packages come from where the owner's tools would get them, and from nowhere that a project names."""

from itertools import pairwise
from pathlib import Path

from mithridate.languages.python.fetch import Fetcher
from mithridate.languages.python.index import Index
from mithridate.languages.python.sdist import read_sdist
from mithridate.languages.python.settings import owner_settings, pip_settings

from .packages import sdist, wheel


def test_a_wheelhouse_replaces_every_index(tmp_path: Path) -> None:
    given = {
        "MITHRIDATE_WHEELHOUSE": str(tmp_path),
        "UV_INDEX_URL": "https://index.example/",
        "PIP_INDEX_URL": "https://x.example/",
    }
    settings = owner_settings(given, tmp_path / "other")
    assert settings.arguments == ("--no-index", "--find-links", str(tmp_path), "--offline")
    assert "UV_INDEX_URL" not in settings.environment


def test_pips_files_and_environment_are_honoured_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip/pip.conf").write_text(
        "[global]\nindex-url = https://a.example/simple\nextra-index-url =\n  https://b.example/\n  /c\ncert = /c.pem\n"
        "[install]\nfind-links = /wheels\n"
    )
    given = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "none"), "HOME": str(tmp_path)}
    arguments = owner_settings(given).arguments
    for words in (
        ("--default-index", "https://a.example/simple"),
        ("--index", "https://b.example/"),
        ("--find-links", "/wheels"),
    ):
        assert words in pairwise(arguments)
    assert owner_settings(given).environment["SSL_CERT_FILE"] == "/c.pem"
    assert pip_settings({**given, "PIP_INDEX_URL": "https://d.example/"})["index-url"] == "https://d.example/"
    assert "index-url" not in pip_settings({**given, "PIP_CONFIG_FILE": "/dev/null"})


def test_uvs_own_configuration_goes_before_pips() -> None:
    assert owner_settings({"UV_DEFAULT_INDEX": "https://u.example/", "PIP_INDEX_URL": "https://p.example/"}).arguments == ()


def test_secrets_are_not_shown() -> None:
    settings = owner_settings({"UV_INDEX_URL": "https://user:hunter2@index.example/"})
    assert "hunter2" not in repr(settings)


def test_an_index_is_read_as_html_and_its_odd_links_are_passed_over(tmp_path: Path) -> None:
    page = tmp_path / "simple/alpha/index.html"
    page.parent.mkdir(parents=True)
    wheel(tmp_path, "alpha", "1.0")
    digest = "a" * 64
    page.write_text(
        f'<a href="../../alpha-1.0-py3-none-any.whl#sha256={digest}">x</a><a href="../../beta-1.0.tar.gz">other</a>'
        '<a href="../../alpha-2.0.tar.gz" data-requires-python="&gt;=3.99">y</a>'
        '<a href="../../alpha-3.0.tar.gz" data-yanked>z</a>'
        '<a href="../../../../etc/passwd">p</a><a href="javascript:x">j</a><a>n</a>'
    )
    index = Index(Fetcher({}, files_allowed=True), [(tmp_path / "simple").as_uri()], [])
    found = {str(r.version): r for r in index.releases("Alpha")}
    assert sorted(found) == ["1.0", "2.0"]
    assert found["1.0"].sha256 == digest and found["1.0"].address == (tmp_path / "alpha-1.0-py3-none-any.whl").as_uri()
    assert not found["2.0"].python.contains("3.11")


def test_an_sdist_is_read_without_running_it(tmp_path: Path) -> None:
    pyproject = '[build-system]\nrequires = ["flit_core <4", "x @ file:///etc/passwd"]\nbuild-backend = "b"\n'
    path = sdist(
        tmp_path, "old", "1.0", {"pyproject.toml": pyproject, "setup.py": "raise SystemExit('ran')"}, ["beta (>=2)", "-e ."]
    )
    metadata = read_sdist(path)
    assert metadata.requirements == ("beta>=2",) and metadata.build == ("flit_core<4",)


def test_broken_sdists_state_nothing(tmp_path: Path) -> None:
    whole = sdist(tmp_path, "old", "1.0", {"setup.py": ""}, ["beta"]).read_bytes()
    for number, content in enumerate(
        (b"", b"\x1f\x8b", whole[: len(whole) // 2], whole[:40] + b"\0" * 40 + whole[80:], b"PK\x03\x04")
    ):
        for suffix in ("tar.gz", "zip", "tar.bz2", "tar.xz", "tar"):
            path = tmp_path / f"broken{number}.{suffix}"
            path.write_bytes(content)
            read_sdist(path)
