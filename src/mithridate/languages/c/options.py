"""Reads the options and positional arguments that a program's usage text describes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from mithridate.model.entry import INPUT, OUTPUT

Form = tuple[str, ...]
"""Arguments after argv[0], with INPUT and OUTPUT placeholders."""

_LONGEST_LINE = 300
_MOST_LINES = 2000
_NAMES = r"(?P<names>--?[A-Za-z0-9][\w-]*(?:(?:\s*[,/|]\s*|\s+or\s+)--?[A-Za-z0-9][\w-]*)*)"
_OPTION_LINE = re.compile(rf"^\s*{_NAMES}(?P<rest>.*)$")
_COLUMN = re.compile(r"(?<=\S)\s{2,}(?=-{1,2}[A-Za-z0-9][\w-]*\s{1,3}[A-Za-z(<])")
"""Where the second option of a line begins, in usage texts of several columns."""
_BRACKETED = re.compile(r"\[\s*(--?[A-Za-z0-9][^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]")
_NAME = re.compile(r"--?[A-Za-z0-9][\w-]*")
_USAGE_LINE = re.compile(r"^\s*(?:usage|synopsis|syntax)\b\s*(?:is\b)?\s*:?\s*(.*)$", re.IGNORECASE)
_NUMBER_WORD = re.compile(
    r"^(#|n|nn?|num\w*|int\w*|count|nr|size|width|height|offset|level|len(gth)?|depth|bits?|bytes?|rows?|cols?|columns|dpi|"
    r"res(olution)?|quality|factor|percent|seconds?|x|y|w|h|value|val|threads?|dirnum|index|page|pages|angle|ratio|float|\d+)$",
    re.IGNORECASE,
)
_FILE_VALUE = re.compile(r"file|input|script|archive|path|\.\w{1,5}$|(^|[^a-z])(image|doc)s?($|[^a-z])", re.IGNORECASE)
_COMMAND_WORD = re.compile(r"^(sub)?(command|cmd|action|mode|operation|verb)s?$", re.IGNORECASE)
_COMMAND_HEAD = re.compile(
    r"^\s*(?:available |the |valid |supported )*(?:sub-?)?(?:commands|actions|modes|operations)\b.*:?\s*$", re.IGNORECASE
)
_PEER_CONTEXT = re.compile(r"\b(interactive|daemon|listen|socket|server|port number|terminal)", re.IGNORECASE)
_OUT_WORD = re.compile(r"(^|[^a-z])(out|output|dst|dest|destination|target|save)", re.IGNORECASE)
_FILE_WORD = re.compile(
    r"(file|input|source|archive|script|image|(^|[^a-z])(in|src|img|document|doc|font|path|name|stream|data|text|program|zip|tar|url)s?($|[^a-z])"
    r"|\.\w{1,5}$|^-$)",
    re.IGNORECASE,
)
_OUT_CONTEXT = re.compile(r"\b(output|write|save|store|dump to|destination|result)", re.IGNORECASE)
_AVOID = re.compile(
    r"^-*(h|help\w*|\?|usage|V|version|daemon\w*|listen\w*|server|serve|interactive|background|detach|fork|foreground|watch|follow|"
    r"port|bind|connect|host|tty|gui|display|license|copyright|about|sleep|wait|delay)$"
)


class Take(Enum):
    """Whether an option is followed by a value: no, yes in the next word, or yes behind an equals sign."""

    NOTHING = "nothing"
    NEXT = "next"
    EQUALS = "equals"


@dataclass(frozen=True, slots=True)
class Option:
    """One option as its usage text names it. `values` are what to try for its argument, in order; empty for a switch."""

    flag: str
    take: Take = Take.NOTHING
    values: tuple[str, ...] = ()

    def spelled(self, value: str = "") -> Form:
        """The option as words of a command line."""
        if self.take is Take.NOTHING:
            return (self.flag,)
        return (f"{self.flag}={value}",) if self.take is Take.EQUALS else (self.flag, value)


def worth_trying(flag: str) -> bool:
    """False for options that print a text about the program, wait for a peer or a person, or never end."""
    return not _AVOID.match(flag)


def options(text: str) -> tuple[Option, ...]:
    """All options that a usage text lists, in its order, one entry for each flag; values of repeated lines are joined."""
    found: dict[str, Option] = {}
    short = _shortened(text)
    for option in (*_listed(short), *_bracketed(short)):
        if not worth_trying(option.flag):
            continue
        old = found.get(option.flag)
        if old is None or old.take is Take.NOTHING:
            found[option.flag] = option if old is None or option.values else old
        elif option.take is old.take:
            found[option.flag] = Option(option.flag, old.take, tuple(dict.fromkeys((*old.values, *option.values)))[:8])
    return tuple(found.values())


def with_getopt(known: Iterable[Option], optstring: str) -> tuple[Option, ...]:
    """`known`, corrected and completed by a getopt(3) option string, which is what the program really parses."""
    letters = re.findall(r"([A-Za-z0-9?])(:{0,2})", optstring)
    merged = {o.flag: o for o in known}
    for letter, colons in letters:
        flag = f"-{letter}"
        if not worth_trying(flag):
            continue
        old = merged.get(flag)
        if not colons:
            merged[flag] = Option(flag)
        elif old is None or old.take is not Take.NEXT:
            merged[flag] = Option(flag, Take.NEXT, ("1", INPUT))
    return tuple(merged.values())


def positionals(text: str, name: str) -> tuple[Form, ...]:
    """Base forms from the usage lines: what must stand behind the program's name, options in brackets left out."""
    forms: list[Form] = []
    short = _shortened(text)
    verbs = subcommands(short)
    for rest in _usage_rests(short, name):
        form = _positional_form(rest)
        if form is None:
            continue
        if _COMMAND_WORD.match(form[0]):
            forms.extend((verb, *form[1:]) for verb in verbs or (form[0],))
        else:
            forms.append(form)
    return tuple(dict.fromkeys(forms))


def subcommands(text: str) -> tuple[str, ...]:
    """The words of a "Commands:" list in a usage text, at most a dozen."""
    found: list[str] = []
    listing = False
    for line in text.splitlines():
        if _COMMAND_HEAD.match(line):
            listing = True
        elif listing and line.strip():
            entry = re.match(r"\s+([a-z][\w-]*)\b", line)
            if entry is None:
                listing = False
            elif worth_trying(entry[1]):
                found.append(entry[1])
    return tuple(dict.fromkeys(found))[:12]


def _shortened(text: str) -> str:
    """The text with its lines cut to a length that a person would read, so that no pattern below takes long on a hostile one."""
    return "\n".join(line[:_LONGEST_LINE] for line in text.splitlines()[:_MOST_LINES])


def _listed(text: str) -> Iterable[Option]:
    for line in text.splitlines():
        for column in _COLUMN.split(line) if _OPTION_LINE.match(line) else ():
            match = _OPTION_LINE.match(column)
            if match:
                yield from _option(match["names"], match["rest"])


def _bracketed(text: str) -> Iterable[Option]:
    for group in _BRACKETED.findall(text):
        for part in re.split(r"\s*\|\s*(?=-)", group):
            cluster = re.fullmatch(r"-([A-Za-z0-9]{2,})", part.strip())
            if cluster and (len(cluster[1]) > 3 or len(set(cluster[1].lower())) == len(cluster[1]) < 4):
                yield from (Option(f"-{letter}") for letter in dict.fromkeys(cluster[1]))
                continue
            match = _OPTION_LINE.match(part)
            if match:
                yield from _option(match["names"], match["rest"] + "  ")


def _option(names: str, rest: str) -> Iterable[Option]:
    flags = _NAME.findall(names)
    flag = next((f for f in flags if not f.startswith("--")), flags[0])
    word, take, description = _argument(rest)
    if not word:
        yield from _described(flag, description)
        return
    if _PEER_CONTEXT.search(description):
        return
    long = next((f for f in flags if f.startswith("--")), "")
    if take is Take.EQUALS and not flag.startswith("--"):
        flag = long or flag
    values = _values(word, f"{' '.join(flags)} {description}")
    yield Option(flag, take, values)


def _described(flag: str, description: str) -> Iterable[Option]:
    """An option whose argument is told only by its description, as in `-p: paper size, eg "A4"`."""
    if _PEER_CONTEXT.search(description):
        return
    quoted = tuple(re.findall(r"[\"']([\w.+:-]{1,16})[\"']", description)) if description.startswith(":") else ()
    if quoted:
        yield Option(flag, Take.NEXT, quoted[:6])
    elif description.startswith(":") and re.search(r"\b(output|write)\b.*\bfile", description, re.IGNORECASE):
        yield Option(flag, Take.NEXT, (OUTPUT,))
    else:
        yield Option(flag)


def _argument(rest: str) -> tuple[str, Take, str]:
    """Split what stands behind an option's name into its argument word (or nothing), how it is joined, and the description."""
    joined = re.match(r"\[?=\[?(\S+)(.*)$", rest)
    if joined:
        return joined[1].rstrip("],"), Take.EQUALS, joined[2]
    marked = re.match(
        r"\s{1,3}(<[^<>]+>|\[[^\[\]]+\]|\{[^{}]+\}|#|[A-Z][A-Z0-9_|:-]*|[\w#-]+(?:[|,][\w#-]+)+\S*)(?=[\s,\])]|$)(.*)$", rest
    )
    if marked and not (len(marked[1]) == 1 and marked[1] == "A"):
        return marked[1], Take.NEXT, marked[2]
    plain = re.match(r" (\S+)(?:\s{2,}|\t|\s*$|\s*:\s|:$|\s+or\s)(.*)$", rest)
    if plain and re.match(r"[\w.{<\[#]", plain[1]):
        return plain[1], Take.NEXT, plain[2]
    return "", Take.NOTHING, rest


def _values(word: str, context: str) -> tuple[str, ...]:
    """What to try for an argument that the usage text calls `word`."""
    optional_tail = re.sub(r"\[.*?\]$", "", word)
    bare = (optional_tail or word).strip("<>[]{}'\"")
    splitting = r"[|,/]" if word[0] in "{<[" and "|" not in bare else r"\|"
    choices = [c.replace("#", "1") for c in re.split(splitting, bare) if re.fullmatch(r"[\w.+:,#-]+", c)]
    if len(choices) > 1:
        return tuple(choices[:6])
    if _NUMBER_WORD.match(bare):
        return ("1", "0")
    if "," in bare:
        return (",".join("1" for _ in bare.split(":")[0].split(",")[:4]),)
    if _FILE_VALUE.search(bare) or _OUT_WORD.search(bare):
        return (OUTPUT,) if _OUT_WORD.search(bare) or _OUT_CONTEXT.search(context) else (INPUT,)
    marked = word[0] in "<[{" or word.isupper()
    if marked or not re.fullmatch(r"[\w.+:-]+", bare):
        return ("1", "a")
    return (bare,)


def _usage_rests(text: str, name: str) -> Iterable[str]:
    """The parts of usage lines behind the program's name, continuation lines of "or: name …" included."""
    called = re.compile(rf"^\s*(?:\S*/)?[\"'`]?(?:lt-)?{re.escape(name)}(?:\.exe)?[\"'`]?\s+(?P<rest>\S.*)$")
    in_usage = False
    for line in text.splitlines():
        head = _USAGE_LINE.match(line)
        in_usage = bool(head) or (in_usage and bool(line.strip()))
        if not in_usage:
            continue
        body = head[1] if head else re.sub(r"^\s*or:?\s+", " ", line, flags=re.IGNORECASE)
        match = called.match(body)
        if match:
            yield match["rest"]


def _positional_form(rest: str) -> Form | None:
    """The placeholders of one usage line, e.g. `[options] in.tif out.tif` to `("@@", "@out")`; None when it names no file."""
    rest = re.sub(r"(?<=\w)\[[^\[\]\s]*\]", "", rest)  # file[.zip]
    rest = re.sub(r"([A-Za-z]+)\w?\s*(?:\.\.\.+|…)\s*\1\w*", r"\1", rest)
    rest = re.sub(r"\s*(?:\.\.\.+|…)", "", rest)
    rest = re.split(r"\s+[-–:]\s+|\s{3,}\S", rest)[0]
    form: list[str] = []
    for token in _words(rest):
        optional = token.startswith("[")
        bare = token.strip("<>[]{}'\",()")
        if optional and (bare.startswith("-") or not _FILE_WORD.search(bare) or re.match(r"opt|flag|arg", bare, re.IGNORECASE)):
            continue
        if re.match(r"(opt(ion)?s?|flags?|switches|arg(ument)?s?)$", bare, re.IGNORECASE):
            continue
        if optional and OUTPUT in form:
            continue
        placed = _placed(bare, token)
        if placed is None:
            return None
        form.append(placed)
    return tuple(form) if form and len(form) <= 6 and any(INPUT in f for f in form) else None


def _placed(bare: str, token: str) -> str | None:
    if re.fullmatch(r"--?[A-Za-z0-9][\w-]*", bare):
        return bare
    if _OUT_WORD.search(bare):
        return OUTPUT
    if _FILE_WORD.search(bare):
        return INPUT
    if _NUMBER_WORD.match(bare):
        return "1"
    if re.fullmatch(r"[a-z]+", bare) and token == bare:
        return bare
    return INPUT if re.fullmatch(r"[\w .:-]+", bare) else None


def _words(rest: str) -> list[str]:
    """Words of a usage line; a bracketed group is one word."""
    return re.findall(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]|<[^<>]*>|\{[^{}]*\}|[^\s\[\]<>{}]+", rest)
