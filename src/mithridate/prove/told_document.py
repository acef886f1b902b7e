"""An input document in the words of a sentence: the request or call that carries the attack, and the inputs that carry it."""

from mithridate.model.document import Document, Json, Place, found, worded
from mithridate.prove import wording
from mithridate.prove.contrast_document import carriers

_INPUTS = {
    "query": "the query parameter",
    "form": "the form field",
    "headers": "the header",
    "cookies": "the cookie",
    "files": "the uploaded file",
}
_WHOLE = {
    "path": "the path",
    "body": "the body",
    "raw_query": "the query string",
    "json": "the JSON body",
    "stdin": "standard input",
}
_MOST = 4


def request(document: Document) -> str:
    """`POST /login`; `package.module:function`; "" for a command line, which has no name of its own.

    Of several steps the last that carries attacker data, with how many go before it in brackets.
    """
    places = carriers(document.attack)
    index = int(places[-1][0]) if places else len(document.attack) - 1
    if index < 0:
        return ""
    step = document.attack[index]
    made = ""
    if isinstance(step, dict) and isinstance(step.get("request"), dict):
        made = f"`{_text(step['request'], 'method') or 'GET'} {wording.short(_text(step['request'], 'path') or '/')}`"
    elif isinstance(step, dict) and isinstance(step.get("call"), dict):
        made = f"`{wording.short(_text(step['call'], 'target'))}`"
    return f"{made} (behind {wording.count(index, 'earlier step')})" if made and index else made


def carried(document: Document) -> tuple[str, ...]:
    """The inputs that carry a mark, each in words such as "the form field `name`"; at most a few."""
    told = list(dict.fromkeys(_name(document.attack, place) for place in carriers(document.attack)))
    rest = len(told) - _MOST
    return tuple(told if rest <= 0 else [*told[:_MOST], wording.count(rest, "more input")])


def _name(steps: list[Json], place: Place) -> str:
    section = str(place[2]) if len(place) > 2 else ""
    if section in _INPUTS and len(place) > 3:
        entry = found(steps, place[:4])
        name = entry.get("name") if isinstance(entry, dict) else entry[0] if isinstance(entry, list) and entry else ""
        return (
            f"{_INPUTS[section]} {_code(name)}" if section != "files" or place[1] == "request" else f"the file {_code(place[3])}"
        )
    if section in ("args", "kwargs", "construct"):
        key = next((k for k in reversed(place[3:4] if section != "construct" else place[4:5])), "")
        whose = "the constructor's argument" if section == "construct" else "the argument"
        return f"{whose} {_code(key + 1 if isinstance(key, int) else key)}"
    if section == "json" and len(place) > 3:
        return f"the JSON member {_code('.'.join(str(k) for k in place[3:]))}"
    return _WHOLE.get(section, "the input")


def _text(holder: Json, key: str) -> str:
    value = holder.get(key) if isinstance(holder, dict) else ""
    return worded(value).replace("`", "'") if isinstance(value, str) else ""


def _code(name: Json) -> str:
    shown = worded(name) if isinstance(name, str) else str(name) if isinstance(name, int) else "?"
    return f"`{wording.short(shown.replace('`', chr(39)))}`"
