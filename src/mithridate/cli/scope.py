"""`mithridate scope`: write and show what may be analysed."""

import shlex
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from mithridate.cli.options import NO_HELP_YET, as_path, parse_day
from mithridate.model.errors import PolicyRefusal, UsageError

app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, add_completion=False, context_settings={"default_map": NO_HELP_YET}
)

_Target = Annotated[Path, typer.Argument(metavar="PATH", parser=as_path, show_default=False, help="A source tree or an archive.")]


@app.command()
def init(
    path: _Target,
    owner: Annotated[
        str, typer.Option(metavar="NAME", envvar="MITHRIDATE_OWNER", show_default=False, help="Who owns the software.")
    ],
    until: Annotated[
        date,
        typer.Option(
            metavar="DATE",
            envvar="MITHRIDATE_UNTIL",
            parser=parse_day,
            show_default=False,
            help="The last day (UTC): 2031-12-31, or 90d for 90 days from now.",
        ),
    ],
    attest: Annotated[
        bool,
        typer.Option("--attest", envvar="MITHRIDATE_ATTEST", help="Attest, without typing it, that the owner authorises this."),
    ] = False,
    sandbox: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            envvar="MITHRIDATE_SCOPE_SANDBOXES",
            show_default=False,
            help="Allow this sandbox; may be given again (default: bubblewrap).",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", envvar="MITHRIDATE_FORCE", help="Replace a scope that is there.")] = False,
) -> None:
    """Write the scope of PATH.

    It says who owns the software, until when it may be analysed, and who attests that. The file is mithridate.scope.toml in
    PATH, or PATH.scope.toml beside an archive. Models may see nothing until you list them in it.
    """
    from mithridate.cli.output import words
    from mithridate.policy import scope as policy

    if not path.exists():
        raise UsageError(f"there is no {path}")
    if not owner.strip():
        raise UsageError("the owner's name is empty", hint='--owner "YOUR ORGANISATION"')
    today = policy.current_day()
    if until < today:
        raise UsageError(f"{until} is over", hint="--until is the last day on which work may be done")
    file = policy.scope_path(path)
    if file.exists() and not force:
        raise UsageError(f"there is already a scope at {file}", hint="`mithridate scope show` shows it; --force replaces it")
    sentence = policy.attestation_sentence(owner, path)
    if not attest:
        _ask(sentence)
    scope = policy.Scope(
        owner=owner,
        path=path.resolve(),
        until=until,
        attestation=policy.Attestation(sentence=sentence, attested_by=_account(), date=today),
        sandboxes=tuple(dict.fromkeys(sandbox)) if sandbox else policy.DEFAULT_SANDBOXES,
    )
    policy.write(scope, file, force)
    words(f"wrote {file}\non record: {scope.attestation.attested_by}: {sentence}\nnext: mithridate scan {shlex.quote(str(path))}")


@app.command()
def show(path: _Target) -> None:
    """Print the scope of PATH.

    Ends with 4 when no work may be done under it today.
    """
    from mithridate.cli.output import data, words
    from mithridate.policy.scope import load, require, scope_path

    if path.is_file() and path.suffix == ".toml":
        scope = load(path)
        scope.require_valid()
    else:
        scope = require(path)
    data(scope.toml())
    words(f"valid: {scope.file or scope_path(path)} covers {scope.what} until {scope.until}")


def _ask(sentence: str) -> None:
    """Have the person type the sentence. Raises PolicyRefusal when there is no person or the person does not."""
    from mithridate.cli.output import words

    if not sys.stdin.isatty():
        raise PolicyRefusal("nobody attested that the owner authorises this", hint="add --attest, or run it on a terminal")
    words(f"If it is true, type this sentence:\n\n  {sentence}\n")
    try:
        typed = input("> ")
    except EOFError:
        typed = ""
    if _plain(typed) != _plain(sentence):
        raise PolicyRefusal("that is not the sentence; no scope was written")


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".")


def _account() -> str:
    from mithridate.policy.audit import actor

    return actor()
