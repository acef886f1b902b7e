"""What a package's own source offers to a search: its regular expressions and its constants, by file.

Read from the syntax alone.
"""

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_FILES = 1500
_FILE_BYTES = 1 << 20
_PATTERN = 4000
_CONSTANT = 40
_CONSTANTS = 400
_ASKED = 60
_LOOKS_LIKE_A_PATTERN = re.compile(r"\\[wdsSWDb.*+?(\[]|\[\^|[.\])][*+]|\(\?|\{\d*,\d*\}")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{1,24}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A regular expression in the source, with its flags and the line of its literal."""

    text: str
    flags: int
    file: str
    line: int


@dataclass(slots=True, kw_only=True)
class Source:
    """What one file holds. `constants` are short strings, those that stand by themselves first, then words in longer ones.

    `asked` are the keys that mappings are asked for, by the mapping's name.
    """

    file: str
    patterns: list[Pattern] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)
    asked: dict[str, list[str]] = field(default_factory=dict)


def read_sources(tree: Path, shown_as: str = "/src") -> dict[str, Source]:
    """All Python files below `tree` by the name under which records show them; links and what cannot be parsed are left out."""
    sources: dict[str, Source] = {}
    for path in sorted(tree.rglob("*.py"))[:_FILES]:
        if path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(tree.resolve()):
            continue
        if path.stat().st_size > _FILE_BYTES:
            continue
        name = f"{shown_as}/{path.relative_to(tree).as_posix()}"
        sources[name] = read_source(path.read_bytes(), name)
    return sources


def read_source(text: bytes, name: str) -> Source:
    """What one file holds; nothing when it is no Python."""
    source = Source(file=name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    reader = _Reader(source)
    reader.read(tree)
    return source


class _Reader:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._names: dict[str, str] = {}
        self._seen: set[tuple[str, int]] = set()

    def read(self, tree: ast.Module) -> None:
        documentation = set(_docstrings(tree))
        words: dict[str, None] = {}
        short: dict[str, None] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                value = self._text(node.value)
                if value is not None:
                    self._names.setdefault(node.targets[0].id, value)
        flags_of = dict(_flagged(tree))
        inner: set[int] = set()
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant | ast.BinOp | ast.JoinedStr) or id(node) in documentation or id(node) in inner:
                continue
            value = self._text(node)
            if value is None:
                continue
            inner.update(id(child) for child in ast.walk(node))
            given = flags_of.get(id(node))
            if given is not None or _LOOKS_LIKE_A_PATTERN.search(value):
                self._pattern(value, given or 0, node.lineno)
            if 0 < len(value) <= _CONSTANT and value.strip():
                short[value] = None
            else:
                words.update(dict.fromkeys(_WORD.findall(value[:4000])))
        self._source.constants = list({**short, **words})[:_CONSTANTS]
        for name, key in _asked(tree):
            keys = self._source.asked.setdefault(name, [])
            if key not in keys and len(keys) < _ASKED:
                keys.append(key)

    def _pattern(self, text: str, flags: int, line: int) -> None:
        if len(text) <= _PATTERN and (text, flags) not in self._seen:
            self._seen.add((text, flags))
            self._source.patterns.append(Pattern(text=text, flags=flags, file=self._source.file, line=line))

    def _text(self, node: ast.AST, depth: int = 0) -> str | None:
        """The string that an expression stands for: constants, names of constants, sums, and what is put into them."""
        if depth > 30:
            return None
        if isinstance(node, ast.Constant):
            if isinstance(node.value, bytes):
                return node.value.decode("latin-1")
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self._names.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self._text(node.left, depth + 1), self._text(node.right, depth + 1)
            return left + right if left is not None and right is not None else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            return self._formatted(node, depth)
        if isinstance(node, ast.JoinedStr):
            parts = [self._text(v.value if isinstance(v, ast.FormattedValue) else v, depth + 1) for v in node.values]
            return "".join(p for p in parts if p is not None) if None not in parts else None
        return None

    def _formatted(self, node: ast.BinOp, depth: int) -> str | None:
        left = self._text(node.left, depth + 1)
        if left is None:
            return None
        if isinstance(node.right, ast.Dict):
            keys = [k.value if isinstance(k, ast.Constant) else None for k in node.right.keys]
            given: object = dict(zip(keys, [self._text(v, depth + 1) for v in node.right.values], strict=True))
        elif isinstance(node.right, ast.Tuple):
            given = tuple(self._text(item, depth + 1) for item in node.right.elts)
        elif isinstance(node.right, ast.Call):
            given = dict(self._names)
        else:
            given = self._text(node.right, depth + 1)
        if given is None or len(left) > _PATTERN or re.search(r"%[^%]*?[\d*]{4,}", left):
            return None
        try:
            return left % given
        except (TypeError, ValueError, KeyError, OverflowError, MemoryError):
            return None


def _asked(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(mapping, key) of `mapping.get("key")` and its kin, `mapping["key"]` and `"key" in mapping`."""
    for node in ast.walk(tree):
        of: ast.expr | None = None
        key: ast.expr | None = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOOKUPS and node.args:
            of, key = node.func.value, node.args[0]
        elif isinstance(node, ast.Subscript):
            of, key = node.value, node.slice
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
            of, key = node.comparators[0], node.left
        if isinstance(of, ast.Name) and isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier():
            yield of.id, key.value


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield id(first.value)


_LOOKUPS = frozenset({"get", "pop", "setdefault"})
_MATCHING = frozenset({"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
_FLAGS: Mapping[str, int] = {
    name: int(getattr(re, name))
    for name in ("I", "IGNORECASE", "M", "MULTILINE", "S", "DOTALL", "X", "VERBOSE", "A", "ASCII", "U", "UNICODE")
}


def _flagged(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """The expressions that are given to a matching function as its pattern, each with the flags named in the call.

    A flag attribute of a class (as lexers have) counts for nothing here: the pattern is tried without it.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = (
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        )
        if called.lower().lstrip("_") not in _MATCHING and "re" not in called.lower():
            continue
        flags = 0
        for other in [*node.args[1:], *(k.value for k in node.keywords if k.arg == "flags")]:
            for part in ast.walk(other):
                name = part.attr if isinstance(part, ast.Attribute) else part.id if isinstance(part, ast.Name) else ""
                flags |= _FLAGS.get(name, 0)
        yield id(node.args[0]), flags
