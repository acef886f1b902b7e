"""Command injection: argument lists without a shell, quoting where one is needed (CWE-78)."""

import re
import shlex
from collections.abc import Iterator, Sequence

import libcst as cst

from mithridate.model.violation import ViolationKind
from mithridate.repair.python.flow import Place, Value, argument
from mithridate.repair.python.imports import meant, using
from mithridate.repair.python.pieces import Constant, Hole, Piece, holes, literal, pieces
from mithridate.repair.python.proposer import Change, PythonProposer, Scene, edits_of
from mithridate.repair.python.source import Edit, Source
from mithridate.repair.python.wrapped import built, groups

RUNNING = frozenset(
    f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput")
) | {"os.system", "os.popen", "asyncio.create_subprocess_shell", "asyncio.create_subprocess_exec"}
_SHELL_WORDS = re.compile(r"[|&;<>()$`*?~\[\]{}#!\n]|^\w+=")
OPERANDS_AS_THEY_ARE = frozenset({"echo", "printf", "test", "find", "expr", "dd", "true", "false"})
"""Programs that do not take `--` for the end of their options (POSIX, XBD 12.2 allows those by name)."""
_CAUSE = "a value is put into a command line that a shell reads"


class ShellProposer(PythonProposer):
    """Without a shell where the command line needs none; quoted for the shell elsewhere."""

    name = "python-shell"
    kinds = frozenset({ViolationKind.SHELL_INJECTION})

    def changes(self, scene: Scene) -> Iterator[Change]:
        """Argument list first, then quoting."""
        for place in scene.places[:4]:
            for call in place.calls:
                if meant(place.source, call.func) not in RUNNING:
                    continue
                command = argument(call, 0, "args", "cmd", "command")
                if command is None:
                    continue
                value = Value(place, command)
                if isinstance(command, cst.List | cst.Tuple) and len(command.elements) == 3:  # ["sh", "-c", line]
                    value = Value(place, command.elements[2].value)
                origin = built(value)
                if origin is None:
                    continue
                yield from _listed(place, call, value, origin)
                yield from _quoted(origin)
                return


def _listed(place: Place, call: cst.Call, value: Value, origin: Value) -> Iterator[Change]:
    """As an argument list, for calls that take one, when the constant parts have nothing for a shell to do."""
    source = place.source
    name = meant(source, call.func)
    shell = next((arg for arg in call.args if arg.keyword is not None and arg.keyword.value == "shell"), None)
    row = pieces(origin.source, origin.node)
    if row is None or origin.place is not place or (shell is None and name != "os.system"):
        return
    for dashes in _dashes(row):
        vector = _vector(source, row, dashes)
        if vector is None:
            return
        edits = [source.replace(origin.node, vector)]
        if shell is not None:
            edits.append(_removed(source, call, shell))
        else:
            outer = source.parent(call)
            if not isinstance(outer, cst.Expr):  # os.system tells a wait status, which only counts when it is looked at
                return
            shown, extra = using(source, "subprocess")
            edits += [source.replace(call.func, f"{shown}.call"), *extra]
        fix = "run the program with a list of arguments and without a shell"
        yield Change(_CAUSE, fix, edits_of(source, edits), rank=1.0 if dashes == _dashes(row)[0] else 1.1)
        if value.node is origin.node and shell is None and name != "os.system":
            return


def _dashes(row: Sequence[Piece]) -> tuple[bool, ...]:
    first = row[0]
    program = first.value.split()[0].rpartition("/")[2] if isinstance(first, Constant) and first.value.split() else ""
    return (False, True) if program in OPERANDS_AS_THEY_ARE or not program else (True, False)


def _vector(source: Source, row: Sequence[Piece], dashes: bool) -> str | None:
    """The list that the command line means; None when a shell is needed for its constant parts, or they have no program."""
    line, values = "", list[Hole]()
    for piece in row:
        if isinstance(piece, Constant):
            if "\x00" in piece.value:
                return None
            line += piece.value
        else:
            line += f"\x00{len(values)}\x00"
            values.append(piece)
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    if not words or "\x00" in words[0] or any(_SHELL_WORDS.search(re.sub("\x00[0-9]+\x00", "", word)) for word in words):
        return None
    if _SHELL_WORDS.search(re.sub("\x00[0-9]+\x00", "", line)):
        return None
    quote, spelled, ended = source.quote, [], not dashes or "--" in words
    for word in words:
        parts = re.split("\x00([0-9]+)\x00", word)
        if not ended and len(parts) > 1 and not parts[0]:
            spelled.append(f"{quote}--{quote}")
            ended = True
        spelled.append(_word(source, parts, values, quote))
    return "[" + ", ".join(spelled) + "]"


def _word(source: Source, parts: Sequence[str], values: Sequence[Hole], quote: str) -> str:
    if len(parts) == 1:
        return literal(parts[0], quote)
    if len(parts) == 3 and not parts[0] and not parts[2]:
        hole = values[int(parts[1])]
        return source.code(hole.node) if hole.text else _as_text(source, hole)
    text = ""
    for number, part in enumerate(parts):
        if number % 2:
            text += "{" + source.code(values[int(part)].node) + "}"
        else:
            text += part.replace("{", "{{").replace("}", "}}")
    return "f" + literal(text, quote)


def _as_text(source: Source, hole: Hole) -> str:
    code = source.code(hole.node)
    return f"str({code})" if hole.number else code


def _removed(source: Source, call: cst.Call, arg: cst.Arg) -> Edit:
    """An argument taken out, with the comma that belongs to it."""
    index = list(call.args).index(arg)
    start, end = source.span(arg)
    if index + 1 < len(call.args):
        return Edit(start, source.span(call.args[index + 1])[0], "")
    if index:
        return Edit(source.span(call.args[index - 1])[1], end, "")
    return Edit(start, end, "")


def _quoted(origin: Value) -> Iterator[Change]:
    """`shlex.quote` around the values, and quotation marks around them taken away."""
    source = origin.source
    row = pieces(source, origin.node)
    if row is None:
        return
    for group in groups(origin.place, holes(row)):
        shown, extra = using(source, "shlex")
        edits: list[Edit] = []
        for index, hole in enumerate(row):
            if isinstance(hole, Hole) and hole in group:
                edits.extend(_quoting(source, row, index, hole, f"{shown}.quote"))
        yield Change(_CAUSE, "quote the value for the shell", edits_of(source, edits, extra), rank=1.2)


def _quoting(source: Source, row: Sequence[Piece], index: int, hole: Hole, function: str) -> list[Edit]:
    code = source.code(hole.node)
    edits = [
        source.replace(
            hole.node,
            f"{function}({code})" if hole.text else f"{function}(str({code}))" if hole.number else f"{function}({code})",
        )
    ]
    opened = _opened(row[:index])
    if not opened:
        return edits
    before = row[index - 1] if index else None
    after = row[index + 1] if index + 1 < len(row) else None
    if isinstance(before, Constant) and before.raw.endswith(opened):
        edits.append(Edit(before.end - 1, before.end, ""))
    elif isinstance(before, Constant):
        edits.append(Edit(before.end, before.end, opened))
    if isinstance(after, Constant) and after.raw.startswith(opened):
        edits.append(Edit(after.start, after.start + 1, ""))
    elif isinstance(after, Constant):
        edits.append(Edit(after.start, after.start, opened))
    return edits


def _opened(row: Sequence[Piece]) -> str:
    """The quotation mark of the shell that is open behind these pieces."""
    opened = ""
    for piece in row:
        escaped = False
        for character in piece.value if isinstance(piece, Constant) else "":
            if escaped:
                escaped = False
            elif character == "\\" and opened != "'":
                escaped = True
            elif opened:
                opened = "" if character == opened else opened
            elif character in "'\"":
                opened = character
    return opened
