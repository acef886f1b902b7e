"""Bodies that a handler's documentation shows, as inputs: in each request one of their texts goes on with the attacker's."""

import json
from collections.abc import Iterator

from mithridate.hunt.engines.requests.document import Input, marked

MOST = 10
_DEEPEST = 6


def exemplary(text: str) -> Iterator[tuple[Input, ...]]:
    """The inputs of a JSON object: as they stand, then with a mark behind one of the texts after the other.

    Nothing for what is no object. Of a list, the first item counts.
    """
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return
    leaves = dict(_leaves(told, "", 0)) if isinstance(told, dict) else {}
    plain = tuple(Input(where="json", name=name, value=value) for name, (value, _) in leaves.items())
    if plain:
        yield plain
    for position, (name, (value, is_text)) in list(enumerate(leaves.items()))[:MOST]:
        if is_text:
            between = "\n" if "\n" in value else ""
            changed = Input(where="json", name=name, value=f"{value}{between}{marked()}")
            yield (*plain[:position], changed, *plain[position + 1 :])


def _leaves(told: object, name: str, depth: int) -> Iterator[tuple[str, tuple[str, bool]]]:
    if depth > _DEEPEST:
        return
    if isinstance(told, dict):
        for key, value in told.items():
            if key and not set(key) & set(".[]"):
                yield from _leaves(value, f"{name}.{key}" if name else key, depth + 1)
    elif isinstance(told, list):
        yield from _leaves(told[0], f"{name}[]", depth + 1) if told else ()
    elif isinstance(told, str):
        yield name, (told, True)
    elif told is not None:
        yield name, (json.dumps(told), False)
