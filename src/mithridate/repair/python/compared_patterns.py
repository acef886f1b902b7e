"""What patterns take of texts, found out in a process that may be ended: a slow pattern may need for ever for a short text."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import product

from mithridate.repair.python.pattern_automaton import Alphabet, States
from mithridate.repair.python.pattern_tree import Chars, Choice, Group, Node, Repeat, Row, inside, parse

_SECONDS = 5
_SHORT = 6
_MOST_TEXTS = 5_000
_MOST_SAMPLES = 2_000
_LONGEST = 10_000
_MATCHING = """
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (%d, %d))
asked = json.load(sys.stdin)
as_told = (lambda text: text.encode("latin-1")) if asked["octets"] else str
flags = asked["flags"] & ~re.UNICODE if asked["octets"] else asked["flags"]
ways = [re.compile(as_told(pattern), flags) for pattern in asked["patterns"]]
groups = {way.groups for way in ways}
took = (lambda one: one.regs) if len(groups) == 1 else (lambda one: one.span())
for text in asked["texts"]:
    rows = []
    for way in ways:
        matched, found = way.match(as_told(text)), [took(one) for one in way.finditer(as_told(text))]
        rows.append([matched and took(matched), found, bool(way.fullmatch(as_told(text)))])
    if any(row != rows[0] for row in rows):
        print(json.dumps(text))
        break
else:
    print("null")
"""


class Unknown(Exception):
    """The comparison took too long, or could not be made."""


def apart(patterns: Sequence[str], texts: Sequence[str], flags: int, *, octets: bool = False) -> str | None:
    """The first of the texts of which the patterns do not take the same; None where there is none. Raises Unknown.

    What their groups keep is compared where they have as many.
    """
    asked = json.dumps({"patterns": [*patterns], "texts": [*texts], "flags": flags, "octets": octets})
    script = _MATCHING % (_SECONDS, _SECONDS)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", script],
            input=asked.encode(),
            capture_output=True,
            check=True,
            timeout=4 * _SECONDS,
        )
        text = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise Unknown from error
    return text if isinstance(text, str) else None


def difference(one: str, two: str, flags: int, *, octets: bool = False) -> str | None:
    """A text of which two patterns do not take the same, or None: short ones are tried, and such that match one of them.

    Raises Unknown.
    """
    trees = [tree for text in (one, two) if (tree := parse(text, verbose=bool(flags & re.VERBOSE))) is not None]
    if len(trees) < 2:
        raise Unknown
    sets = [
        text[n.start : n.end] for text, tree in zip((one, two), trees, strict=True) for n in inside(tree) if isinstance(n, Chars)
    ]
    try:
        letters = Alphabet(sets, flags, octets).letters()
        texts = [*short_texts(letters)]
        for text, tree in zip((one, two), trees, strict=True):
            texts += _samples(text, tree, flags, octets, letters)
    except (re.error, ValueError, OverflowError) as error:
        raise Unknown from error
    return apart((one, two), list(dict.fromkeys(texts)), flags, octets=octets)


def short_texts(letters: Sequence[str]) -> Iterator[str]:
    """All texts of these characters up to some length, as many as are not too many."""
    length = next(n for n in range(_SHORT, 0, -1) if n == 1 or len(letters) ** n <= _MOST_TEXTS)
    for size in range(length + 1):
        yield from map("".join, product(letters, repeat=size))


def through(known: States, letters: Sequence[str]) -> list[str]:
    """Texts that take each step of an automaton, by the shortest way to it and from it to an end, and such without an end."""
    leads = {0: ""}
    todo = [0]
    for state in todo:
        for bit, to in known.steps[state].items():
            if to not in leads:
                leads[to] = leads[state] + letters[bit]
                todo.append(to)
    ends = dict.fromkeys(known.ends, "")
    while len(ends) < len(known.steps):
        more = {
            s: letters[b] + ends[to] for s, row in enumerate(known.steps) if s not in ends for b, to in row.items() if to in ends
        }
        if not more:
            break
        ends |= more
    found: dict[str, None] = {}
    for state, before in leads.items():
        for letter in letters:
            found[before + letter] = None
        for bit, to in known.steps[state].items():
            after = before + letters[bit] + ends.get(to, "")
            found |= dict.fromkeys((after, *(after + letter for letter in letters)))
    return list(found)[:_MOST_TEXTS]


def _samples(pattern: str, tree: Node, flags: int, octets: bool, letters: Sequence[str]) -> list[str]:
    """Texts that the pattern matches, but for its conditions: each set of it with each of its characters once."""
    sets = {n: pattern[n.start : n.end] for n in inside(tree) if isinstance(n, Chars)}
    alphabet = Alphabet([*sets.values(), *(re.escape(letter) for letter in letters)], flags, octets)
    theirs = {n: [c for c in letters if alphabet.mask(re.escape(c)) & alphabet.mask(text)] for n, text in sets.items()}
    found: dict[str, None] = {}
    for node, possible in theirs.items():
        for letter in possible:
            for times in (1, 2):
                found[_sample(tree, node, letter, theirs, times)] = None
            if len(found) > _MOST_SAMPLES:
                return list(found)
    return list(found)


def _sample(node: Node, special: Chars, letter: str, theirs: dict[Chars, list[str]], times: int) -> str:
    holds = node.start <= special.start and special.end <= node.end
    if isinstance(node, Chars):
        return letter if node == special else next(iter(theirs[node]), "")
    if isinstance(node, Row):
        return "".join(_sample(item, special, letter, theirs, times) for item in node.items)
    if isinstance(node, Choice):
        branch = next((b for b in node.branches if b.start <= special.start and special.end <= b.end), node.branches[0])
        return _sample(branch, special, letter, theirs, times)
    if isinstance(node, Group):
        return _sample(node.inner, special, letter, theirs, times)
    if isinstance(node, Repeat):
        count = max(node.least, 1 if holds or node.most != 1 else 0)
        count = max(count, times) if holds and node.most is None else count
        text = _sample(node.inner, special, letter, theirs, times) * min(count, 8)
        if len(text) > _LONGEST:
            raise Unknown
        return text
    return ""
