"""Attacks on HTML by the context in which the data stands (element, attribute, script, style, comment, raw text)."""

import re
from collections.abc import Iterator

from mithridate.hunt.engines.requests.document import marked
from mithridate.hunt.engines.requests.state import Context
from mithridate.hunt.engines.requests.twin import Twin, twins

_ELEMENT = "a<i>b</i>"
_RAW = re.compile(r"<(script|style|textarea|title|noscript|iframe|xmp)\b[^>]*>(?!.*</\1)", re.IGNORECASE | re.DOTALL)
_ATTRIBUTE = re.compile(r"<[a-zA-Z][^<>]*?([\w:-]+)\s*=\s*(\"[^\"]*|'[^']*|[^\s\"'<>]*)$")
_LINKS = frozenset({"href", "src", "action", "formaction", "data", "poster", "background"})


def html(context: Context) -> Iterator[Twin]:
    """The likeliest first. The lexical look at the text only orders them; the oracle's parser decides."""
    before = context.before
    element = [_ELEMENT, "a<img alt=b>c", "a<script>1</script>"]
    raw = list(_RAW.finditer(before))
    if before.rfind("<!--") > before.rfind("-->"):
        yield from twins(["a--><i>b</i><!--c", *element])
    elif raw and (name := raw[-1][1].lower()) == "script":
        yield from twins([f"a</{name}><i>b</i>", "a';1;'b", 'a";1;"b', "a${1}b", ";1;", "a*/1/*b", "a\n1\nb"])
    elif raw:
        yield from twins([f"a</{raw[-1][1].lower()}><i>b</i>", *element])
    elif attribute := _ATTRIBUTE.search(before):
        yield from _attribute(attribute[1].lower(), attribute[2])
        yield from twins(element)
    else:
        yield from twins(element)
        yield from twins(['a" b="c', "a' b='c", "a</script><i>b</i>", "a';1;'b", "a--><i>b</i><!--c"])


def _attribute(name: str, opened: str) -> Iterator[Twin]:
    if name in _LINKS and opened.lstrip("\"'") == "":
        yield Twin(control=marked("amber"), attack=f"javascript:1//{marked('amber')}")
    if name.startswith("on"):
        yield from twins(["a';1;'b", ";1;", "a&#39;;1;&#39;b"])
    quotes = {'"': ['a" b="c', 'a"><i>b</i><i c="d'], "'": ["a' b='c", "a'><i>b</i><i c='d"]}
    yield from twins(quotes.get(opened[:1], ["a b=c", "a><i>b</i>"]))
