"""Arguments for a function:
from recorded calls, annotations, docstrings, defaults and the names of parameters, the plausible first.
"""

import copy
import itertools
import re
from collections.abc import Iterator, Sequence

from mithridate.hunt.engines.calls.door import Json, Parameter, Target
from mithridate.hunt.engines.calls.steps import HARMLESS, Call, call, leaves, marked, program, replaced

MOST_SHAPES = 16
_SWITCHES = 24
_RECORDED = 8
_OPTIONAL = 5
_WORDS = 10
_FILE_NAME = "input.txt"
_OPTION = re.compile(r"--?[A-Za-z][\w-]{0,30}")
_COMMAND = re.compile(r"[a-z][a-z-]{2,14}")

_ADDRESS = re.compile(r"(?i)(.*_)?(ur[lin]s?|link|href|spec|repo|repository|remote|requirement|source|location|address|endpoint)")
_ADDRESSES = tuple(
    f"{scheme}://amber.example/{marked(HARMLESS)}{rest}"
    for scheme, rest in (("https", ""), ("git+https", ".git@v1"), ("hg+https", "@v1"))
)
"""What a function that is given an address decides by: of a word it makes nothing, and reads nothing behind it."""

TEXT: Json = HARMLESS
BYTES: Json = {"python": "bytes", "of": HARMLESS}
FILE: Json = {"python": "file", "of": HARMLESS}
STORED: Json = {"python": "stored", "of": HARMLESS}
TEXT_FILE: Json = {"python": "textfile", "of": HARMLESS}
PATH: Json = {"python": "path", "of": HARMLESS}
FOLDER: Json = f"{HARMLESS}/{HARMLESS}"
"""A folder in another: of a bare name the folder above is nothing, which functions that make both cannot make."""
NAMED: tuple[Json, ...] = (TEXT, STORED, PATH)
"""What stands for the name of a file: a text, or the name of a file that holds the text."""
LIST: Json = [HARMLESS]
MAPPING: Json = {HARMLESS: HARMLESS}
NOTHING: Json = {"python": "none"}
FUNCTION: Json = {"python": "callable", "of": HARMLESS}

_TYPES: tuple[tuple[str, tuple[Json, ...]], ...] = (
    (r"binaryio|io\[bytes\]|bytesio|buffered|rawio|fileobj|file[- ]?like|file object|readable", (FILE,)),
    (r"textio|io\[str\]|stringio|io\[anystr\]|\bio\b", (TEXT_FILE, FILE)),
    (r"pathlib|pathlike|\bpath\b|strpath|purepath", (PATH, TEXT, STORED)),
    (r"\bbytes\b|bytearray|memoryview|\bbuffer\b", (BYTES,)),
    (r"list\[bytes|iterable\[bytes|sequence\[bytes", ([BYTES],)),
    (r"^(typing\.)?(list|sequence|iterable|iterator|collection|tuple|set|frozenset|mutablesequence)\b", (LIST, [])),
    (r"dict|mapping|headers", (MAPPING, {})),
    (r"\bstr\b|string|\btext\b|anystr|unicode|url|basestring", (TEXT,)),
    (r"\bbool\b|boolean", (False, True)),
    (r"\bint\b|integer|\bfloat\b|number", (1, 0)),
    (r"callable|function", (FUNCTION,)),
)
"""What an annotation or the type in a docstring says, the more particular first."""

_NAMES: tuple[tuple[str, tuple[Json, ...]], ...] = (
    (
        r"(in|out)?(file|f)(name|path)s?|paths?|.*(path|filename|file_name|fname)|(src|source|archive|zip|tar)_?(file|path)?",
        NAMED,
    ),
    (r"names?", (TEXT, PATH)),
    (r".*(dir|directory|folder)|dest(ination)?", (TEXT, FOLDER, PATH)),
    (r"encoding|charset|codec", ("utf-8",)),
    (r"errors", ("strict",)),
    (r"mode", ("r", TEXT)),
    (r"(is|has|use|allow|ignore|strict|verbose|debug|no)_?.*|.*(ed|able)$|flag|recursive|quiet|force", (False, TEXT)),
    (
        r"f|fp|fd|fh|file|fileobj|file_obj|stream|.*_(file|stream|fp)|handle|buf|buffer|reader|infile|input_stream",
        (FILE, TEXT_FILE, TEXT, STORED, BYTES),
    ),
    (r"data|content|contents|payload|body|raw|packet|blob|message|msg|chunk|bytes_?.*|b|doc|document", (TEXT, BYTES, FILE)),
    (
        r"n|num.*|count|size|length|len|idx|index|start|end|pos|position|offset|limit|depth|level|width|height|timeout|max.*|min.*|i|indent",
        (1, 0),
    ),
    (r"callback|func|function|fn|hook|handler|factory|predicate|key_func|default", (FUNCTION,)),
    (
        r"options|kwargs|config|settings|context|params|headers|attrs|attributes|env|environ|mapping|state|namespace",
        ({}, MAPPING, TEXT),
    ),
    (r"items|values|lines|args|argv|tokens|parts|elements|tags|.*_list|paths|files|names|urls|requirements", (LIST, TEXT)),
)
"""What a parameter's name suggests."""

_ANYTHING = (TEXT, BYTES, FILE, 1, LIST, MAPPING, NOTHING)
_TEXT_LIKE = re.compile(
    r"text|str|html|xml|data|content|body|source|src|code|url|uri|path|file|name|pattern|query|template|value|key|header|stream|markdown|s$",
    re.IGNORECASE,
)


def plausible(parameter: Parameter, doc: str) -> tuple[Json, ...]:
    """Values for a parameter, the likeliest first; never empty."""
    found: list[Json] = []
    for said in (parameter.annotation, _documented(parameter.name, doc)):
        lowered = said.lower()
        for pattern, values in _TYPES:
            if lowered and re.search(pattern, lowered):
                found += values
                if found[0] != PATH:
                    break
    found += _from_default(parameter.default)
    lowered = parameter.name.lower().strip("_")
    for pattern, values in _NAMES:
        if re.fullmatch(pattern, lowered):
            found += values
            break
    if not parameter.annotation or not found:
        found += _ANYTHING
    return tuple(_distinct(found))


def runs(target: Target, words: Sequence[str]) -> list[Call]:
    """Runs of a program: it is given a file, or standard input; behind each of its options and commands among `words` as well."""
    bare = [((_FILE_NAME,), "", {_FILE_NAME: HARMLESS}), ((), HARMLESS, {}), (("-",), HARMLESS, {})]
    made = [program(target.name, *one) for one in bare]
    options = [word for word in words if _OPTION.fullmatch(word)][:_WORDS]
    for word in [*options, *(word for word in words if _COMMAND.fullmatch(word))][: 2 * _WORDS]:
        made.append(program(target.name, (word, _FILE_NAME), HARMLESS, {_FILE_NAME: HARMLESS}))
    return made


def shapes(target: Target, switches: Sequence[str] = ()) -> list[Call]:
    """Calls of a target to try: recorded ones, then made up ones in order of plausibility, then the first of these with each
    option switched on that is off by default, and each of the `switches` that it takes by any name.
    """
    made: list[Call] = [_as_call(target, recorded) for recorded in target.calls[:_RECORDED]]
    constructs: list[Json] = [None]
    if target.construct is not None:
        recorded_ones = [c["construct"] for c in target.calls if isinstance(c.get("construct"), dict)]
        constructs = [*recorded_ones[:2], *(_bundle(*b) for b in _bundles(target.construct, target.doc, 3))] or [_bundle([], {})]
        constructs = _distinct(constructs)[:3]
    bundles = list(_bundles(target.parameters, target.doc, MOST_SHAPES))
    ranked = sorted(itertools.product(range(len(bundles)), range(len(constructs))), key=lambda at: (sum(at), at))
    for b, c in ranked:
        made.append(call(target.name, *bundles[b], construct=constructs[c]))
    usable = [one for one in _distinct(made) if leaves(one)] or _distinct(made)[:1]
    return [*usable[: MOST_SHAPES + _RECORDED], *_switched(target, made[len(target.calls[:_RECORDED])], switches)]


def addressed(target: Target, plain: Call) -> list[Call]:
    """A call with addresses in the place of a word that stands for one; in them the word is marked already."""
    named = [(("args", at), p.name) for at, p in enumerate(target.parameters[: len(plain["args"])])]
    named += [(("kwargs", name), name) for name in plain["kwargs"]]
    at = next((at for at, name in named if _ADDRESS.fullmatch(name) and plain[at[0]][at[1]] == TEXT), None)
    return [] if at is None else [replaced(plain, at, address) for address in _ADDRESSES]


def _switched(target: Target, plain: Call, switches: Sequence[str]) -> list[Call]:
    off = [p.name for p in target.parameters if p.default == "False" and p.kind != "positional_only"]
    names = [*off, *(switches if any(p.kind == "var_keyword" for p in target.parameters) else ())]
    free = [n for n in dict.fromkeys(names) if n not in plain["kwargs"]] if leaves(plain) else []
    return [{**plain, "kwargs": {**plain["kwargs"], name: True}} for name in free[:_SWITCHES]]


def _bundles(parameters: Sequence[Parameter], doc: str, most: int) -> Iterator[tuple[list[Json], dict[str, Json]]]:
    """(args, kwargs): the required parameters in the likeliest combinations, then each optional one that may take text."""
    required = [p for p in parameters if p.required]
    choices = [plausible(p, doc)[:5] for p in required]
    orders = itertools.product(*(range(len(c)) for c in choices)) if len(choices) <= 6 else iter([(0,) * len(choices)])
    ranked = sorted(itertools.islice(orders, 4000), key=lambda o: (sum(o), o))
    rest = next((p for p in parameters if p.kind in ("var_positional", "varargs")), None)
    combinations = [
        _filled(required, [c[i] for c, i in zip(choices, order, strict=True)]) for order in ranked[: max(2, most * 2 // 3)]
    ]
    optional = [p for p in parameters if not p.required and not p.variable]
    texts = [p for p in optional if _is_textual(p)][:_OPTIONAL]
    if not required and rest is None and texts:  # a call without any argument shows little
        for p in texts:
            values = plausible(p, doc)
            for value in (values[0], *([STORED] if STORED in values[1:] else [])):
                yield ([], {p.name: value}) if p.kind != "positional_only" else ([value], {})
    yield from combinations[:2]
    if rest is not None:
        args, kwargs = combinations[0]
        yield [*args, TEXT], kwargs
    for parameter in texts:
        if combinations and parameter.kind != "positional_only":
            args, kwargs = combinations[0]
            yield args, {**kwargs, parameter.name: plausible(parameter, doc)[0]}
    yield from combinations[2:]


def _filled(required: Sequence[Parameter], values: Sequence[Json]) -> tuple[list[Json], dict[str, Json]]:
    args = [v for p, v in zip(required, values, strict=True) if p.kind != "keyword_only"]
    kwargs = {p.name: v for p, v in zip(required, values, strict=True) if p.kind == "keyword_only"}
    return args, kwargs


def textual(target: Target) -> list[Parameter]:
    """Optional parameters that may take text and can be given by name."""
    return [p for p in target.parameters if not p.required and not p.variable and p.kind != "positional_only" and _is_textual(p)]


def _is_textual(parameter: Parameter) -> bool:
    default = parameter.default or ""
    if default in ("True", "False") or re.fullmatch(r"-?[\d.]+", default):
        return False
    if default == "None" and not parameter.annotation:
        return True
    return bool(_TEXT_LIKE.search(parameter.name)) or "str" in parameter.annotation or default[:1] in ("'", '"', "b")


def _from_default(default: str | None) -> list[Json]:
    if default is None or default in ("None", "…"):
        return []
    if default in ("True", "False"):
        return [default == "True"]
    if re.fullmatch(r"-?\d{1,9}", default):
        return [int(default), TEXT]
    if default[:2] in ("b'", 'b"'):
        return [BYTES]
    if default[:1] in ("'", '"'):
        return [TEXT]
    return {"(": [LIST], "[": [LIST], "{": [{}]}.get(default[:1], [])


def _documented(name: str, doc: str) -> str:
    """The type that a docstring gives a parameter, in the styles of Sphinx, Google and NumPy; "" when it gives none."""
    if not doc or not name:
        return ""
    quoted = re.escape(name)
    styles = (
        rf":type\s+{quoted}\s*:\s*([^\n]{{1,80}})",
        rf":param\s+([\w.\[\], ]{{1,40}}?)\s+{quoted}\s*:",
        rf"^\s*\*{{0,2}}{quoted}\s*\(([^)\n]{{1,80}})\)\s*:",
        rf"^\s*{quoted}\s*:\s*([^\n]{{1,80}})",
    )
    return next((m[1] for style in styles if (m := re.search(style, doc, re.MULTILINE))), "")


def _as_call(target: Target, recorded: Call) -> Call:
    args = recorded.get("args") if isinstance(recorded.get("args"), list) else []
    kwargs = recorded.get("kwargs") if isinstance(recorded.get("kwargs"), dict) else {}
    construct = recorded.get("construct")
    if target.construct is not None and not isinstance(construct, dict):
        first = next(_bundles(target.construct, target.doc, 1), ([], {}))
        construct = _bundle(*first)
    return copy.deepcopy(dict(call(target.name, args or [], kwargs, construct if target.construct is not None else None)))


def _bundle(args: Sequence[Json], kwargs: dict[str, Json]) -> Json:
    return {"args": list(args), "kwargs": dict(kwargs)}


def _distinct(values: Sequence[Json]) -> list[Json]:
    kept: list[Json] = []
    for value in values:
        if not any(value == one and type(value) is type(one) for one in kept):
            kept.append(value)
    return kept
