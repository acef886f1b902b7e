"""From a witness to attacks: data that leaves its literal and keeps the sink's text well-formed.

All of them are harmless: they change the structure and ask for nothing. The likeliest in the witness's context come first.
"""

from collections.abc import Iterator

from mithridate.hunt.engines.requests.breakouts_html import html
from mithridate.hunt.engines.requests.breakouts_places import command, member, module, path, redirect, request
from mithridate.hunt.engines.requests.state import Context, Witness
from mithridate.hunt.engines.requests.twin import Twin, twins
from mithridate.model.observation import Sink

FIRST_WAVE = 4
"""How many attacks are sent before anything is known of how they fare."""


def attacks(witness: Witness) -> tuple[Twin, ...]:
    """What to try at that sink, in order; empty for sinks that only note facts."""
    context = witness.context
    match witness.sink:
        case Sink.SQL:
            found = twins(sql(context))
        case Sink.SHELL:
            found = twins(shell(context))
        case Sink.XPATH:
            found = twins(xpath(context))
        case Sink.LDAP:
            found = twins(_LDAP_DN if witness.dialect == "dn" else ldap(context))
        case Sink.CODE:
            found = twins(code(context))
        case Sink.TEMPLATE:
            found = twins(template(witness.dialect))
        case Sink.REGEX:
            found = twins(("a|b", ".*", "(a)", "[a-z]+", "a{1,2}", ")|(", "]|["))
        case Sink.LOG:
            found = twins(("a\nb", "a\r\nb", "a\rb"))
        case Sink.HEADER:
            found = twins(("a\r\nX-Amber: b", "a\nX-Amber: b", "a\rX-Amber: b", "a\r\n\r\nb"))
        case Sink.XML:
            found = twins(xml(context))
        case Sink.HTML:
            found = html(context)
        case Sink.PATH:
            found = path(context, witness.detail)
        case Sink.COMMAND:
            found = command(context)
        case Sink.REDIRECT:
            found = redirect(context)
        case Sink.REQUEST:
            found = request(context)
        case Sink.MODULE | Sink.TYPE | Sink.ENTITY:
            found = module(context)
        case Sink.MEMBER:
            found = member(context)
        case _:
            return ()
    return _distinct(found)


def sql(context: Context) -> Iterator[str]:
    """Out of a string, a number, a name, with and without parentheses around them."""
    quoted = {
        "'": ("a' or '1'='1", "a') or ('1'='1", "a%' or '1' like '1", "a')) or (('1'='1", "a' or 1=1 -- "),
        '"': ('a" or "1"="1', 'a") or ("1"="1', 'a" or 1=1 -- '),
        "`": ("a` = `a` or `a", "a`, `a"),
        "]": ("a], [b",),
    }
    bare = (" or 1=1 or ", ") or (1=1) or (", ", ", " desc, ", " union select 1 -- ", " -- ")
    quote = _open_quote(context.before, ("'", '"', "`"))
    if quote == "" and context.before.endswith("["):
        quote = "]"
    if quote:
        yield from quoted[quote]
        yield from (q[0] for name, q in quoted.items() if name != quote)
        yield bare[0]
    else:
        yield from bare
        yield from (quoted["'"][0], quoted["'"][1], quoted['"'][0])


def shell(context: Context) -> Iterator[str]:
    """Out of a word, a quoted string, a double-quoted one."""
    quote = _open_quote(context.before, ("'", '"'))
    quoted = {"'": ("a'; true 'b", "a' | true 'b"), '"': ("a$(true)b", 'a"; true "b', "a`true`b")}
    bare = ("a; true b", "a | true b", "a && true b", "a$(true)b", "a\ntrue b", "a`true`b", "a > b", "a b")
    if quote:
        yield from quoted[quote]
        yield bare[0]
    else:
        yield from bare
    yield from (text for name, texts in quoted.items() if name != quote for text in texts[:1])


def xpath(context: Context) -> Iterator[str]:
    """Out of a string literal or a step."""
    quote = _open_quote(context.before, ("'", '"'))
    quoted = {"'": ("a' or '1'='1", "a'] | //*['1'='1", "a') or ('1'='1"), '"': ('a" or "1"="1', 'a"] | //*["1"="1')}
    bare = (" or 1=1 or ", " | //* | ", "/..")
    if quote:
        yield from quoted[quote]
    else:
        yield from bare
    yield from (quoted["'"][0], quoted['"'][0], bare[0])


def ldap(context: Context) -> Iterator[str]:
    """Out of an assertion's value, leaving a filter behind."""
    if "(&" in context.before or "(|" in context.before:
        yield from ("a)(b=c", "a*b", "a)(|(b=c)(d=e", "a))(|(b=c")
    yield from ("a*b", "*", "a)(b=c", "a)(|(b=c)", "a*)(b=c", "(|(b=c)(d=e))")


_LDAP_DN = ("a,b=c", "a+b=c", "a;b=c")


def code(context: Context) -> Iterator[str]:
    """Out of a string literal, a name, a line."""
    quote = _open_quote(context.before, ("'", '"'))
    strings = {"'": ("a' + 'b", "a'\nb = 'c", "a') or ('b"), '"': ('a" + "b', 'a"\nb = "c', 'a") or ("b')}
    bare = ("+", " or 1 or ", "\n", ".a.", "(1)+", "; ", ",")
    if quote:
        yield from strings[quote]
        yield "{1+1}"
    else:
        yield from bare
    yield from (texts[0] for name, texts in strings.items() if name != quote)


def template(dialect: str) -> Iterator[str]:
    """An expression or a statement of the template language."""
    by_dialect = {
        "jinja2": ("{{ 1+1 }}", "{% if 1 %}a{% endif %}", " }}{{ 1+1 }}{{ "),
        "django": ("{{ a }}", "{% if 1 %}a{% endif %}"),
        "mako": ("${1+1}", "<% a = 1 %>", "\n% if 1:\na\n% endif\n"),
        "format": ("{0}", "{a}", "{0.a}", "%s", "%(a)s", "$a"),
    }
    if dialect in by_dialect:
        yield from by_dialect[dialect]
    else:
        yield from ("{{ 1+1 }}", "${1+1}", "{0}", "{% if 1 %}a{% endif %}", "<%= 1+1 %>", "#{1+1}")


def xml(context: Context) -> Iterator[str]:
    """Out of text or an attribute."""
    opened = context.before.rpartition("<")[2]
    if "<" in context.before and ">" not in opened:
        yield from ('a" b="c', "a' b='c")
    yield from ("<i>a</i>", "a]]><i>a</i><![CDATA[b", "a--><i>a</i><!--b", 'a" b="c', "a' b='c")


def _open_quote(before: str, quotes: tuple[str, ...]) -> str:
    """The quote that is open at the end of `before`, or "". Doubled and backslashed quotes inside a string do not close it."""
    opened, skip = "", False
    for letter in before:
        if skip:
            skip = False
        elif letter == "\\":
            skip = True
        elif opened:
            opened = "" if letter == opened else opened
        elif letter in quotes:
            opened = letter
    return opened


def _distinct(found: Iterator[Twin]) -> tuple[Twin, ...]:
    kept: list[Twin] = []
    for one in found:
        if one not in kept:
            kept.append(one)
    return tuple(kept)
