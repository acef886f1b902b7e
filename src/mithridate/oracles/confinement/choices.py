"""Sinks where to choose is to escape: a type to build, a module to import, an entity to fetch, a program to run.

A token is random, so what carries one was chosen by whoever sent it, in a harmless run too.
"""

import json
from collections.abc import Sequence

from mithridate.model.observation import Observation
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement.escape import Escape, explained, quoted
from mithridate.oracles.confinement.pieces import leak
from mithridate.oracles.confinement.sent import Sent
from mithridate.oracles.confinement.shell import Shell
from mithridate.oracles.confinement.spans import CANONICAL_TOKEN, canonical, marked

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})


def type_(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:  # noqa: ARG001
    """A type that serialised data named."""
    return _chosen(
        attack, ViolationKind.UNSAFE_DESERIALISATION, "Deserialised data names `{}` as the type or function to be loaded."
    )


def entity(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:  # noqa: ARG001
    """An external entity that a document named and the parser fetched."""
    return _chosen(
        attack,
        ViolationKind.EXTERNAL_ENTITY,
        "The XML parser resolves the external entity `{}`, which the attacker's document names.",
    )


def module(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:  # noqa: ARG001
    """A module whose top-level package the attacker chose; below a package that the program names it is confined."""
    text = marked(attack).text
    token = CANONICAL_TOKEN.search(text)
    if token is None or "." in text[: token.start()].lstrip("."):
        return None
    return _chosen(attack, ViolationKind.UNTRUSTED_IMPORT, "The program imports `{}`, a module that the attacker names.")


def _chosen(attack: Observation, kind: ViolationKind, why: str) -> Escape | None:
    text = marked(attack)
    if not text.spans:
        return None
    part = quoted(text.text)
    return Escape(kind, why.format(part), part)


def command(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
    """An argument vector: the program, a shell's command line, or an argument that became an option."""
    arguments = _vector(attack)
    harmless = [v for c in controls if (v := _vector(c)) is not None]
    if not arguments:
        return None
    program = canonical(arguments[0])
    if program.spans and program.spans[0].start == 0:
        part = quoted(arguments[0])
        return Escape(ViolationKind.SHELL_INJECTION, f"The program that is run, `{part}`, is the attacker's choice.", part)
    line = _shell_line(arguments)
    if line is not None:
        lines = [canonical(text) for v in harmless if (text := _shell_line(v)) is not None]
        found = leak(Shell(), canonical(line), lines, sent)
        return explained(ViolationKind.SHELL_INJECTION, found, Shell.name) if found else None
    return _option(arguments, harmless, sent)


def _option(arguments: Sequence[str], harmless: Sequence[Sequence[str]], sent: Sent) -> Escape | None:
    options = {n for v in harmless for a in v if a.startswith("-") for n in canonical(a).numbers}
    plain = {n for v in harmless for a in v if not a.startswith("-") for n in canonical(a).numbers}
    ended = False
    for argument in arguments[1:]:
        numbers = canonical(argument).numbers
        became = argument.startswith("-") and bool(numbers & plain) and not numbers & options
        if became and not ended and (not sent.known or sent.contains(_before_the_token(argument))):
            part = quoted(argument)
            why = f"The argument `{part}` of `{quoted(arguments[0])}` begins with a hyphen: attacker data is an option."
            return Escape(ViolationKind.ARGUMENT_INJECTION, why, part)
        ended = ended or argument == "--"
    return None


def _before_the_token(argument: str) -> str:
    token = CANONICAL_TOKEN.search(argument)
    return argument[: token.start()] if token else argument


def _vector(observation: Observation) -> list[str] | None:
    """The arguments with canonical tokens, None when the text is no list of strings."""
    try:
        parsed = json.loads(marked(observation).text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, list) and all(isinstance(a, str) for a in parsed) else None


def _shell_line(arguments: Sequence[str]) -> str | None:
    """What a shell is given to run with -c."""
    name = arguments[0].rpartition("/")[2]
    if name not in _SHELLS:
        return None
    for index, argument in enumerate(arguments[1:-1], start=1):
        if argument.startswith("-") and not argument.startswith("--") and argument.endswith("c"):
            return arguments[index + 1]
        if not argument.startswith("-"):
            return None
    return None
