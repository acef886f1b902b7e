"""The values of an input document (docs/input-document.md, "V" and "J") as a person or a program would write them.

Marks appear as plain letters (`worded`), so that what is shown can be typed and sent.
"""

import base64
import gzip
import io
import json
import tarfile
import zipfile
from urllib.parse import quote

from mithridate.model.document import Json, worded

LARGEST = 256 << 10
"""Characters or bytes that one value may come to; what is larger is not shown (the bundle has it)."""


class TooLarge(ValueError):
    """A value that is too large to be shown."""


def made(value: Json) -> str | bytes:
    """The text or the bytes that a V stands for. Raises TooLarge; ValueError for what is no V."""
    result = _made(value)
    if len(result) > LARGEST:
        raise TooLarge(f"{len(result)} characters")
    return result


def text(value: Json) -> str:
    """The same as text; bytes as Latin-1."""
    result = made(value)
    return result if isinstance(result, str) else result.decode("latin-1")


def data(value: Json) -> bytes:
    """The same as bytes; text as UTF-8."""
    result = made(value)
    return result if isinstance(result, bytes) else result.encode("utf-8", "surrogatepass")


def plain_json(value: Json) -> Json:
    """The JSON that a J stands for where it is sent as JSON."""
    if isinstance(value, dict):
        if "make" in value:
            return text(value)
        return {worded(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_json(item) for item in value]
    return worded(value) if isinstance(value, str) else value


def expression(value: Json) -> str:
    """The Python expression that a J stands for as an argument of a call."""
    if isinstance(value, dict) and "make" in value:
        return _made_expression(value)
    if isinstance(value, dict) and "python" in value:
        return _typed(str(value["python"]), value.get("of"))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{worded(k)!r}: {expression(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(expression, value)) + "]"
    return repr(worded(value) if isinstance(value, str) else value)


def _made_expression(value: dict[str, Json]) -> str:
    if value["make"] == "repeat":
        return f"{expression(value.get('of', ''))} * {_times(value)}"
    parts = value.get("of")
    if value["make"] == "join" and isinstance(parts, list) and parts and any(isinstance(p, dict) for p in parts):
        return "(" + " + ".join(map(expression, parts)) + ")"
    return repr(made(value))


def _typed(kind: str, of: Json) -> str:
    if kind in ("bytes", "file"):
        content = f"{data(of)!r}" if isinstance(of, str | dict) else f"bytes({expression(of)})"
        return content if kind == "bytes" else f"io.BytesIO({content})"
    inner = expression(of)
    match kind:
        case "none":
            return "None"
        case "tuple" | "set" | "float" | "int" | "bool":
            return f"{kind}({inner})"
        case "path":
            return f"pathlib.Path({inner})"
        case "textfile":
            return f"io.StringIO({inner})"
        case "callable":
            return f"(lambda *given, **named: {inner})"
    return inner


def _made(value: Json) -> str | bytes:
    if isinstance(value, str):
        return worded(value)
    if not isinstance(value, dict) or not isinstance(value.get("make"), str):
        raise ValueError("neither text nor something made of text")
    of = value.get("of", "")
    match value["make"]:
        case "base64":
            return base64.b64encode(data(of)).decode()
        case "base64url":
            return base64.urlsafe_b64encode(data(of)).decode()
        case "base64title":
            return _titled(data(of))
        case "escaped":
            return "".join(f"\\u{ord(sign):04x}" for sign in text(of))
        case "hex":
            return data(of).hex()
        case "url":
            return quote(data(of), safe="")
        case "gzip":
            return gzip.compress(data(of), mtime=0)
        case "json":
            return json.dumps(plain_json(of))
        case "reversed":
            return made(of)[::-1]
        case "join" if isinstance(of, list):
            parts = [made(part) for part in of]
            return b"".join(map(data, of)) if any(isinstance(p, bytes) for p in parts) else "".join(map(text, of))
        case "repeat":
            unit = made(of)
            if len(unit) * _times(value) > LARGEST:
                raise TooLarge(f"{len(unit)} characters, {_times(value)} times")
            return unit * _times(value)
        case "tar":
            return _tar(value.get("members"))
        case "zip":
            return _zip(value.get("members"))
        case "bytes":
            return text(value.get("latin1", "")).encode("latin-1", "replace")
    raise ValueError("made in an unknown way")


def _titled(of: bytes) -> str:
    """As the observer makes it: see docs/input-document.md."""
    spelled = ""
    for sign in base64.b64encode(of).decode():
        spelled += f"!{sign}" if sign.isupper() and spelled[-1:].isalpha() else sign
    return spelled


def _times(value: dict[str, Json]) -> int:
    times = value.get("times", 1)
    return max(0, times) if isinstance(times, int) else 1


def _tar(members: Json) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, content, link in _members(members):
            info = tarfile.TarInfo(name)
            if link:
                info.type, info.linkname = tarfile.SYMTYPE, link
            info.size = 0 if link else len(content)
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def _zip(members: Json) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, content, link in _members(members):
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if link else 0o100644) << 16
            archive.writestr(info, link or content)
    return sink.getvalue()


def _members(members: Json) -> list[tuple[str, bytes, str]]:
    given = members if isinstance(members, list) else []
    return [
        (text(m.get("name", "")), data(m.get("content", "")), text(m.get("link") or "")) for m in given if isinstance(m, dict)
    ]
