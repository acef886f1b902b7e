"""Negative controls of an input document: close to the attack, and harmless.

harmless twin   the control sent as the attack: same steps, same inputs, an honest user's values
empty input     the same steps without the inputs that carry attacker data
near miss       the honest values, made as long as the attack with letters that mean nothing in any language
"""

from mithridate.model.document import CLOSING, MARK, Document, Json, Place, encode, found, marked, put, strings, without

TWIN = "harmless twin"
EMPTY = "empty input"
NEAR_MISS = "near miss"

_FILLER = "abcdefghijklmnopqrstuvwxyz"
_LISTS = frozenset({"query", "headers", "cookies", "form", "files"})


def contrasts(document: Document) -> dict[str, bytes]:
    """The controls by name, those that differ from the attack."""
    made: dict[str, Document] = {}
    if document.control:
        made[TWIN] = Document(control=document.control, attack=document.control)
    if marked(document.attack):
        made[EMPTY] = Document(control=[], attack=emptied(document.attack))
        made[NEAR_MISS] = Document(control=document.control, attack=near_miss(document))
    return {name: encode(other) for name, other in made.items() if other.attack != document.attack}


def carriers(steps: list[Json]) -> list[Place]:
    """The places of the inputs that carry a mark, in order: the entry of a list such as form, else the string itself."""
    return list(dict.fromkeys(_entry(place) for place, text in strings(steps) if MARK.search(text)))


def emptied(steps: list[Json]) -> list[Json]:
    """The steps without what carries a mark; a place that a call or a path needs stays, empty."""
    made: Json = steps
    for place in reversed(carriers(steps)):
        droppable = _inside_list(place) or place[-1] in ("raw_query", "body", "stdin") or "kwargs" in place[2:-1]
        made = without(made, place) if droppable else put(made, place, _hollow(found(made, place)))
    return made if isinstance(made, list) else steps


def near_miss(document: Document) -> list[Json]:
    """The attack with each of its values replaced by the control's, made as long as the attack's."""
    made: Json = document.attack
    for place, text in strings(document.attack):
        twin = _twin(document.control, place)
        if text == twin or (twin is None and not MARK.search(text)):
            continue
        made = put(made, place, _fitted(_body(text) if twin is None else twin, len(text)))
    return made if isinstance(made, list) else document.attack


def _twin(control: list[Json], place: Place) -> str | None:
    try:
        value = found(control, place)
    except LookupError:
        return None
    return value if isinstance(value, str) else None


def _body(attack: str) -> str:
    """Without a control: the marks alone, to be filled with letters."""
    ends = [m.group() for m in MARK.finditer(attack)]
    return "".join(ends)


def _fitted(text: str, length: int) -> str:
    """As long as that: filled up or cut inside the last mark, where attacker data belongs; at the end where there is none."""
    missing = length - len(text)
    ends = list(MARK.finditer(text))
    at = next((end.start() for end in reversed(ends) if end["end"] == CLOSING), len(text))
    if missing >= 0:
        return text[:at] + (_FILLER * (missing // len(_FILLER) + 1))[:missing] + text[at:]
    opened = max((end.end() for end in ends if end.end() <= at), default=0)
    return text[: max(opened + 1, at + missing)] + text[at:] if opened < at else text


def _entry(place: Place) -> Place:
    """The whole input that a string belongs to: (step, "request", "form", 2) for both its name and its value."""
    return place[:4] if len(place) > 4 and place[2] in _LISTS else place


def _inside_list(place: Place) -> bool:
    return len(place) == 4 and place[2] in _LISTS


def _hollow(value: Json) -> Json:
    """A string without its marks and what stands between the first and the last of them."""
    if not isinstance(value, str):
        return value
    ends = list(MARK.finditer(value))
    return value[: ends[0].start()] + value[ends[-1].end() :] if ends else value
