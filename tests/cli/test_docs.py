import re
from pathlib import Path

import pytest

from mithridate.cli.main import main
from mithridate.model.errors import ExitCode
from mithridate.policy.scope import parse

from .test_main import HELPS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
SHOWN = dict(re.findall(r"^### mithridate ?([^\n]*)\n\n```text\n(.*?)\n```$", DOCUMENT, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("command", HELPS, ids=lambda c: " ".join(c) or "mithridate")
def test_the_help_in_the_docs_is_the_real_one(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*command, "--help"]) == 0
    assert SHOWN[" ".join(command)] == capsys.readouterr().out.rstrip()


def test_the_docs_show_no_command_that_is_gone() -> None:
    assert SHOWN.keys() == {" ".join(command) for command in HELPS}


def test_the_exit_codes_in_the_docs_are_all_there_are() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE)}
    assert documented == {int(code) for code in ExitCode}


def test_the_scope_in_the_docs_is_one() -> None:
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    scope = parse(shown, Path("/srv/libexample/mithridate.scope.toml"))
    assert scope.path == Path("/srv/libexample")
