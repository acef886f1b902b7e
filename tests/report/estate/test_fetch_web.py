"""How setup brings the graph library, without a network: only what is pinned is kept, and what is missing is told."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
VENDOR = "src/mithridate/report/estate/web/vendor"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    made = tmp_path / "checkout"
    (made / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "fetch-web.sh", made / "scripts")
    return made


def fetch(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    tools = checkout / "tools"
    tools.mkdir(exist_ok=True)
    for name in (
        "dirname",
        "cat",
        "mktemp",
        "rm",
        "cp",
        "cut",
        "sha512sum",
        "tar",
        "gzip",
        "mkdir",
        "mv",
        "sed",
        "head",
        "timeout",
    ):
        found = shutil.which(name)
        assert found, name
        if not (tools / name).exists():
            (tools / name).symlink_to(found)
    bash = shutil.which("bash") or "bash"
    return subprocess.run(
        [bash, "scripts/fetch-web.sh"],
        cwd=checkout,
        env={"PATH": str(tools), "HOME": str(checkout), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def tarball(path: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in (("package/dist/cytoscape.min.js", b"alert(1)"), ("package/LICENSE", b"none")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return path


def test_another_file_than_the_pinned_one_is_thrown_away(checkout: Path, tmp_path: Path) -> None:
    done = fetch(checkout, MITHRIDATE_CYTOSCAPE=str(tarball(tmp_path / "c.tgz")))
    assert done.returncode == 0
    assert "is not what is pinned" in done.stderr
    assert not (checkout / VENDOR).exists()


def test_the_pinned_file_is_unpacked_once(checkout: Path, tmp_path: Path) -> None:
    made = tarball(tmp_path / "c.tgz")
    script = checkout / "scripts" / "fetch-web.sh"
    digest = subprocess.run(["sha512sum", made], capture_output=True, text=True, check=True).stdout.split()[0]
    lines = script.read_text("utf-8").splitlines(keepends=True)
    script.write_text("".join(f"sha512={digest}\n" if line.startswith("sha512=") else line for line in lines), "utf-8")
    done = fetch(checkout, MITHRIDATE_CYTOSCAPE=str(made))
    assert (done.returncode, done.stderr) == (0, "")
    assert (checkout / VENDOR / "cytoscape.min.js").read_text() == "alert(1)"
    assert (checkout / VENDOR / "LICENSE").is_file()
    again = fetch(checkout, MITHRIDATE_CYTOSCAPE="/nowhere")
    assert (again.returncode, again.stderr) == (0, "")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "There is no npm, and no npm registry is set."),
        ({"MITHRIDATE_CYTOSCAPE": "/nowhere"}, "/nowhere, which cannot be read"),
    ],
)
def test_what_is_missing_is_told_and_setup_goes_on(checkout: Path, environment: dict[str, str], told: str) -> None:
    done = fetch(checkout, **environment)
    assert done.returncode == 0
    assert told in done.stderr
    assert "will show its list without the graph" in done.stderr
