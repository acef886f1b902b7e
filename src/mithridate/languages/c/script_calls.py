"""Finds how a project's own scripts, build files and documents call its programs."""

import re
from collections.abc import Collection
from pathlib import Path

from mithridate.languages.c.options import Form, worth_trying
from mithridate.languages.c.walk import head, regular_files
from mithridate.model.entry import INPUT, OUTPUT

_SCRIPT = re.compile(r"(\.(sh|bash|test|at|am|in|mk|mak|build|py|pl|t|bats|cmake|yml|yaml|tcl|exp))?")
_PROSE = re.compile(r"\.(md|rst|txt|1|8|man|html|texi|pod|adoc)")
_MAX_SCANNED_FILES = 4000
_MAX_SCANNED_BYTES = 256 << 10
_MAX_ALL_SCANNED_BYTES = 32 << 20
_LONGEST_PATH = 200
_SHELL_END = re.compile(r"[|;>&`#]|\\$|\s\)|\d>")
_SAFE = re.compile(r"[\w@%+=:,./#^*-]+")
_OUT_TOKEN = re.compile(r"(^|[^a-z])(out|outfile|output|o-|tmp|temp|dest|result|new)|/dev/null|/dev/stdout", re.IGNORECASE)


def script_calls(tree: Path, names: Collection[str]) -> dict[str, list[Form]]:
    """How the project's scripts, build files and documents call each of the programs `names`, as argument forms.

    Reads at most a few thousand small text files of `tree`, never through a symbolic link.
    """
    found: dict[str, list[Form]] = {name: [] for name in names}
    if not names:
        return found
    caller = _caller(names)
    files = [path for path, _ in regular_files(tree)]
    existing = {f.name for f in files}
    scripts = [f for f in files if _SCRIPT.fullmatch(f.suffix) or _PROSE.fullmatch(f.suffix)]
    left = _MAX_ALL_SCANNED_BYTES
    for path in scripts[:_MAX_SCANNED_FILES]:
        content = head(path, min(_MAX_SCANNED_BYTES, left))
        left -= len(content)
        text = content.decode("utf-8", "replace").replace("\\\n", " ")
        prose = bool(_PROSE.fullmatch(path.suffix)) and path.name != "CMakeLists.txt"
        for match in caller.finditer(text):
            if prose and not _looks_typed(text, match.start()):
                continue
            form = read_call(match["rest"], existing, strict=prose)
            name = match["name"] or match["variable"].lower()
            known = name if name in found else next((n for n in found if n.lower().replace("-", "_") == name), None)
            if form is not None and known is not None:
                found[known].append(form)
    return found


def read_call(rest: str, existing: Collection[str], *, strict: bool) -> Form | None:
    """Turn the words behind a program's name in a script into a form; None when they are not a command line.

    `existing` are file names of the tree; `strict` refuses bare words that are no option's value (prose, not a command).
    """
    end = _SHELL_END.search(rest)
    command, tail = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    command, _, redirected = command.partition("<")
    words = re.sub(r"[\"'`,\[\]()]", " ", command).split()
    if len(words) > 12:
        return None
    form: list[str] = []
    for word in words:
        placed = _word(word, form, existing, strict)
        if placed is None:
            return None
        form.append(placed)
    if not form and not redirected and not tail.startswith("|"):
        return None
    return tuple(form)


def _word(word: str, form: list[str], existing: Collection[str], strict: bool) -> str | None:
    if word.startswith("-"):
        flag, equals, value = word.partition("=")
        if not worth_trying(flag) or not _SAFE.fullmatch(flag):
            return None
        return f"{flag}={_word(value, [flag], existing, False)}" if equals and value else word if _SAFE.fullmatch(word) else None
    base = word.rsplit("/", 1)[-1]
    variable = "$" in word or "@" in word or word.startswith("<") or "%" in word
    if base in existing and "." in base:
        return INPUT
    if _OUT_TOKEN.search(word):
        return OUTPUT
    named = re.search(r"\.[A-Za-z]\w{0,4}$", word) or re.fullmatch(r"(in|input|file|infile|foo|image)", word)
    if variable or named or "/" in word:
        return OUTPUT if INPUT in form and not variable and base not in existing else INPUT
    if not _SAFE.fullmatch(word):
        return None
    follows_option = bool(form) and form[-1].startswith("-")
    number = re.fullmatch(r"[\d.,:x+]+", word) is not None
    return word if follows_option or number or (not strict and not form) else None


def _caller(names: Collection[str]) -> re.Pattern[str]:
    plain = "|".join(sorted((re.escape(n) for n in names), key=len, reverse=True))
    upper = "|".join(sorted((re.escape(n.upper().replace("-", "_")) for n in names), key=len, reverse=True))
    return re.compile(
        rf"(?:(?<![\w.$@{{-])(?P<name>{plain})(?:\.exe|\$\{{?EXEEXT\}}?|\$\(EXEEXT\))?|"
        rf"\$[{{(]?(?P<variable>{upper})[}})]?)[\"'`]?[ \t,]+(?P<rest>[^\n]{{0,400}})"
    )


def _looks_typed(text: str, start: int) -> bool:
    """In prose, a call stands behind a prompt, in a code span, or first on an indented line."""
    line = max(text.rfind("\n", 0, start) + 1, start - _LONGEST_PATH)
    before = re.sub(r"[\w./${}@()-]+$", "", text[line:start].removesuffix("./"))
    return before.rstrip().endswith(("$", "%", "`", ">", "&gt;")) or (
        not before.strip() and (len(before) >= 2 or text[line:start].startswith("./"))
    )
