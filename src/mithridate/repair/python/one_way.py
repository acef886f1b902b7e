"""Parts of patterns that match a text in more than one way, written so that there is one (CWE-1333).

From one place, a pattern that matches in one way is refused in time that grows with the text, times the size of the pattern: it
is in one of so many places after each character, in each once. Three rewrites, after which the same texts are known:

- a part without groups that are kept becomes a part that knows the same texts, out of its deterministic automaton: `(?:x-?)*x+`
  is `x(?:-?x)*`. Which part of a text is taken may differ, as one may prefer a shorter alternative: that is tried out on texts.
- what repeats a kept group none of whose texts begins another one never has to give anything back of one: `(a|bc)+` with a group
  around is `(?:(?=(a|bc))\\1)+`, in which a lookahead, once passed, is not asked again.
- what leads up to a certain character, as little as can be, ends at the first one where what follows begins with as many as can
  be of any characters: what fits behind a later one fits behind the first. `(.+?)\\((.*)\\)` is `(.[^\\n(]*)\\((.*)\\)`.
"""

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

from mithridate.repair.python.compared_patterns import Unknown, apart, short_texts, through
from mithridate.repair.python.pattern_automaton import (
    Alphabet,
    TooLarge,
    ambiguous,
    minimal,
    positions,
    prefix_free,
    same,
    states,
)
from mithridate.repair.python.pattern_text import set_text, texts_of
from mithridate.repair.python.pattern_tree import Chars, Choice, Group, Node, Other, Repeat, Row, edge, groups, inside, parse

_LONGER = 3
_ROUNDS = 12
_NEIGHBOURS = 6
_NUMBER = re.compile(r"\\\d{1,2}$")
_LOOKS_BACK = re.compile(r"\\[1-9]|\(\?P=|\(\?\(")
_BACKSLASH = "\\\\"
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Rewrite:
    """[start, end) of a pattern, and what stands there instead."""

    start: int
    end: int
    text: str


def one_way(pattern: str, flags: int = 0, *, octets: bool = False, whole: bool = True) -> str | None:
    """The pattern with every part in one way that can be; None where nothing was changed, or it does not compile.

    Of a pattern that is put into another one (not `whole`), groups have other numbers there.
    """
    before = _compiled(pattern, flags, octets)
    if before is None or not _read(pattern, before):
        return None
    changed, flags = pattern, before.flags
    for _ in range(_ROUNDS):
        try:
            rewrite = next(_rewrites(changed, flags, octets, whole), None)
        except Unknown:
            return None  # one comparison that takes too long is enough
        if rewrite is None:
            break
        changed = changed[: rewrite.start] + rewrite.text + changed[rewrite.end :]
    after = _compiled(changed, flags, octets)
    return changed if changed != pattern and after is not None and after.groups == before.groups else None


def escaped(pattern: str, flags: int, *, octets: bool = False) -> str | None:
    """Where what repeats is an escape or any of some characters, and the backslash is one of these: without it among them.

    `(?:\\\\.|[^"])*` becomes `(?:\\\\.|[^"\\\\])*`. That is another language: no text ends in a backslash. Where escapes are not
    of all characters, the backslash stays before the others: `(?:\\\\"|[^"])*` becomes `(?:\\\\"|[^"\\\\]|\\\\(?!["]))*`.
    """
    return _other(pattern, flags, octets, _escapes)


def ended(pattern: str, flags: int, *, octets: bool = False) -> str | None:
    """Where any characters lead up to a certain one, as few as can be: without that one among them.

    `(.+?)-(.*)` becomes `([^\\n\\-]+?)-(.*)`. That is another language, where what follows fits behind a later one only.
    """
    return _other(pattern, flags, octets, _ends)


def _other(
    pattern: str, flags: int, octets: bool, smaller: Callable[[str, Node, Alphabet], Iterator[tuple[Node, int, int]]]
) -> str | None:
    """The pattern with some of its sets made smaller; None where there are none."""
    before = _compiled(pattern, flags, octets)
    tree = parse(pattern, verbose=bool(before.flags & re.VERBOSE)) if before is not None and _read(pattern, before) else None
    if before is None or tree is None:
        return None
    chars = [pattern[n.start : n.end] for n in inside(tree) if isinstance(n, Chars)]
    alphabet = Alphabet([*chars, _BACKSLASH, r"\n"], before.flags, octets)
    found = dict.fromkeys(one for node in inside(tree) for one in smaller(pattern, node, alphabet))
    changed = pattern
    for node, mask, behind in sorted(found, key=lambda one: one[0].start, reverse=True):
        text, before_these = _set_text(mask, alphabet, before.flags), set_text(behind, alphabet) if behind else ""
        if text is None or before_these is None:
            return None
        text += rf"|{_BACKSLASH}(?!{before_these})" if behind else ""
        changed = changed[: node.start] + text + changed[node.end :]
    return changed if changed != pattern and _compiled(changed, before.flags, octets) is not None else None


def _escapes(pattern: str, node: Node, alphabet: Alphabet) -> Iterator[tuple[Node, int, int]]:
    content = node.inner.inner if isinstance(node, Repeat) and node.most is None and isinstance(node.inner, Group) else None
    branches = content.branches if isinstance(content, Choice) else ()
    behind = 0
    for row in branches:
        if isinstance(row, Row) and len(row.items) == 2 and _written(pattern, row.items[0]) == _BACKSLASH:
            behind |= alphabet.mask(_written(pattern, row.items[1])) if isinstance(row.items[1], Chars) else 0
    backslash = alphabet.mask(_BACKSLASH)
    everything = not alphabet.all & ~behind & ~alphabet.mask(r"\n")
    for single in branches if behind else ():
        if isinstance(single, Chars) and (known := alphabet.mask(_written(pattern, single))) & backslash and known & ~backslash:
            yield single, known & ~backslash, 0 if everything else behind


def _ends(pattern: str, node: Node, alphabet: Alphabet) -> Iterator[tuple[Node, int, int]]:
    """The end must be a character alone: of a word that ends something, its first letter says nothing."""
    items = node.items if isinstance(node, Row) else ()
    for at, (before, end) in enumerate(pairwise(items)):
        if not _letter(pattern, end) or (at + 2 < len(items) and _letter(pattern, items[at + 2])):
            continue
        while isinstance(before, Group | Row):
            before = before.inner if isinstance(before, Group) else before.items[-1] if before.items else Other(0, 0)
        if isinstance(before, Repeat) and before.lazy and before.most is None and isinstance(before.inner, Chars):
            known, one = alphabet.mask(_written(pattern, before.inner)), alphabet.mask(_written(pattern, end))
            if known & one and known & ~one:
                yield before.inner, known & ~one, 0


def _first_ends(pattern: str, node: Node, alphabet: Alphabet, flags: int) -> Iterator[Rewrite]:
    """What leads up to a character as text without it, behind the fewest characters that there have to be."""
    items = node.items if isinstance(node, Row) else ()
    for at, end in enumerate(items[1:-1], start=1):
        lazy, free = _endless_set(edge(items[at - 1], -1)), _endless_set(edge(items[at + 1], 0))
        if lazy is None or not lazy.lazy or free is None or free.least or not _letter(pattern, end):
            continue
        any_of = _written(pattern, lazy.inner)
        known, one = alphabet.mask(any_of), alphabet.mask(_written(pattern, end))
        rest = _set_text(known & ~one, alphabet, flags)
        if known & one and rest is not None and not (known | one) & ~alphabet.mask(_written(pattern, free.inner)):
            fewest = f"{any_of}{{{lazy.least}}}" if lazy.least > 1 else any_of * lazy.least
            yield Rewrite(lazy.start, lazy.end, f"{fewest}{rest}*")


def _endless_set(node: Node) -> Repeat | None:
    """The node, where it repeats a character of a set without bound."""
    return node if isinstance(node, Repeat) and node.most is None and isinstance(node.inner, Chars) else None


def _set_text(mask: int, alphabet: Alphabet, flags: int) -> str | None:
    """How the characters of a mask are written; None where there are none, or where what is written is read otherwise."""
    text = set_text(mask, alphabet) if mask else None
    if text is None or Alphabet([*alphabet.masks(), text], flags, alphabet.octets).runs_of(text) != alphabet.runs(mask):
        return None
    return text


def _letter(pattern: str, node: Node) -> bool:
    """Whether it is one character and no set."""
    return isinstance(node, Chars) and not re.match(r"\[|\.|\\[dDwWsS]", _written(pattern, node))


def _written(pattern: str, node: Node) -> str:
    return pattern[node.start : node.end]


def _read(pattern: str, known: "re.Pattern[str] | re.Pattern[bytes]") -> bool:
    """Whether the tree of a pattern has the groups that the standard library sees."""
    if known.flags & re.LOCALE or len(pattern) > _LONGEST:
        return False
    return groups(pattern, verbose=bool(known.flags & re.VERBOSE)) == known.groups


def _compiled(pattern: str, flags: int, octets: bool) -> "re.Pattern[str] | re.Pattern[bytes] | None":
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return re.compile(pattern.encode("latin-1"), flags & ~re.UNICODE) if octets else re.compile(pattern, flags)
    except (re.error, RecursionError, OverflowError, ValueError, MemoryError):
        return None


def _rewrites(pattern: str, flags: int, octets: bool, whole: bool) -> Iterator[Rewrite]:
    """Of the smallest parts first."""
    tree = parse(pattern, verbose=bool(flags & re.VERBOSE))
    if tree is None:
        return
    alphabet = Alphabet([pattern[n.start : n.end] for n in inside(tree) if isinstance(n, Chars)], flags, octets)
    for node in inside(tree):
        for part in _parts(node):
            try:
                rewrite = _determined(pattern, part, alphabet, flags)
            except TooLarge:
                continue
            if rewrite is not None:
                yield rewrite
    looks_back = any(isinstance(n, Other) and _LOOKS_BACK.search(_written(pattern, n)) for n in inside(tree))
    for node in inside(tree) if whole and not looks_back else ():
        yield from _first_ends(pattern, node, alphabet, flags)
        if isinstance(node, Repeat) and isinstance(node.inner, Group) and node.inner.number and node.most is None:
            try:
                rewrite = _kept(pattern, node, node.inner, alphabet)
            except TooLarge:
                continue
            if rewrite is not None:
                yield rewrite


def _parts(node: Node) -> Iterator[Node]:
    """What may be written anew: the node, or neighbours in its row, few before many."""
    if isinstance(node, Row):
        cuts = combinations(range(len(node.items) + 1), 2)
        for start, end in sorted(cuts, key=lambda cut: cut[1] - cut[0]):
            if 1 < end - start <= _NEIGHBOURS:
                items = node.items[start:end]
                yield Row(items[0].start, items[-1].end, items)
    elif isinstance(node, Choice | Repeat):
        yield node


def _regular(node: Node) -> bool:
    """Without kept groups, and all that is not regular."""
    return not any(isinstance(n, Other) or (isinstance(n, Group) and n.number) for n in inside(node))


def _endless(node: Node) -> bool:
    return any(isinstance(n, Repeat) and n.most is None for n in inside(node))


def _determined(pattern: str, node: Node, alphabet: Alphabet, flags: int) -> Rewrite | None:
    """The node out of its deterministic automaton, where it matches a text of any length in several ways."""
    if not _endless(node) or not _regular(node):
        return None
    made = positions(pattern, node, alphabet)
    if not ambiguous(made):
        return None
    old, longest = pattern[node.start : node.end], _LONGER * (node.end - node.start) + 10
    for text in texts_of(minimal(states(made, alphabet)), alphabet):
        if len(text) <= longest and _compiled(text, flags, alphabet.octets) and _same(old, text, flags, alphabet):
            joins = _NUMBER.search(pattern[: node.start]) or _NUMBER.search(text)
            return Rewrite(node.start, node.end, f"(?:{text})" if joins else text)
    return None


def _same(one: str, two: str, flags: int, before: Alphabet) -> bool:
    """Whether two patterns know the same texts, and take as much of short ones and of those that lead through all states.

    Raises Unknown.
    """
    verbose = bool(flags & re.VERBOSE)
    trees = [(text, tree) for text in (one, two) if (tree := parse(text, verbose=verbose)) is not None]
    sets = [text[n.start : n.end] for text, tree in trees for n in inside(tree) if isinstance(n, Chars)]
    alphabet = Alphabet(sets, flags, before.octets)
    known = [minimal(states(positions(text, tree, alphabet), alphabet)) for text, tree in trees]
    if len(known) < 2 or not same(*known):
        return False
    letters = alphabet.letters()
    texts = [*short_texts(letters), *through(known[0], letters)]
    return apart((one, two), texts, flags, octets=before.octets) is None


def _kept(pattern: str, node: Repeat, group: Group, alphabet: Alphabet) -> Rewrite | None:
    """The repetition of a kept group as one that gives nothing back."""
    if group.number > 99 or any(isinstance(n, Other) for n in inside(group)):
        return None
    if not ambiguous(positions(pattern, node, alphabet)) or not prefix_free(
        states(positions(pattern, group, alphabet), alphabet)
    ):
        return None
    kept = pattern[group.start : group.end]
    return Rewrite(node.start, node.end, f"(?:(?={kept})\\{group.number}){pattern[group.end : node.end]}")
