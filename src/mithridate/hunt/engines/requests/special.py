"""Documents for inputs that are parsed: what a parser does on its own shows only with input in its language.

Each attack has a twin of the same shape, which the parser takes as plain data.
"""

from collections.abc import Callable, Iterator, Sequence

from mithridate.hunt.engines.requests.document import HARMLESS, Value, made, marked
from mithridate.hunt.engines.requests.twin import Twin

_MARK = marked(HARMLESS)
_ENCODED = ("base64", "", "base64url", "hex")
_SPARE = "!" * 8
PYTHON = "python source"
"""What the observer calls the decoder that reads a text as Python."""
_HINTS = {
    "pickle": ("pickle", "unpickl", "dill", "cpickle", "joblib", "shelve", "loads"),
    "yaml": ("yaml", "yml", "scanner", "constructor"),
    "jsonpickle": ("jsonpickle", "py/"),
    "xml": ("xml", "etree", "sax", "svg", "<?", "parseerror", "not well-formed"),
    "tar": ("tar", "archive", "extract"),
    "zip": ("zip", "archive", "extract"),
    "python": (PYTHON,),
}


def documents(language: str) -> tuple[Twin, ...]:
    """The twins for one language; see `languages`."""
    return tuple(_ALL[language]())


def names(language: str) -> tuple[Twin, ...]:
    """The twins for a language in the name of a header, which servers write in upper case and frameworks in title case."""
    return tuple(_NAMES[language]()) if language in _NAMES else ()


def hinted(hints: Sequence[str]) -> tuple[str, ...]:
    """The languages that these words speak of."""
    text = " ".join(hints).lower()
    return tuple(name for name, words in _HINTS.items() if any(word in text for word in words))


def languages(hints: Sequence[str], *, file: bool) -> tuple[str, ...]:
    """Which languages an input may be in, the likeliest first: by the constants, decoders and errors of its handler."""
    usual = ["xml", "yaml", "pickle", "jsonpickle"]
    others = ["tar", "zip", *usual] if file else usual
    return tuple(dict.fromkeys([*hinted(hints), *others]))


def _pickle() -> Iterator[Twin]:
    """Protocol 0 (pickletools): V is a text, c a global by its module and name."""
    plain, attack = f"V{_MARK}\n.", f"c{_MARK}\n{HARMLESS}\n."
    for maker in _ENCODED:
        yield _encoded(maker, plain, attack)
    for maker in ("base64", "base64url"):  # with something to spare, which decoders pass over, for a program that cuts its input
        whole = _encoded(maker, plain, attack)
        yield Twin(control={"make": "join", "of": [whole.control, _SPARE]}, attack={"make": "join", "of": [whole.attack, _SPARE]})


def _titled_pickle() -> Iterator[Twin]:
    """Base64 of protocol 0 that outlives title case: with the texts as escapes (U and four digits: no small letter stands behind
    a digit), and after two signs or in threes, so that Base64 begins anew with each. 0 drops what N or ) gave; \\x93 makes a
    global of two texts."""
    texts: list[Value] = ["N0V", made("escaped", _MARK), "\n)0N0V", made("escaped", HARMLESS)]
    ends: tuple[Value, ...] = ("\n0.", {"make": "bytes", "latin1": "\n\x93."})
    plain, attack = (made("base64title", {"make": "join", "of": [*texts, end]}) for end in ends)
    yield Twin(control={"make": "join", "of": [plain, _SPARE]}, attack={"make": "join", "of": [attack, _SPARE]})


def _yaml() -> Iterator[Twin]:
    control = f"a: {_MARK}"
    for tag in (
        f"!!python/name:{_MARK}.amber ''",
        f"!!python/object/apply:{_MARK}.amber []",
        f"!!python/object:{_MARK}.amber {{}}",
    ):
        yield Twin(control=control, attack=f"a: {tag}")
    tag = f"!!python/name:{_MARK}.amber"
    yield Twin(control=_MARK, attack=tag)  # without a space, which a program may cut at
    yield Twin(control=_MARK, attack=_escaped(tag))  # in letters of either case, without a slash or a colon
    yield Twin(control=f"- {_MARK}", attack=f"- !!python/object/apply:{_MARK}.amber []")
    yield _encoded("base64", control, f"a: !!python/name:{_MARK}.amber ''")


def _escaped(tag: str) -> str:
    """The tag with its own signs as percent escapes, which YAML takes back (YAML 1.1, 3.3.2 and 5.2): they have no case."""
    own, mark, name = tag.partition(_MARK)
    return "!!" + "".join(f"%{ord(sign):02X}" for sign in own.removeprefix("!!")) + mark + name


def _jsonpickle() -> Iterator[Twin]:
    control = f'{{"a": "{_MARK}"}}'
    for key in ("py/type", "py/object"):
        yield Twin(control=control, attack=f'{{"{key}": "{_MARK}.amber"}}')
    yield Twin(control=control, attack=f'{{"py/reduce": [{{"py/type": "{_MARK}.amber"}}, {{"py/tuple": []}}]}}')
    yield _encoded("base64", control, f'{{"py/type": "{_MARK}.amber"}}')


def _xml() -> Iterator[Twin]:
    head = '<?xml version="1.0"?>'
    control = f"{head}<a>{_MARK}</a>"
    place = f"file:///{_MARK}"
    general = f'{head}<!DOCTYPE a [<!ENTITY b SYSTEM "{place}">]><a>&b;</a>'
    yield Twin(control=control, attack=general)
    yield Twin(control=control, attack=f'{head}<!DOCTYPE a [<!ENTITY % b SYSTEM "{place}"> %b;]><a>c</a>')
    yield Twin(control=control, attack=f'{head}<!DOCTYPE a SYSTEM "{place}"><a>b</a>')
    yield Twin(control=control, attack=f'{head}<a xmlns:x="http://www.w3.org/2001/XInclude"><x:include href="{place}"/></a>')
    yield _encoded("base64", control, general)


def _python() -> Iterator[Twin]:
    """Statements that programs single out of source that they read: imports, and definitions, whose defaults, decorators and
    bases are evaluated with them. The marks are parts of names, so that it stays source."""
    plain, call = f"'{_MARK}'", marked(f"{HARMLESS}().{HARMLESS}")
    for attack in (
        f"def {HARMLESS}({HARMLESS}={call}): pass",
        f"import {_MARK}",
        f"class {HARMLESS}({call}): pass",
        f"{HARMLESS} = {call}",
    ):
        yield Twin(control=plain, attack=attack)


def _archive(maker: str) -> Iterator[Twin]:
    def archive(name: Value, link: Value | None = None) -> Value:
        member: dict[str, Value] = {"name": name, "content": "a"}
        return {"make": maker, "members": [member if link is None else {**member, "link": link}]}

    plain = archive(_MARK)
    for name in (f"../{_MARK}", f"/tmp/{_MARK}", f"a/../../{_MARK}"):
        yield Twin(control=plain, attack=archive(name))
    yield Twin(control=archive(_MARK, "a"), attack=archive(_MARK, "../../a"))
    for odd in ("//", f"/{_MARK}//a", f"{_MARK}//", ""):  # names that have no parts, or empty ones
        yield Twin(control=plain, attack=archive(odd))
    if maker == "tar":
        yield Twin(control=made("gzip", plain), attack=made("gzip", archive(f"../{_MARK}")))


def _encoded(maker: str, control: str, attack: str) -> Twin:
    if not maker:
        return Twin(control=control, attack=attack)
    return Twin(control=made(maker, control), attack=made(maker, attack))


_ALL: dict[str, Callable[[], Iterator[Twin]]] = {
    "pickle": _pickle,
    "yaml": _yaml,
    "jsonpickle": _jsonpickle,
    "xml": _xml,
    "tar": lambda: _archive("tar"),
    "zip": lambda: _archive("zip"),
    "python": _python,
}
_NAMES: dict[str, Callable[[], Iterator[Twin]]] = {"pickle": _titled_pickle}
