"""An attack in other clothes, for data that is changed on its way to the sink."""

from collections.abc import Callable
from urllib.parse import quote

from mithridate.hunt.engines.requests.document import CLOSING, OPENING, Value
from mithridate.hunt.engines.requests.twin import Twin

MOST = 6


def variants(twin: Twin, arrived: str) -> tuple[Twin, ...]:
    """Up to MOST other forms of an attack that did not escape. `arrived` is what then reached the sink, or ""."""
    plain = twin.attack
    if not isinstance(plain, str):
        return ()
    ways: list[Callable[[str], str]] = [_encoded, _twice, _nested, _mixed, _wide, _newline]
    if ".." in plain and ".." not in arrived:  # taken out on the way: once, perhaps
        ways.insert(0, _nested)
    if "%" in arrived:  # it is not decoded here
        ways = [way for way in ways if way not in (_encoded, _twice)]
    found: list[Value] = []
    for way in ways:
        changed = way(plain)
        if changed != plain and changed not in found:
            found.append(changed)
    return tuple(Twin(control=twin.control, attack=attack) for attack in found[:MOST])


def _percent(text: str) -> str:
    return (
        quote(text, safe=f"{OPENING}{CLOSING}")
        .replace(quote(OPENING), OPENING)
        .replace(quote(CLOSING), CLOSING)
        .replace("..", "%2e%2e")
    )


def _encoded(text: str) -> str:
    return _percent(text)


def _twice(text: str) -> str:
    return _percent(text).replace("%", "%25")


def _nested(text: str) -> str:
    """What is left when each forbidden word is taken out once."""
    return text.replace("../", "....//").replace("<script>", "<scr<script>ipt>").replace(" or ", " oorr ").replace("//", "////")


def _mixed(text: str) -> str:
    return "".join(letter.upper() if i % 2 else letter for i, letter in enumerate(text))


def _wide(text: str) -> str:
    """Full-width forms, which NFKC makes plain again."""
    return "".join(chr(ord(letter) + 0xFEE0) if letter in "'\"<>;|&$(){}./\\%" else letter for letter in text)


def _newline(text: str) -> str:
    return text.replace(" ", "\n") if " " in text else text.replace(OPENING, f"{OPENING}\n", 1)
