"""MulVAL's input (.P): its vocabulary as facts, for the rules of the pack `mulval`.

A variable in a fact stands for everything of its kind that the file names: `hacl(web, _, _, _)` is a fact for each host, protocol
and port; protocols and ports go together, as services and rules have them. Where the attacker is located and what it wants are
tags: `--from tag:attackerLocated --to tag:attackGoal`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from mithridate.estate.readers.interface import Sink
from mithridate.estate.readers.prolog_clauses import Answers, Clause, Compound, Mistake, Unknown, Value, clauses
from mithridate.estate.readers.severity import HARD, PUBLISHED, UNPUBLISHED
from mithridate.model.errors import UsageError

LARGEST = 64 << 20
"""Bytes."""
MOST_FACTS = 5_000_000
"""Facts that the variables of one file may stand for."""
_MARK = re.compile(rb"(?m)^\s*(attackerLocated|attackGoal|hacl|networkServiceInfo|vulExists)\s*\(")
_HOST, _PROGRAM, _ACCOUNT, _PRINCIPAL, _FLAW = "host", "software", "account", "principal", "vulnerability"
_PROTOCOL, _PORT, _RANGE, _CONSEQUENCE, _PATH, _ACCESS = "protocol", "port", "range", "consequence", "path", "access"
_NODES = frozenset({_HOST, _PROGRAM, _ACCOUNT, _PRINCIPAL, _FLAW})
_FACTS: Mapping[tuple[str, int], tuple[str, ...]] = {
    ("attackerLocated", 1): (_HOST,),
    ("hacl", 4): (_HOST, _HOST, _PROTOCOL, _PORT),
    ("networkServiceInfo", 5): (_HOST, _PROGRAM, _PROTOCOL, _PORT, _ACCOUNT),
    ("vulExists", 3): (_HOST, _FLAW, _PROGRAM),
    ("vulExists", 5): (_HOST, _FLAW, _PROGRAM, _RANGE, _CONSEQUENCE),
    ("vulProperty", 3): (_FLAW, _RANGE, _CONSEQUENCE),
    ("bugHyp", 4): (_HOST, _PROGRAM, _RANGE, _CONSEQUENCE),
    ("cvss", 2): (_FLAW, "complexity"),
    ("dependsOn", 3): (_HOST, _PROGRAM, _PROGRAM),
    ("hasAccount", 3): (_PRINCIPAL, _HOST, _ACCOUNT),
    ("inCompetent", 1): (_PRINCIPAL,),
    ("competent", 1): (_PRINCIPAL,),
    ("isWebServer", 1): (_HOST,),
    ("installed", 2): (_HOST, _PROGRAM),
    ("nfsExportInfo", 4): (_HOST, _PATH, _ACCESS, _HOST),
    ("nfsMounted", 5): (_HOST, _PATH, _HOST, _PATH, _ACCESS),
    ("canAccessFile", 4): (_HOST, _ACCOUNT, _ACCESS, _PATH),
    ("localFileProtection", 4): (_HOST, _ACCOUNT, _ACCESS, _PATH),
}
_GOALS: Mapping[tuple[str, int], tuple[str, tuple[str, ...]]] = {
    ("execCode", 2): ("wants_code_as", (_HOST, _ACCOUNT)),
    ("netAccess", 3): ("wants_net", (_HOST, _PROTOCOL, _PORT)),
    ("accessFile", 3): ("wants_file", (_HOST, _ACCESS, _PATH)),
    ("principalCompromised", 1): ("wants_principal", (_PRINCIPAL,)),
    ("canAccessHost", 1): ("wants_host", (_HOST,)),
}
_PAIRS = (("nfsProtocol", "nfsPort"), ("httpProtocol", "httpPort"))
_NAMED_BY_RULES = {
    _ACCESS: ("read", "write"),
    _ACCOUNT: ("root",),
    _PROGRAM: ("sshd", "vpnService"),
    _RANGE: ("localExploit", "remoteExploit", "remoteClient"),
    _CONSEQUENCE: ("privEscalation",),
}
_COMPLEXITY = {"l": PUBLISHED, "m": UNPUBLISHED, "h": HARD}
_HYPOTHETICAL = 40
_SOMETHING = "something"
"""What a variable stands for when the file names nothing of its kind: there is always something."""
_GOAL, _LOCATED = "attackGoal", "attackerLocated"
_OF_OTHERS = frozenset({("advances", 2), ("clientProgram", 2), ("setuidProgramInfo", 3), ("isClient", 1)})
"""What MulVAL's published rules do not use either."""


class MulVal:
    """See the module."""

    name = "mulval"
    title = "MulVAL input"

    def recognises(self, path: Path, head: bytes) -> bool:
        """A .P file with a predicate of MulVAL."""
        return path.suffix in (".P", ".p") and bool(_MARK.search(head))

    def read(self, path: Path, sink: Sink) -> None:
        """UsageError for a file that is too large, no text, or whose variables stand for too much."""
        found = _answers(_text(path))
        for mistake in found.mistakes:
            sink.broken(mistake.line, mistake.reason)
        _Input(sink, found).state()


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise UsageError(f"{path} is larger than {LARGEST >> 20} MiB", hint="use CSV for facts in bulk")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None


def _answers(text: str) -> Answers:
    found = Answers()
    rules: list[Clause] = []
    for clause in clauses(text):
        if isinstance(clause, Mistake):
            found.mistakes.append(clause)
        elif clause.body:
            rules.append(clause)
        else:
            found.facts.setdefault(clause.head, clause.line)
    found.evaluate(rules)
    return found


class _Input:
    """Facts of one file → facts of ours."""

    def __init__(self, sink: Sink, found: Answers) -> None:
        self._sink = sink
        self._facts = found.facts
        self._used = found.used | _OF_OTHERS
        self._kinds: dict[str, set[str]] = defaultdict(set, {k: set(v) for k, v in _NAMED_BY_RULES.items()})
        self._pairs: set[tuple[str, str]] = set(_PAIRS)
        self._made = 0

    def state(self) -> None:
        """All facts."""
        for fact in self._facts:
            self._learn(fact)
        flaws: set[str] = set()
        priced: set[str] = set()
        for fact, line in self._facts.items():
            with self._sink.tolerate(line):
                self._one(fact, line, flaws, priced)
                self._sink.record()
        for flaw in sorted(flaws - priced):
            self._sink.fact("exploit", f"vulnerability:{flaw}", PUBLISHED)

    def _one(self, fact: Compound, line: int, flaws: set[str], priced: set[str]) -> None:
        if fact.key == (_GOAL, 1):
            self._goal(fact.arguments[0], line)
            return
        kinds = _FACTS.get(fact.key)
        if kinds is None:
            if fact.key not in self._used:
                raise ValueError(f"no rule knows {fact.name[:80]} with {len(fact.arguments)} arguments")
            return
        for values in self._meant(fact.arguments, kinds):
            nodes = [_node(kind, value) for kind, value in zip(kinds, values, strict=True)]
            flaws.update(value for kind, value in zip(kinds, values, strict=True) if kind == _FLAW)
            match fact.key:
                case ("attackerLocated", 1):
                    self._sink.fact("tag", nodes[0], _LOCATED, place=line)
                case ("vulExists", 5):
                    self._sink.fact("vulExistsAs", *nodes, place=line)
                case ("bugHyp", 4):
                    flaw = f"vulnerability:a flaw that nobody knows in {values[1]} on {values[0]}"
                    self._sink.fact("vulExistsAs", nodes[0], flaw, *nodes[1:], place=line)
                    self._sink.fact("exploit", flaw, _HYPOTHETICAL, place=line)
                case ("cvss", 2):
                    self._sink.fact("exploit", nodes[0], _COMPLEXITY.get(values[1], PUBLISHED), place=line)
                    priced.add(values[0])
                case _:
                    self._sink.fact(fact.name, *nodes, place=line)

    def _goal(self, goal: Value, line: int) -> None:
        known = _GOALS.get(goal.key) if isinstance(goal, Compound) else None
        if not isinstance(goal, Compound) or known is None:
            raise ValueError(f"a goal that no rule gives: {_told(goal)[:80]}")
        predicate, kinds = known
        arguments = list(goal.arguments)
        if predicate == "wants_code_as" and isinstance(arguments[1], Unknown):
            predicate, arguments, kinds = "wants_code", arguments[:1], kinds[:1]
        for values in self._meant(arguments, kinds):
            told = ", ".join([*values, *("_" * (len(goal.arguments) - len(values)))])
            node = f"goal:{goal.name}({told})"
            self._sink.fact("tag", node, _GOAL, place=line)
            self._sink.fact(predicate, node, *(_node(k, v) for k, v in zip(kinds, values, strict=True)), place=line)

    # Variables.

    def _learn(self, fact: Compound) -> None:
        """What the file names, by kind."""
        inner = fact.arguments[0] if fact.key == (_GOAL, 1) else fact
        if not isinstance(inner, Compound):
            return
        kinds = _GOALS[inner.key][1] if inner.key in _GOALS else _FACTS.get(inner.key, ())
        for kind, value in zip(kinds, inner.arguments, strict=False):
            if isinstance(value, str):
                self._kinds[kind].add(value)
        if _PROTOCOL in kinds:
            at = kinds.index(_PROTOCOL)
            protocol, port = inner.arguments[at : at + 2]
            if isinstance(protocol, str) and isinstance(port, str):
                self._pairs.add((protocol, port))

    def _meant(self, arguments: Sequence[Value], kinds: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Every row of constants that arguments with variables stand for. ValueError for terms in terms."""
        if any(isinstance(a, Compound) for a in arguments):
            raise ValueError("a term where a constant is wanted")
        unknown = list(dict.fromkeys(a for a in arguments if isinstance(a, Unknown)))
        at = kinds.index(_PROTOCOL) if _PROTOCOL in kinds else -1
        together = [a for a in arguments[at : at + 2] if isinstance(a, Unknown)] if at >= 0 else []
        alone = [u for u in unknown if u not in together]
        values = [sorted(self._kinds[self._kind(u, arguments, kinds)]) or [_SOMETHING] for u in alone]
        for chosen in product(*values, self._ports(arguments, at) if together else [("", "")]):
            self._made += 1
            if self._made > MOST_FACTS:
                raise UsageError(
                    f"the facts of {self._sink.reading.source} stand for more than {MOST_FACTS:,}",
                    hint="state reachability through zones: allow(…) and in_zone(…) of the network pack",
                )
            bound: dict[Value, str] = dict(zip(alone, map(str, chosen[:-1]), strict=True))
            if together:
                bound |= {a: v for a, v in zip(arguments[at : at + 2], chosen[-1], strict=True) if isinstance(a, Unknown)}
            yield tuple(a if isinstance(a, str) else bound[a] for a in arguments)

    def _ports(self, arguments: Sequence[Value], at: int) -> list[tuple[str, str]]:
        protocol, port = arguments[at : at + 2]
        return sorted(
            (a, b)
            for a, b in self._pairs
            if (isinstance(protocol, Unknown) or protocol == a) and (isinstance(port, Unknown) or port == b)
        )

    def _kind(self, unknown: Unknown, arguments: Sequence[Value], kinds: Sequence[str]) -> str:
        return next(kind for argument, kind in zip(arguments, kinds, strict=True) if argument == unknown)


def _node(kind: str, value: str) -> str:
    return f"{kind}:{value}" if kind in _NODES else value


def _told(value: Value) -> str:
    if isinstance(value, Compound):
        return f"{value.name}({', '.join(map(_told, value.arguments))})"
    return value if isinstance(value, str) else "_"
