"""The oracle of injection: what escaped in a run, judged by the grammar of each sink against the run's harmless twin."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from mithridate.model.observation import FACTS, Mark, Observation, Sink
from mithridate.model.violation import ViolationKind
from mithridate.oracles.confinement import choices, destinations, lines, paths, xml_document
from mithridate.oracles.confinement.escape import Escape, explained
from mithridate.oracles.confinement.facts import fact
from mithridate.oracles.confinement.ldap import DistinguishedName, Filter
from mithridate.oracles.confinement.pieces import Grammar, leak
from mithridate.oracles.confinement.python_code import PythonCode
from mithridate.oracles.confinement.regular_expression import leak_of_pattern
from mithridate.oracles.confinement.sent import NOTHING_KNOWN, Sent
from mithridate.oracles.confinement.shell import Shell
from mithridate.oracles.confinement.spans import marked
from mithridate.oracles.confinement.template import template

__all__ = ["Escape", "escape", "judge_run"]

_MOST_TWINS = 100
"""Of one observation; a loop may have used one sink thousands of times."""

Judge = Callable[[Observation, Sequence[Observation], Sent], Escape | None]


def escape(attack: Observation, controls: Sequence[Observation], sent: Sent = NOTHING_KNOWN) -> Escape | None:
    """Whether attacker data left its literal in the text that reached a sink; for a fact, what is weak about it.

    `controls` are the observations of the run's control phase, of any sink: those of the same place and marks are compared.
    `sent` is what the input document holds (sent.sent); with it, structure that the program itself put between tokens is told
    from structure that was sent. Never raises on content; a text that no grammar can read is no escape.
    """
    return _escape(attack, _twins(attack, controls), sent)


def judge_run(
    attack: Sequence[Observation], control: Sequence[Observation], sent: Sent = NOTHING_KNOWN
) -> tuple[tuple[Observation, Escape], ...]:
    """What escaped in the attack phase, and the facts of that phase (of the control phase when the attack's is empty)."""
    places = defaultdict(list)
    for twin in control:
        places[_place(twin)].append(twin)
    found = []
    for observation in attack:
        escaped = _escape(observation, _twins(observation, places.get(_place(observation), ())), sent)
        if escaped is not None:
            found.append((observation, escaped))
    if not attack:
        found += [(o, escaped) for o in control if o.sink in FACTS and (escaped := fact(o)) is not None]
    return tuple(found)


def _escape(attack: Observation, twins: Sequence[Observation], sent: Sent) -> Escape | None:
    if attack.sink in FACTS:
        return fact(attack)
    judge = _JUDGES.get(attack.sink)
    return judge(attack, twins, sent) if judge and attack.marks else None


def _place(observation: Observation) -> tuple[str, ...]:
    """Where in the project a sink was used: its innermost project function."""
    frame = next((f for f in observation.frames if f.in_project), next(iter(observation.frames), None))
    return (observation.sink, observation.api, frame.file if frame else "", frame.function if frame else "")


def _twins(attack: Observation, controls: Sequence[Observation]) -> list[Observation]:
    place, numbers = _place(attack), _numbers(attack.marks)
    return list(islice((c for c in controls if _place(c) == place and _numbers(c.marks) & numbers), _MOST_TWINS))


def _numbers(marks: Sequence[Mark]) -> frozenset[int]:
    return frozenset(m.number for m in marks)


def _by_grammar(kind: ViolationKind, choose: Callable[[str], Sequence[Grammar]]) -> Judge:
    """A judge for texts that are rows of tokens: an escape is what every grammar that may be the right one calls so."""

    def judge(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
        text, harmless = marked(attack), [marked(c) for c in controls]
        leaks = [leak(grammar, text, harmless, sent) for grammar in choose(attack.dialect)]
        first = next(iter(leaks), None)
        if first is None or None in leaks:
            return None
        return explained(kind, first, choose(attack.dialect)[0].name)

    return judge


# Grammars whose parsers take their time to load are loaded when there is something to judge.


def _sql(dialect: str) -> Sequence[Grammar]:
    from mithridate.oracles.confinement.sql import grammars

    return grammars(dialect)


def _xpath(version: str) -> Sequence[Grammar]:
    from mithridate.oracles.confinement.xpath import XPath

    return (XPath(version),)


def _html(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
    from mithridate.oracles.confinement import html_page

    return html_page.scripted(attack, controls, sent)


def _template(dialect: str) -> Sequence[Grammar]:
    grammar = template(dialect)
    return (grammar,) if grammar else ()


def _pattern(attack: Observation, controls: Sequence[Observation], sent: Sent) -> Escape | None:
    found = leak_of_pattern(marked(attack), [marked(c) for c in controls], sent)
    return explained(ViolationKind.REGEX_INJECTION, found, "regular expression") if found else None


_K = ViolationKind
_JUDGES: Mapping[Sink, Judge] = {
    Sink.SQL: _by_grammar(_K.SQL_INJECTION, _sql),
    Sink.SHELL: _by_grammar(_K.SHELL_INJECTION, lambda _: (Shell(),)),
    Sink.COMMAND: choices.command,
    Sink.PATH: paths.traversed,
    Sink.HTML: _html,
    Sink.HEADER: lines.header,
    Sink.REDIRECT: destinations.redirected,
    Sink.REQUEST: destinations.requested,
    Sink.XPATH: _by_grammar(_K.XPATH_INJECTION, _xpath),
    Sink.REGEX: _pattern,
    Sink.LOG: lines.log,
    Sink.TEMPLATE: _by_grammar(_K.TEMPLATE_INJECTION, _template),
    Sink.XML: xml_document.extended,
    Sink.ENTITY: choices.entity,
    Sink.LDAP: _by_grammar(_K.LDAP_INJECTION, lambda kind: (DistinguishedName() if kind == "dn" else Filter(),)),
    Sink.CODE: _by_grammar(_K.CODE_INJECTION, lambda _: (PythonCode(),)),
    Sink.TYPE: choices.type_,
    Sink.MODULE: choices.module,
    Sink.MEMBER: paths.extracted,
}
