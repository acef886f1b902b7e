"""The program: commands by name, and what every command's errors become.

Modules here import nothing heavy when they are loaded, so that `--help` opens at once: what a command needs, it imports when
it is called.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mithridate.cli import audit, scope
from mithridate.cli.approve import approve
from mithridate.cli.doctor import doctor
from mithridate.cli.ledger import ledger
from mithridate.cli.mcp import mcp
from mithridate.cli.options import NO_HELP_YET
from mithridate.cli.output import leave_quietly, words
from mithridate.cli.patch import patch
from mithridate.cli.paths import paths
from mithridate.cli.prove import prove
from mithridate.cli.report import report
from mithridate.cli.resume import resume
from mithridate.cli.runs import runs
from mithridate.cli.scan import scan
from mithridate.model.errors import ExitCode, MithridateError

DEBUG = "MITHRIDATE_DEBUG"
"""Set to 1: errors show their traceback."""

_PROGRAM = "mithridate"
_COMPLETE = "_MITHRIDATE_COMPLETE"
_COMMANDS = (scan, prove, patch, approve, paths, report, runs, resume, ledger, mcp, doctor)


def build() -> typer.Typer:
    """The program with all its commands."""
    app = typer.Typer(
        rich_markup_mode=None,  # Rich's help panels cost 0.3 s, most of it for a Markdown parser
        no_args_is_help=True,
        # Only while a shell asks: the options that this adds would load pydantic on every start.
        add_completion=_COMPLETE in os.environ,
        pretty_exceptions_enable=False,
        context_settings={
            "help_option_names": ["-h", "--help"],
            "default_map": {**NO_HELP_YET, "version": False, "scope": NO_HELP_YET, "audit": NO_HELP_YET},
        },
    )
    app.callback()(_root)
    for command in _COMMANDS:
        app.command()(command)
    app.add_typer(scope.app, name="scope", help="Write and show what may be analysed.")
    app.add_typer(audit.app, name="audit", help="Check and show the record of every action.")
    app.command()(completion)
    return app


def main(arguments: list[str]) -> int:
    """Run one command and give back its exit code. Whatever goes wrong is one sentence on stderr, never a traceback."""
    try:
        answer = build()(args=arguments, prog_name=_PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except MithridateError as error:
        return _explain(error)
    except typer.TyperException as error:
        return _usage(error)
    except (typer.Abort, KeyboardInterrupt):
        words("\ninterrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        leave_quietly()
    except Exception as error:  # noqa: BLE001  # the last line of defence: it is reported, with all there is to know
        return _our_fault(error)
    return answer if isinstance(answer, int) else ExitCode.NOTHING_PROVED


def run() -> NoReturn:
    """The entry point of the installed program."""
    code = main(sys.argv[1:])
    if code == ExitCode.INTERRUPTED:
        # The steps that were interrupted are parked in threads that never return: only the process's end ends them.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def completion(
    shell: Annotated[str, typer.Argument(metavar="SHELL", show_default=False, help="bash, zsh or fish.")],
) -> None:
    """Print the completion script of a shell.

    For instance: mithridate completion bash >> ~/.bashrc
    """
    from mithridate.model.errors import UsageError

    if shell not in {"bash", "zsh", "fish"}:
        raise UsageError(f"no completion for the shell {shell!r}", hint="choose from: bash, zsh, fish")
    os.environ[_COMPLETE] = f"source_{shell}"  # Typer's own way of asking for it
    build()(args=[], prog_name=_PROGRAM)


def _root(
    version: Annotated[  # its callback has answered already
        bool,
        typer.Option("--version", is_eager=True, callback=lambda asked: _version(asked), help="Print the version and leave."),
    ] = False,
) -> None:
    """Find flaws in your own software, prove each one with an input that anyone can replay, and report.

    Start with `mithridate doctor`, then `mithridate scope init PATH` and `mithridate scan PATH`.
    """


def _version(asked: bool) -> None:
    if asked:
        from mithridate import __version__
        from mithridate.cli.output import data

        data(f"{_PROGRAM} {__version__}")
        raise typer.Exit


def _explain(error: MithridateError) -> int:
    """One sentence, one hint, the error's own exit code."""
    if _debugging():
        raise error
    words(f"{_PROGRAM}: {error}")
    for line in error.hint.splitlines():
        words(f"  {line}")
    return error.exit_code


def _usage(error: typer.TyperException) -> int:
    message = error.format_message()
    if message.startswith("Usage: "):  # a group without a command: its help
        words(message)
    else:
        context = getattr(error, "ctx", None)
        words(f"{_PROGRAM}: {message}")
        words(f"  {context.command_path if context else _PROGRAM} --help shows what it takes")
    return ExitCode.USAGE


def _our_fault(error: Exception) -> int:
    """Keep everything there is to know about a defect of ours in a file, and name it."""
    if _debugging():
        raise error
    import platform
    import traceback

    from mithridate import __version__

    text = "".join(traceback.format_exception(error))
    about = f"{_PROGRAM} {__version__}, Python {platform.python_version()}, {platform.platform()}\n{sys.argv!r}\n\n{text}"
    words(f"{_PROGRAM}: this is our fault: {type(error).__name__}: {error}")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f"{_PROGRAM}-crash-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(about)
    except OSError:
        words(about)
        return ExitCode.OUR_FAULT
    words(f"  please send us {Path(name)} (it holds the command line and where it went wrong, nothing of the source)")
    return ExitCode.OUR_FAULT


def _debugging() -> bool:
    return os.environ.get(DEBUG, "") not in {"", "0"}
