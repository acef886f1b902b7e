"""The report in a real browser. Chromium is no Python package: where it is absent these tests are skipped and say so."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mithridate.model.run import RunReport
from mithridate.report.html import HtmlWriter

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on PATH: install it to check the report in a browser")

CANARY = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script><style>body{display:none}</style>"


@pytest.fixture
def attacked(report: RunReport, tmp_path: Path) -> Path:
    """A report whose project tries to run script in its reader's browser, as a file."""
    overflow = next(f for f in report.findings if f.cwe == 122)
    hostile = replace(overflow, title=CANARY, explanation=f"`{CANARY}` {CANARY}", function=CANARY)
    others = tuple(f for f in report.findings if f is not overflow)
    target = tmp_path / "report.html"
    target.write_text(HtmlWriter().render(replace(report, project_name=CANARY, findings=(hostile, *others))), encoding="utf-8")
    return target


def browse(page: Path, work: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr",
        f"--user-data-dir={work / 'profile'}", *options, page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


def test_our_script_runs_and_the_projects_does_not(attacked: Path, tmp_path: Path) -> None:
    done = browse(attacked, tmp_path, "--dump-dom")
    assert re.search(r'<div class="bar-wrap" id="tools">', done.stdout), "our own script did not run under the content policy"
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title is not None and title.group(1) != "owned" and "&lt;img" in title.group(1)
    assert "<img" not in done.stdout
    assert "Content Security Policy" not in done.stderr


def test_the_page_is_painted_in_both_schemes_and_narrow(attacked: Path, tmp_path: Path) -> None:
    shots = {}
    for name, size, scheme in (("light", "1280,1600", 1), ("dark", "1280,1600", 0), ("narrow", "500,1600", 1)):
        target = tmp_path / f"{name}.png"
        browse(
            attacked,
            tmp_path,
            f"--screenshot={target}",
            f"--window-size={size}",
            f"--blink-settings=preferredColorScheme={scheme}",
        )
        shots[name] = target.read_bytes()
    assert all(s.startswith(b"\x89PNG") and len(s) > 20_000 for s in shots.values())
    assert shots["light"] != shots["dark"]
