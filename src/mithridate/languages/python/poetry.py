"""Poetry's and Pipenv's way to write a requirement, as PEP 508 says it."""

import re
from collections.abc import Mapping

_ADDRESSES = ("git", "url", "path", "file", "hg", "svn", "ref")


def poetry_requirement(name: str, wanted: object) -> str | None:
    """One entry of a table of dependencies as a requirement; None when it names an address or a path instead of versions."""
    if isinstance(wanted, Mapping):
        if any(key in wanted for key in _ADDRESSES):
            return None
        version, extras, markers = wanted.get("version", "*"), wanted.get("extras"), wanted.get("markers")
    else:
        version, extras, markers = wanted, None, None
    listed = [e for e in extras if isinstance(e, str)] if isinstance(extras, list) else []
    specifier = poetry_specifier(version) if isinstance(version, str) else ""
    brackets = f"[{','.join(listed)}]" if listed else ""
    return f"{name}{brackets}{specifier}" + (f" ; {markers}" if isinstance(markers, str) else "")


def poetry_specifier(versions: str) -> str:
    """A version constraint as PEP 440 says it: "^1.2" is ">=1.2,<2", "~1.2" is ">=1.2,<1.3", "*" is "". Of several, the last."""
    last = re.split(r"\|\|?", versions)[-1]
    parts = [part.strip() for part in re.split(r",|(?<=[\w*])\s+(?=[<>=!~^])", last) if part.strip()]
    return ",".join(filter(None, map(_part, parts)))


def _part(part: str) -> str:
    if part in ("*", "latest", ""):
        return ""
    caret = re.fullmatch(r"(\^|~(?!=))\s*v?(\d+(?:\.\d+)*)(.*)", part)
    if caret:
        numbers = [int(n) for n in caret[2].split(".")[:6]]
        if caret[1] == "^":
            place = next((i for i, n in enumerate(numbers) if n), len(numbers) - 1)
        else:
            place = min(1, len(numbers) - 1)
        above = [*numbers[:place], numbers[place] + 1]
        return f">={caret[2]}{caret[3]},<{'.'.join(map(str, above))}"
    return part if part[0] in "<>=!~" else f"=={part}"
