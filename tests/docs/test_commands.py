"""The commands that the documents show are commands; the cheap ones are run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from mithridate.cli.main import build
from mithridate.model.errors import ExitCode

from .repository import MARKDOWN, ROOT, fences, text

PROGRAM = Path(sys.executable).with_name("mithridate")
DOCUMENTS = [str(p.relative_to(ROOT)) for p in MARKDOWN if fences(str(p.relative_to(ROOT)), "sh")]


def lines(document: str) -> list[str]:
    blocks = "\n".join(fences(document, "sh"))
    return [line for line in blocks.splitlines() if line.strip()]


def shown(document: str, program: str) -> list[list[str]]:
    """The argument vectors of one program in a document's shell blocks."""
    found = []
    for line in lines(document):
        words = shlex.split(line, comments=True)
        if words and Path(words[0]).name == program:
            found.append(words[1:])
    return found


OURS = [(d, words) for d in DOCUMENTS for words in shown(d, "mithridate")]
MAKE = [(d, words) for d in DOCUMENTS for words in shown(d, "make")]


def test_the_documents_show_the_commands_that_a_user_needs() -> None:
    assert {"doctor", "scope", "scan", "prove", "runs", "resume", "report", "audit"} <= {words[0] for _, words in OURS}
    assert {"scan", "test"} <= {words[0] for _, words in MAKE}


@pytest.mark.parametrize(("document", "words"), OURS, ids=[" ".join(w) for _, w in OURS])
def test_the_program_takes_every_command_that_is_shown(document: str, words: list[str]) -> None:
    command = typer.main.get_command(build())
    context = command.make_context("mithridate", list(words))
    while rest := [*context._protected_args, *context.args]:
        name, following, given = context.command.resolve_command(context, rest)  # type: ignore[attr-defined]
        assert following is not None, f"{document}: there is no command {name}"
        context = following.make_context(name, given, parent=context)  # raises for an option that is not there
        if not hasattr(following, "resolve_command"):
            break


@pytest.mark.parametrize(("document", "words"), MAKE, ids=[" ".join(w) for _, w in MAKE])
def test_make_knows_every_target_that_is_shown(document: str, words: list[str]) -> None:
    done = subprocess.run(["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", DOCUMENTS)
def test_shell_blocks_are_shell(document: str) -> None:
    for block in fences(document, "sh"):
        assert subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True).returncode == 0, block


def test_every_measurement_that_is_named_can_be_started() -> None:
    named = {module for document in map(str, MARKDOWN) for module in re.findall(r"python -m (bench[\w.]*)", text(document))}
    assert named
    for module in sorted(named):
        done = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_the_guide_can_be_followed_up_to_the_scan(tmp_path: Path) -> None:
    """The commands of the user guide in their order, as they stand there, on a project of our own."""
    project = tmp_path / "a project"
    shutil.copytree(ROOT / "examples" / "parcel-fixed", project)
    env = {**os.environ, "MITHRIDATE_HOME": str(tmp_path / "home")}
    commands = shown("docs/user-guide.md", "mithridate")

    def run(*start: str, extra: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        words = next(w for w in commands if w[: len(start)] == list(start))
        argv = [str(PROGRAM), *(str(project) if word == "PATH" else word for word in words), *extra]
        return subprocess.run(argv, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL)

    assert run("doctor").returncode in (ExitCode.NOTHING_PROVED, ExitCode.MISSING_REQUIREMENT)
    assert run("scan").returncode == ExitCode.REFUSED
    assert run("scope", "init").returncode == ExitCode.REFUSED  # nobody there to type the sentence
    assert run("scope", "init", extra=("--attest",)).returncode == ExitCode.NOTHING_PROVED
    assert "ACME Bank" in run("scope", "show").stdout
    assert run("runs").returncode == ExitCode.NOTHING_PROVED
    assert run("resume").returncode == ExitCode.USAGE
    assert run("audit", "verify").returncode == ExitCode.NOTHING_TO_ANALYSE


def test_make_scan_refuses_a_project_without_a_scope_and_says_what_to_do(tmp_path: Path) -> None:
    project = tmp_path / "somebody's project"
    project.mkdir()
    (project / "a.c").write_text("int main(void) { return 0; }\n")
    env = {**os.environ, "TARGET": str(project), "OUT": str(tmp_path / "out"), "MITHRIDATE_HOME": str(tmp_path / "home")}
    done = subprocess.run(["bash", "scripts/scan.sh", str(PROGRAM)], cwd=ROOT, capture_output=True, text=True, env=env)
    assert done.returncode == ExitCode.REFUSED
    (offered,) = re.findall(r"write one: mithridate (scope init .*)", done.stderr)
    assert subprocess.run([str(PROGRAM), *shlex.split(offered)], capture_output=True, env=env).returncode == 0
    assert (project / "mithridate.scope.toml").is_file()
