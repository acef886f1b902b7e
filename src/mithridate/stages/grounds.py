"""Where agents work, for real: the snapshot, read-only, and the run's entry points, in the sandbox."""

import ast
import base64
import binascii
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import tree_sitter_c
from tree_sitter import Language, Node, Parser

from mithridate.agents.grounds import Door, InputForm, Ran, Stood
from mithridate.model.document import decode, encode
from mithridate.model.entry import EntryPoint
from mithridate.model.errors import UsageError
from mithridate.model.execution import Command, Ending, Limits
from mithridate.model.project import Flavour, ToolFailure
from mithridate.model.violation import Clean, Violation
from mithridate.policy.redaction import redact, without_keys
from mithridate.prove.debugger import stood
from mithridate.prove.triage import title
from mithridate.prove.wording import project_path
from mithridate.stages.session import Session
from mithridate.store.exchanges import Exchanges

_LARGEST_FILE = 2 << 20
_LARGEST_INPUT = 1 << 20
_LONGEST_LINE = 400
_PLACES = 50
_KEPT_FILES = 32
_FRAMES = 8
_C = frozenset({".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".l", ".y"})
_PYTHON = frozenset({".py", ".pyi", ".pyx"})
_OTHER = frozenset({".js", ".ts", ".java", ".go", ".rs", ".html", ".j2"})
_HEADERS = frozenset({".h", ".hh", ".hpp", ".hxx", ".pyi"})
_ASIDE = frozenset({"test", "tests", "testing", "doc", "docs", "example", "examples", "bench"})
_GENERATOR = Limits(wall_s=10.0, cpu_s=8.0, memory_bytes=512 << 20, processes=16, output_bytes=_LARGEST_INPUT)

_SPENT = "the time for trying inputs is used up"


class Snapshot:
    """The reading half: the files of one tree. Nothing outside of it is read, whatever is asked for."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._files: list[str] | None = None
        self._read: dict[str, list[str]] = {}

    def files(self) -> Sequence[str]:
        """The source files: the implementation before headers, tests and examples, the larger first."""
        if self._files is None:
            found: list[tuple[bool, bool, int, str]] = []
            for directory, names, files in os.walk(self._tree, followlinks=False):
                names[:] = sorted(name for name in names if not name.startswith("."))
                for name in files:
                    path = Path(directory, name)
                    if path.suffix in _C | _PYTHON | _OTHER and path.is_file() and not path.is_symlink():
                        parts = path.relative_to(self._tree)
                        aside = bool(_ASIDE & set(parts.parts[:-1]))
                        found.append((aside, path.suffix in _HEADERS, -path.stat().st_size, parts.as_posix()))
            self._files = [file for *_, file in sorted(found)]
        return self._files

    def read(self, file: str, first: int, last: int) -> list[str] | None:
        """See Grounds.read. Without secrets: they are looked for before anything is cut."""
        lines = self._lines(file)
        if lines is None:
            return None
        return [redact(line)[0][:_LONGEST_LINE] for line in lines[first - 1 : last]]

    def content(self, file: str) -> bytes | None:
        """The bytes of a regular file of the snapshot, or None. With all that is in them: not to be shown as they are."""
        asked = PurePosixPath(file)
        if not file or "\0" in file or asked.is_absolute() or ".." in asked.parts:
            return None
        path = self._tree / asked
        try:
            inside = path.resolve().is_relative_to(self._tree.resolve())
            if not inside or path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST_FILE:
                return None
            return path.read_bytes()
        except OSError:
            return None

    def search(self, text: str) -> Sequence[tuple[str, int, str]]:
        """See Grounds.search. What stands in a secret is not found."""
        found: list[tuple[str, int, str]] = []
        sought = text.encode("utf-8", "replace")
        for file in self.files():
            if sought not in (self.content(file) or b""):
                continue
            for number, line in enumerate(self._lines(file) or (), 1):
                if text in line and text in (shown := redact(line)[0]):
                    found.append((file, number, shown.strip()[:_LONGEST_LINE]))
            if len(found) >= _PLACES:
                break
        return found[:_PLACES]

    def _lines(self, file: str) -> Sequence[str] | None:
        """The lines of a file without private keys, which only the whole file shows to be some."""
        if file not in self._read:
            content = self.content(file)
            if content is None:
                return None
            if len(self._read) >= _KEPT_FILES:
                self._read.clear()
            self._read[file] = without_keys(content.decode("utf-8", "replace"))[0].split("\n")
        return self._read[file]

    def outline(self, file: str) -> Sequence[tuple[int, str]]:
        """See Grounds.outline. C, C++ and Python."""
        content = self.content(file)
        suffix = PurePosixPath(file).suffix
        if content is None:
            return ()
        found = _python(content) if suffix in _PYTHON else _c(content) if suffix in _C else []
        return [(line, redact(text)[0][:_LONGEST_LINE]) for line, text in found]


class RunGrounds(Snapshot):
    """A snapshot with the entry points of its run. `tried` are (entry point, blob) of every input that was run.

    Inputs are made, run and looked at for `seconds` of wall time, not counting what models take to answer; the last one may
    go over by its own limits. What a program printed is looked up in the `records` before it is run: the first is the run's
    own, where it is kept, the second that of a run that is replayed.
    """

    def __init__(
        self,
        tree: Path,
        session: Session,
        entries: Sequence[EntryPoint],
        seconds: float,
        records: tuple[Exchanges, Exchanges | None],
    ) -> None:
        super().__init__(tree)
        self._session = session
        self._entries = {entry.id: entry for entry in entries}
        self._own, self._replayed = records
        self.tried: dict[tuple[str, str], None] = {}
        self.left_s = seconds

    def doors(self) -> Sequence[Door]:
        """See Grounds.doors."""
        return [
            Door(id=entry.id, kind=str(entry.kind), language=entry.language, arguments=entry.arguments)
            for entry in self._entries.values()
        ]

    def input(self, form: InputForm, value: str) -> bytes | str:
        """See Grounds.input."""
        try:
            match form:
                case "text":
                    return value.encode("utf-8", "surrogateescape")
                case "hex":
                    return bytes.fromhex(value)
                case "base64":
                    return base64.b64decode(value, validate=True)
                case "document":
                    return encode(decode(value.encode()))
                case "python":
                    return self._generated(value)
        except (UsageError, ValueError, RecursionError, binascii.Error) as error:
            return f"not {form}: {str(error)[:200]}"

    def run(self, door: str, data: bytes) -> Ran:
        """See Grounds.run."""
        entry = self._entries[door]
        binary = entry.binary(Flavour.PLAIN)
        if binary is None or self._session.cancel.is_set():
            return Ran(verdict="failed", told="it was not built")
        if not self.left_s:
            return Ran(verdict="failed", told=_SPENT)
        if entry.observed:
            try:
                data = encode(decode(data))
            except (UsageError, ValueError, RecursionError) as error:
                return Ran(verdict="failed", told=f"this entry point takes input documents: {error}")
        judgement: tuple[Violation, ...] | Clean | ToolFailure | None
        with self._counted():
            if entry.observed:
                ((judgement,),) = self._session.witnesses.replay(entry, binary, [data], 1)
            else:
                judgement = self._session.replayer.once(entry, binary, data)
        self.tried[door, self._session.stores.blobs.put(data)] = None
        if isinstance(judgement, tuple) and judgement:
            return Ran(verdict="violation", told="\n".join(shown(violation) for violation in judgement[:2]))
        if isinstance(judgement, ToolFailure) or judgement is None:
            return Ran(verdict="failed", told="")
        return Ran(verdict="clean", told="")

    def look(self, door: str, data: bytes, file: str, line: int) -> Stood | str:
        """See Grounds.look."""
        entry = self._entries[door]
        binary = entry.binary(Flavour.PLAIN)
        if binary is None or self._session.cancel.is_set():
            return "it was not built"
        if self.content(file) is None:
            return "the snapshot has no such file"
        if not self.left_s:
            return _SPENT
        if entry.observed:
            try:
                data = encode(decode(data))
            except (UsageError, ValueError, RecursionError) as error:
                return f"this entry point takes input documents: {error}"
        with self._counted():
            seen = stood(self._session.sandbox, entry, binary, data, (file, line), self._session.replayer.limits)
        if isinstance(seen, ToolFailure):
            return seen.why
        return Stood(line=seen.line, times=seen.times, stack=seen.stack, values=seen.values)

    def _generated(self, program: str) -> bytes | str:
        """What a generator program prints, run once in the sandbox with nothing of the project in it."""
        made = self._own.made(program)
        if made is None and self._replayed is not None:
            made = self._replayed.made(program)
        elif made is not None:
            return made
        if made is None:
            if not self.left_s:
                return _SPENT
            command = Command(argv=("python3", "-I", "-"), stdin=program.encode("utf-8", "replace"))
            with self._counted():
                done = self._session.sandbox.run(command, (), _GENERATOR, cancel=self._session.cancel)
            made = done.stdout
            if done.ending is not Ending.EXITED or done.exit_code != 0:
                last = done.stderr.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1]
                made = f"the program ended with {done.ending} {done.exit_code}: {last[:200]}"
            if self._session.cancel.is_set():
                return made  # it may have been ended by that
        self._own.keep_made(program, made)
        return made

    @contextmanager
    def _counted(self) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.left_s = max(0.0, self.left_s - (time.monotonic() - started))


def shown(violation: Violation, *, sized: bool = True) -> str:
    """A violation with its frames, without addresses; without sizes too, which differ from proof to proof, unless `sized`."""
    frames = [f"  {f.function} {project_path(f.file)}:{f.line}" for f in violation.frames[:_FRAMES] if f.in_project]
    made = [f"  allocated in {f.function} {project_path(f.file)}:{f.line}" for f in violation.allocation if f.in_project][:1]
    place = violation.place
    bare = f"{violation.kind} ({violation.access or 'no access'}) in {place.function if place else 'an unknown place'}"
    return "\n".join([title(violation) if sized else bare, *frames, *made])


def _python(content: bytes) -> list[tuple[int, str]]:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    told = {node.lineno: _declared(node) for node in found}
    return sorted(told.items())


def _declared(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        return f"class {node.name}"
    try:
        return f"def {node.name}({ast.unparse(node.args)})"
    except (ValueError, RecursionError):  # a default value that is nested deeper than Python likes to write it
        return f"def {node.name}(…)"


def _c(content: bytes) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    waiting: list[Node] = [Parser(Language(tree_sitter_c.language())).parse(content).root_node]
    while waiting:
        node = waiting.pop()
        if node.type == "function_definition":
            body = node.child_by_field_name("body")
            end = body.start_byte if body is not None else node.end_byte
            text = " ".join(content[node.start_byte : end].decode("utf-8", "replace").split())
            found.append((node.start_point[0] + 1, text))
        else:
            waiting += node.children
    return sorted(found)
