"""Command lines that are put together in one function and run in another."""

from pathlib import Path

import pytest

from mithridate.model.violation import Frame, Violation, ViolationKind

from .vulnerable import patched, proposals

HEAD = """import subprocess


def run(words):
    return subprocess.check_output(["git"] + list(words))


def run_all(*words, **more):
    return run(words)


"""


def fixes(tmp_path: Path, body: str, head: str = HEAD) -> list[str]:
    """The last function after each proposal, without its head. The last line of `body` is a call of run or run_all."""
    tree = tmp_path / "tree"
    tree.mkdir()
    source = head + "def fetch(name, place):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    (tree / "app.py").write_text(source)
    through = [("run", 5), *([("run_all", 9)] if "run_all" in body else []), ("fetch", source.count("\n"))]
    frames = tuple(Frame(function=function, file="/src/app.py", line=line) for function, line in through)
    violation = Violation(kind=ViolationKind.ARGUMENT_INJECTION, detector="confinement", message="", frames=frames)
    made = []
    for number, proposal in enumerate(proposals(tree, violation)):
        after = (patched(tree, proposal, tmp_path / f"patched{number}") / "app.py").read_text()
        made.append(after.partition("def fetch(name, place):\n")[2])
    return made


REFUSED = '    if name.startswith("-"):\n        raise ValueError('


@pytest.mark.parametrize(
    ("body", "ended"),
    [
        ('words = ["clone", "--quiet"]\nif place:\n    words.extend(["-c", "a=b"])\nwords.extend([name, place])\nrun(words)',
         'words.extend(["--", name, place])'),
        ('words = ["clone"]\nwords += [name]\nrun_all(*words)', 'words += ["--", name]'),
        ('run_all("clone", name, str(place))', 'run_all("clone", "--", name, str(place))'),
        ('run(["clone", name])', 'run(["clone", "--", name])'),
    ],
)  # fmt: skip
def test_options_end_where_the_operands_are_added(tmp_path: Path, body: str, ended: str) -> None:
    first, *others = fixes(tmp_path, body)
    assert ended in first
    assert any(REFUSED in other for other in others)


@pytest.mark.parametrize(
    "body",
    [
        'words = ["checkout"]\nwords += [name]\nrun(words)',  # behind -- it would be a file
        'words = []\nwords += ["--git-dir", place]\nwords += ["checkout", name]\nrun_all(*words)',
        'run(["clone", "--branch", name])',  # or the option would lose its value
        'run(["clone", "--", "there", name])',
        'words = ["clone"]\nwords += [name]\nwords += ["--depth", "1"]\nrun(words)',  # or that would be an operand
        'more = place.split()\nrun(["clone", name, *more])',
        'run_all("tar", "xf", name)',
    ],
)
def test_where_that_would_mean_something_else_the_value_is_refused(tmp_path: Path, body: str) -> None:
    made = fixes(tmp_path, body)
    assert not any('"--", ' in after.replace('"--", "there"', "") for after in made)
    assert REFUSED in made[0]


def test_what_is_added_alone_is_refused(tmp_path: Path) -> None:
    (made, *_) = fixes(tmp_path, 'words = ["clone"]\nwords.append(name)\nrun(words)')
    assert REFUSED in made
    assert made.index(REFUSED) < made.index("words.append(name)")


def test_what_is_an_option_already_is_neither_refused_nor_made_an_operand(tmp_path: Path) -> None:
    (first, *others) = fixes(tmp_path, 'run_all("clone", f"--branch={name}", place, None)')
    assert 'if place.startswith("-"):' in first
    assert not any(
        '"--", ' in after or "None.startswith" in after or 'f"--branch={name}".starts' in after for after in (first, *others)
    )


def test_other_calls_of_the_line_stay(tmp_path: Path) -> None:
    assert not any(
        '"a", "--"' in after or '"--", "b"' in after for after in fixes(tmp_path, 'run_all("clone", name.replace("a", place))')
    )


def test_the_command_may_be_named_where_the_program_is_run(tmp_path: Path) -> None:
    made = fixes(tmp_path, "words = []\nwords += [name]\nrun(words)", HEAD.replace('["git"]', '["git", "checkout"]'))
    assert made and not any('"--"' in after for after in made)
