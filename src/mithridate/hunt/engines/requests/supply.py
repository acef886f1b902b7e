"""From what a handler asked for to requests that answer it, each input with a mark of its own."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mithridate.hunt.engines.requests.document import (
    CLOSING,
    HARMLESS,
    MAX_INPUTS,
    OPENING,
    Input,
    Request,
    Value,
    is_marked,
    made,
    marked,
    text_of,
)
from mithridate.hunt.engines.requests.examples import exemplary
from mithridate.hunt.engines.requests.state import Unit
from mithridate.hunt.engines.requests.views import Parameter

LISTED = "*"
MAX_REQUESTS = 32
"""How many requests one unit gets in one round."""

_NAMES = 12
_NAMED_BY_MARK = 8
_SPARE = 12
_SUPPLIED = ("query", "form", "cookies", "headers", "files")
_WHOLE = ("body", "raw_query")
_LEFT_ALONE = frozenset(
    ["content-length", "content-type", "cookie", "connection", "transfer-encoding", "host", "accept-encoding", "expect"]
)
_NAME = re.compile(r"[A-Za-z_][\w.\-\[\]]{0,63}", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9\-]{0,63}", re.ASCII)
_MARKED = re.compile(f"{OPENING}[^{OPENING}{CLOSING}]*{CLOSING}")
_MAKERS = {
    "base64": "base64",
    "base64url": "base64url",
    "urlsafe_b64": "base64url",
    "hex": "hex",
    "unhex": "hex",
    "url": "url",
    "unquote": "url",
    "gzip": "gzip",
    "json": "json",
    "reversed": "reversed",
}
_FLAVOURS: tuple[Value, ...] = (
    "1",
    f"{marked()}@example.org",
    f"http://localhost/{marked()}",
    "2020-01-02",
    "00000000-0000-4000-8000-000000000001",
    "true",
)
_ADDRESS = f"http://localhost/{marked()}"
_ADDRESSES = re.compile(
    r"ur[li]|link|href|location|redirect|callback|webhook|website|avatar|image|feed|next|return|target|endpoint", re.I
)
"""Names of inputs that may be addresses."""
_TYPED = ("form", "json")
_REPEATING = re.compile(
    r"confirm(?:ation|ed)?|repeat(?:ed)?|again|re_?(?:type|enter)d?|verif(?:y|ication)|(?<=[a-z])[12]$|[_.\-]"
)
"""What the name of an input has more than that of the one that it repeats."""
_OF_KIND: dict[str, Value] = {
    "int": "1",
    "integer": "1",
    "float": "1.5",
    "number": "1.5",
    "bool": "true",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "date": "2020-01-02",
    "email": f"{marked()}@example.org",
    "url": f"http://localhost/{marked()}",
}


def knock(unit: Unit) -> Request:
    """The request that gives no more than the path needs."""
    return Request(method=unit.method, path=unit.route.path, inputs=tuple(_path(unit)))


def requests(unit: Unit) -> tuple[Request, ...]:
    """The requests that supply what was asked for, the most telling first. The same knowledge gives the same ones."""
    found: list[Request] = []
    bases = list(_bases(unit))
    for base in bases:
        found += [base, *_alike(base), _decoded(unit, base), _addressed(base), *(one for _, one in named_by_mark(base))]
        found += _unsettled(unit, base)
    if unit.failing:
        found += _with_one_spare(unit)
        found += [_all(base, flavour) for base in bases for flavour in _FLAVOURS]
    found[1:1] = _exemplary(unit)
    return tuple(_unique(found))[:MAX_REQUESTS]


def constants(unit: Unit) -> tuple[Request, ...]:
    """Requests in which all inputs have a value that input was compared with: what that opens is looked at more closely then."""
    found = [_all(base, constant) for base in _bases(unit) for constant in _compared(unit)]
    return tuple(_unique(found))[:MAX_REQUESTS]


def single_constants(unit: Unit) -> tuple[Request, ...]:
    """Requests in which one input at a time has a value that input was compared with."""
    found = [request for base in _bases(unit) for request in _singly(base, _compared(unit))]
    return tuple(_unique(found))[:MAX_REQUESTS]


def _compared(unit: Unit) -> list[str]:
    """The first constants that may be values; names of inputs are none."""
    called = {asked.name.lower() for asked in unit.asked}
    return [constant for constant in unit.compared if constant.lower() not in called][:8]


def put(value: Value, leaf: Value) -> Value:
    """`value` with each of its marked texts replaced by `leaf`: what encodes and surrounds them stays."""
    if isinstance(value, str):
        return _put_in_text(value, leaf)
    of = value.get("of")
    if isinstance(of, list):
        return {**value, "of": [put(item, leaf) for item in of]}
    if of is not None:
        return {**value, "of": put(of, leaf)}
    return leaf if is_marked(value) else value


def settle(unit: Unit, request: Request) -> None:
    """That request went further than any before: the constants in it stay, and other inputs are varied around them."""
    for one in request.inputs:
        if not is_marked(one.name) and not is_marked(one.value) and one.where not in ("files", "raw_query"):
            unit.settled[f"{one.slot[0]}:{one.slot[1]}"] = one.value


def names(unit: Unit) -> tuple[str, ...]:
    """What the handler may call its inputs, when all were listed: the path's last part, and its constants that can be names."""
    last = [part for part in unit.route.path.split("/") if part and not part.startswith(("<", "{"))][-1:]
    offered = [*last, *(one.name for one in unit.asked), *unit.compared, *unit.route.constants]
    return tuple(dict.fromkeys(name for name in offered if _NAME.fullmatch(name)))[:_NAMES]


def named_by_mark(base: Request) -> Iterator[tuple[str, Request]]:
    """Where a handler looks at all inputs there are and takes the first: those with marked names, without the others."""
    for where in dict.fromkeys(one.where for one in base.inputs if is_marked(one.name)):
        yield where, replace(base, inputs=tuple(one for one in base.inputs if one.where != where or is_marked(one.name)))


def wrapped(decoders: Sequence[str], keys: Sequence[str] = ()) -> Value:
    """A marked value that those decoders, applied in that order, give back. `keys` are members that a JSON object should have."""
    value: Value = marked()
    for decoder in reversed(decoders):
        maker = _MAKERS.get(decoder)
        if maker == "json" and keys:
            value = {"make": "join", "of": ["{", *_members(keys, value), "}"]}
        elif maker:
            value = made(maker, value)
    return value


def _put_in_text(text: str, leaf: Value) -> Value:
    pieces = _MARKED.split(text)
    if len(pieces) == 1:
        return text
    if isinstance(leaf, str):
        return leaf.join(pieces)
    if pieces == ["", ""]:
        return leaf
    joined: list[Value] = [pieces[0]]
    for piece in pieces[1:]:
        joined += [leaf, piece]
    return {"make": "join", "of": [piece for piece in joined if piece != ""]}


def _members(keys: Sequence[str], value: Value) -> Iterator[Value]:
    for i, key in enumerate(keys):
        yield from (", " if i else "", f'"{key}": ', made("json", value))


def _bases(unit: Unit) -> Iterator[Request]:
    """One request for each kind of body that was asked for, and one without what may be left out; each with all other inputs."""
    spare = {(a.where, a.name) for a in unit.asked if a.kind.endswith("?")}
    common = [*_path(unit), *(i for i in _inputs(unit) if i.where not in ("form", "files", "json", "body"))]
    by_body = [i for i in _inputs(unit) if i.where in ("form", "files", "json", "body")]
    bodies = (("form", "files"), ("json",), ("body",))
    chosen = [[i for i in by_body if i.where in body] for body in bodies]
    raw = [i for i in common if i.where == "raw_query"]
    plain = [i for i in common if i.where != "raw_query"]
    whole = plain
    if unit.prelude:  # who has been let in is known by what the answers gave
        plain = [i for i in plain if not _tells_who(i)]
    for body in [inputs for inputs in chosen if inputs] or [[]]:
        yield _request(unit, [*plain, *body])
        needed = [i for i in (*plain, *body) if (i.where, i.name) not in spare]
        if len(needed) < len(plain) + len(body):
            yield _request(unit, needed)
        if any(i.where == "json" for i in body) and any(a.where == "json" and a.name == LISTED for a in unit.asked):
            yield _request(unit, [*plain, Input(where="json", name="", value=marked())])
        if raw:
            yield _request(unit, [*(i for i in plain if i.where != "query"), *raw, *body])
        if len(whole) > len(plain):
            yield _request(unit, [*whole, *body])


def _tells_who(one: Input) -> bool:
    return one.where == "cookies" or (one.where == "headers" and text_of(one.name).lower() == "authorization")


def _with_one_spare(unit: Unit) -> Iterator[Request]:
    """What is needed and one of what may be left out: one of two may be, or some exclude each other."""
    spare = [(a.where, a.name) for a in unit.asked if a.kind.endswith("?")]
    inputs = [*_path(unit), *_inputs(unit)]
    needed = [i for i in inputs if i.slot not in spare and i.where not in _WHOLE]
    if unit.prelude:
        needed = [i for i in needed if not _tells_who(i)]
    if any(i.where in ("form", "files", "json") for i in needed):
        for one in [i for i in inputs if i.slot in spare][:_SPARE]:
            request = _request(unit, [*needed, one])
            yield next(_alike(request), request)


def _exemplary(unit: Unit) -> list[Request]:
    if unit.method == "GET" or not any(asked.where == "json" for asked in unit.asked):
        return []
    bodies = [inputs for text in unit.route.examples for inputs in exemplary(text)]
    return [
        Request(method=unit.method, path=unit.route.path, inputs=(*_path(unit), *inputs)[:MAX_INPUTS], fill=bool(unit.prelude))
        for inputs in bodies
    ]


def _request(unit: Unit, inputs: Sequence[Input]) -> Request:
    given = [replace(i, value=unit.settled.get(f"{i.slot[0]}:{i.slot[1]}", i.value)) for i in inputs]
    return Request(method=unit.method, path=unit.route.path, inputs=tuple(given[:MAX_INPUTS]), fill=bool(unit.prelude))


def _inputs(unit: Unit) -> list[Input]:
    found: dict[tuple[str, str], Input] = {}
    body = "form" if unit.method != "GET" else "query"
    for name in unit.fields:
        found[body, name] = _input(body, name)
    for asked in unit.asked:
        if asked.name == LISTED or (asked.where == "headers" and asked.name.lower() in _LEFT_ALONE):
            continue
        if asked.where in _SUPPLIED or asked.where == "json":
            found[asked.where, asked.name] = _input(asked.where, asked.name, asked.kind)
    for where in dict.fromkeys(a.where for a in unit.asked if a.name == LISTED or a.where in _WHOLE):
        for one in _listed(unit, where):
            found.setdefault((one.where, f"{one.name}={one.value}" if is_marked(one.name) else str(one.name)), one)
    return list(found.values())


def _input(where: str, name: str, kind: str = "") -> Input:
    needed = kind.removesuffix("?")
    value: Value = needed[1:] if needed[:1] == "=" else _OF_KIND.get(needed, marked())
    return Input(where=where, name=name, value=value, filename=f"{marked()}.txt" if where == "files" else "")


def _known(unit: Unit, where: str, name: str) -> Value | None:
    decoders = list(unit.decoded.get(f"{where}:{name}", ()))
    while decoders[:1] == ["url"]:  # the framework's own, or one that leaves plain text as it is
        del decoders[0]
    return wrapped(decoders, names(unit)[:8]) if any(decoder in _MAKERS for decoder in decoders) else None


def _listed(unit: Unit, where: str) -> Iterator[Input]:
    """Inputs for a handler that looks at all there are: by likely names, and by a marked name with a likely value."""
    known = names(unit)
    if where in _WHOLE:
        yield Input(where=where, name="", value=_pairs(known))
        return
    if where == "json":
        yield from (Input(where="json", name=name, value=marked()) for name in known[:8])
        return
    if where not in _SUPPLIED:
        return
    shape = _TOKEN if where == "headers" else _NAME
    usable = [name for name in known if shape.fullmatch(name) and name.lower() not in _LEFT_ALONE] or [HARMLESS]
    yield from (_input(where, name) for name in usable)
    if where != "files":
        yield from (Input(where=where, name=marked(), value=name) for name in usable[:_NAMED_BY_MARK])


def _pairs(known: Sequence[str]) -> Value:
    """An urlencoded sequence of name=value."""
    pieces: list[Value] = []
    for name in known[:8] or [HARMLESS]:
        pieces += [("&" if pieces else "") + f"{name}=", made("url", marked())]
    return {"make": "join", "of": pieces}


def _path(unit: Unit) -> Iterator[Input]:
    for parameter in unit.route.parameters:
        yield Input(where="path", name=parameter.name, value=_path_value(unit, parameter))


def _path_value(unit: Unit, parameter: Parameter) -> Value:
    if settled := unit.settled.get(f"path:{parameter.name}"):
        return settled
    if (kind := parameter.kind.lower()) in _OF_KIND and (examples := unit.examples.get(parameter.name)):
        return examples[0]
    if choice := re.match(r"any\(\s*['\"]?([^,)'\"]+)", parameter.kind):
        return choice[1]
    return _OF_KIND.get(kind, marked())


def _all(base: Request, value: Value) -> Request:
    given = tuple(i if i.where in ("path", "files") or is_marked(i.name) else replace(i, value=value) for i in base.inputs)
    return replace(base, inputs=given)


def _decoded(unit: Unit, base: Request) -> Request:
    """Every input that a decoder was applied to, encoded for it."""
    given = tuple(one if is_marked(one.name) else replace(one, value=_known(unit, *one.slot) or one.value) for one in base.inputs)
    return replace(base, inputs=given)


def _addressed(base: Request) -> Request:
    """Every input that may be an address by its name, as one."""
    given = tuple(
        replace(one, value=_ADDRESS)
        if one.where not in ("path", "files") and isinstance(one.name, str) and _ADDRESSES.search(one.name)
        else one
        for one in base.inputs
    )
    return replace(base, inputs=given)


def _alike(base: Request) -> Iterator[Request]:
    """One text without marks in inputs of which one repeats the other, as the confirmation of a password does."""
    stems = {p: _REPEATING.sub("", text_of(i.name).lower()) or "password" for p, i in enumerate(base.inputs) if i.where in _TYPED}
    pairs = {p for p, stem in stems.items() if any(other == stem for q, other in stems.items() if q != p)}
    if pairs:
        given = (replace(i, value=HARMLESS) if p in pairs else i for p, i in enumerate(base.inputs))
        yield replace(base, inputs=tuple(given))


def _unsettled(unit: Unit, base: Request) -> list[Request]:
    """Each input whose value was settled, marked again while the others keep theirs."""
    positions = [p for p, i in enumerate(base.inputs) if f"{i.slot[0]}:{i.slot[1]}" in unit.settled and i.where != "path"]
    return [base.with_input(p, replace(base.inputs[p], value=marked())) for p in positions[:12]]


def _singly(base: Request, constants: Sequence[str]) -> list[Request]:
    """Each constant in each input, one at a time: a constant may be what one of them is compared with."""
    positions = [p for p, i in enumerate(base.inputs) if i.where not in ("path", "files") and not is_marked(i.name)][:8]
    found = [base.with_input(p, replace(base.inputs[p], value=c)) for c in constants for p in positions]
    return found if len(found) <= 16 else found[:16]


def _unique(found: Sequence[Request]) -> list[Request]:
    known: list[Request] = []
    for one in found:
        if one not in known:
            known.append(one)
    return known
