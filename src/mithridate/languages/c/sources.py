"""A quiet look at a source tree: which directories hold C or C++, and what its small text files say. Follows no links."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

C_SOURCES = (".c",)
CXX_SOURCES = (".cc", ".cpp", ".cxx", ".c++", ".C", ".cp")
SOURCES = C_SOURCES + CXX_SOURCES
HEADERS = (".h", ".hh", ".hpp", ".hxx", ".inc", ".inl", ".def", ".ipp", ".tcc")
_TEXT_BYTES = 1 << 20
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class SourceTree:
    """The directories of a tree with their files; paths are relative to the root, which is "."."""

    root: Path
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    children: dict[str, tuple[str, ...]] = field(default_factory=dict)
    with_sources: set[str] = field(default_factory=set)

    def text(self, directory: str, name: str) -> str:
        """The beginning (1 MiB) of a file as text; "" when there is no such regular file."""
        path = self.root / directory / name
        if path.is_symlink() or not path.is_file():
            return ""
        with path.open("rb") as stream:
            return stream.read(_TEXT_BYTES).decode("utf-8", "replace")

    def sources(self, directory: str) -> tuple[str, ...]:
        """The C and C++ source files directly in `directory`."""
        return tuple(f for f in self.files.get(directory, ()) if f.endswith(SOURCES))

    def below(self, directory: str) -> list[str]:
        """`directory` and every directory below it, parents first."""
        found = [directory]
        for folder in found:
            found.extend(self.children.get(folder, ()))
        return found


def read_tree(root: Path) -> SourceTree:
    """List the tree below `root`. Directories nested deeper than 64 levels are not entered: no build is made of them."""
    tree = SourceTree(root)
    pending = ["."]
    for folder in pending:
        files: list[str] = []
        folders: list[str] = []
        with os.scandir(root / folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                elif entry.is_file():
                    files.append(entry.name)
        tree.files[folder] = tuple(sorted(files))
        if folder.count("/") < _DEEPEST:
            tree.children[folder] = tuple(join(folder, name) for name in sorted(folders))
            pending.extend(tree.children[folder])
        if any(name.endswith(SOURCES) for name in files):
            _mark(tree, folder)
    return tree


def join(directory: str, name: str) -> str:
    """`name` below `directory`, where "." is the root and leaves no trace."""
    return name if directory == "." else f"{directory}/{name}"


def parent(directory: str) -> str:
    """The directory above; that of the root is the root."""
    return os.path.dirname(directory) or "."  # noqa: PTH120


def without_comments(text: str) -> str:
    """C text with comments and string literals blanked, good enough to look for a definition."""
    return _COMMENT_OR_STRING.sub(" ", text)


def defines_main(text: str) -> bool:
    """True when C or C++ text seems to define `main`, in the old style too."""
    return _defines(text, _MAIN)


def defines_fuzz_target(text: str) -> bool:
    """True when C or C++ text seems to define libFuzzer's entry point."""
    return _defines(text, _FUZZ_TARGET)


def ships_fuzz_target(tree: SourceTree, path: str) -> bool:
    """True when a source in `path` or below defines libFuzzer's entry point."""
    return any(
        defines_fuzz_target(text)
        for directory in tree.below(path)
        for name in tree.sources(directory)
        if "LLVMFuzzerTestOneInput" in (text := tree.text(directory, name))
    )


_COMMENT_OR_STRING = re.compile(r'/\*.*?(?:\*/|\Z)|//[^\n]*|"(?:\\.|[^"\\\n])*"?', re.DOTALL)
_MAIN = re.compile(r"\bw?main\s*(?=\()")
_FUZZ_TARGET = re.compile(r"\bLLVMFuzzerTestOneInput\s*(?=\()")
_WINDOW = 4000
_OCCURRENCES = 50


def _defines(text: str, name: re.Pattern[str]) -> bool:
    """True when one of the first occurrences of `name` is followed by parameters and a body."""
    bare = without_comments(text)
    for number, match in enumerate(name.finditer(bare)):
        if number == _OCCURRENCES:
            break
        if _has_body(bare[match.end() : match.end() + _WINDOW]):
            return True
    return False


def _has_body(after_name: str) -> bool:
    depth = 0
    for position, character in enumerate(after_name):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            rest = after_name[position + 1 :].lstrip()
            # "{", a trailing return type or specifier, or the declarations of an old-style definition up to its "{".
            return rest[:1] == "{" or bool(re.match(r"(?:->|[A-Za-z_])[^{}=]*\{", rest))
    return False


def _mark(tree: SourceTree, folder: str) -> None:
    while folder not in tree.with_sources:
        tree.with_sources.add(folder)
        folder = parent(folder)
