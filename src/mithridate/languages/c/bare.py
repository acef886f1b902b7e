"""Our own build rule for sources without a build file: compile each, then link every one that defines `main` or a fuzz target."""

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from mithridate.languages.c.detect import build_systems, is_header
from mithridate.languages.c.flags import FUZZER
from mithridate.languages.c.sources import CXX_SOURCES, SourceTree, defines_fuzz_target, defines_main, join, parent

RULES = "/build/bare.mk"
_MAXIMUM_INCLUDES = 60
_UNUSUAL = re.compile(r"[^\w.+/ -]", re.ASCII)
_LONGEST_NAME = 100

# Libraries by the header that asks for them; the others come with the C library.
_LIBRARIES = {
    "math.h": "m",
    "cmath": "m",
    "complex.h": "m",
    "pthread.h": "pthread",
    "zlib.h": "z",
    "bzlib.h": "bz2",
    "lzma.h": "lzma",
    "png.h": "png",
    "jpeglib.h": "jpeg",
    "curses.h": "ncurses",
    "ncurses.h": "ncurses",
    "readline/readline.h": "readline",
    "expat.h": "expat",
    "curl/curl.h": "curl",
    "crypt.h": "crypt",
    "openssl/ssl.h": "ssl -lcrypto",
    "openssl/evp.h": "crypto",
    "sqlite3.h": "sqlite3",
    "libxml/parser.h": "xml2",
}


@dataclass(slots=True)
class _Folder:
    """One source directory: a number that names its objects, and its files by role."""

    number: int
    path: str
    programs: list[str]
    harnesses: list[str]
    others: list[str]


def bare_rules(tree: SourceTree, path: str) -> str:
    """A makefile for the sources in `path` and below, with the targets `objects`, `archives` and `programs`.

    A program is first linked with all objects of its own directory; when that fails (two of them may define one name), with
    archives of every directory, from which the linker takes what is missing. Names that make cannot hold are left out.
    """
    folders = list(_folders(tree, path))
    includes = " ".join(_quote(f"-I{d}") for d in header_directories(tree, path))
    cxx = any(f.endswith(CXX_SOURCES) for folder in folders for f in (*folder.programs, *folder.others))
    linker = "c++" if cxx else "cc"
    libraries = _libraries(tree, folders)
    archives = [f"/build/archive/lib{folder.number}.a" for folder in folders if folder.others]
    objects: list[str] = []
    programs: list[str] = []
    rules: list[str] = []
    taken: set[str] = set()
    for folder in folders:
        for role, names in (("main", folder.programs), ("harness", folder.harnesses), ("object", folder.others)):
            for position, name in enumerate(names):
                target = f"/build/{role}/{folder.number}/{position}.o"
                objects.append(target)
                compiler = "c++" if name.endswith(CXX_SOURCES) else "cc"
                place = join("/src", folder.path) if folder.path != "." else "/src"
                command = f"cd {_quote(place)} && {compiler} {includes} -c -o {target} {_quote(f'{place}/{name}')}"
                rules.append(f"{target}:\n\t@mkdir -p {target.rpartition('/')[0]}\n\t{command}")
                if role != "object":
                    output = _output(folder.path, path, name, taken)
                    own = f"/build/object/{folder.number}/*.o" if folder.others else ""
                    grouped = f"-Wl,--start-group {' '.join(archives)} -Wl,--end-group" if archives else ""
                    engine = FUZZER if role == "harness" else ""
                    link = f"cd /build && {linker} {engine} -o {_quote(output)} {target}"
                    programs.append(f"program-{len(programs)}")
                    rules.append(
                        f"{programs[-1]}:\n\t@mkdir -p {_quote(output.rpartition('/')[0])}\n"
                        f"\t{link} {own} {libraries} || {{ {link} {grouped} {libraries}; }}"
                    )
        if folder.others:
            archive = f"/build/archive/lib{folder.number}.a"
            rules.append(f"{archive}:\n\t@mkdir -p /build/archive\n\tar cr {archive} /build/object/{folder.number}/*.o")
    heads = [
        f"{name}: {' '.join(targets)}" for name, targets in (("objects", objects), ("archives", archives), ("programs", programs))
    ]
    # Also what is a file: no rule says what it is made of, and a source that was changed since has to be compiled.
    phony = f".PHONY: {' '.join(('objects', 'archives', 'programs', *objects, *archives, *programs))}"
    return "\n".join([phony, *heads, *rules, ""])


def _folders(tree: SourceTree, path: str) -> Iterator[_Folder]:
    """The source directories of the component; a directory with a build of its own is not part of it."""
    pending = [path]
    number = 0
    for directory in pending:
        if directory != path and build_systems(tree, directory):
            continue
        pending.extend(child for child in tree.children.get(directory, ()) if child in tree.with_sources)
        folder = _Folder(number, directory, [], [], [])
        for name in tree.sources(directory):
            if "\n" in name or "\n" in directory or "\r" in directory + name:
                continue
            text = tree.text(directory, name)
            role = folder.harnesses if defines_fuzz_target(text) else folder.programs if defines_main(text) else folder.others
            role.append(name)
        if folder.programs or folder.harnesses or folder.others:
            number += 1
            yield folder


def header_directories(tree: SourceTree, path: str) -> list[str]:
    """Sandbox paths of the directories that hold a header, nearest to the component's root first, and those above them."""
    holding = [d for d in tree.below(path) if any(is_header(f) for f in tree.files.get(d, ()))]
    usable = [d for d in holding if "\n" not in d and "\r" not in d][:_MAXIMUM_INCLUDES]
    # "#include <lib/part.h>" is meant from the directory above.
    roots = dict.fromkeys([path, *usable, *(parent(d) for d in usable if d != path)])
    return [f"/src/{d}" if d != "." else "/src" for d in roots]


def _libraries(tree: SourceTree, folders: list[_Folder]) -> str:
    wanted = {"m", "pthread"}
    for folder in folders:
        for name in (*tree.files.get(folder.path, ()),):
            if is_header(name) or name in (*folder.programs, *folder.others):
                text = tree.text(folder.path, name)
                wanted.update(library for header, library in _LIBRARIES.items() if f"<{header}>" in text)
    return " ".join(f"-l{library}" for library in sorted(wanted))


def _output(directory: str, root: str, name: str, taken: set[str]) -> str:
    """Where the program goes: below /build as its source is below the component, without the ending unless that is taken.

    A quote in a program's name would keep llvm-symbolizer from finding it, and a very long name has no room for an ending.
    """
    inner = "" if directory == root else directory if root == "." else directory[len(root) + 1 :]
    base = f"/build/bin/{_UNUSUAL.sub('_', inner)}/".replace("//", "/")
    plain = _UNUSUAL.sub("_", name)
    stem = plain.rpartition(".")[0] or plain
    names = itertools.chain((stem[:_LONGEST_NAME], f"{plain[:_LONGEST_NAME]}.out"), (f"program{n}" for n in itertools.count(1)))
    output = next(path for path in (base + name for name in names) if path not in taken)
    taken.add(output)
    return output


def _quote(word: str) -> str:
    """`word` for a shell inside a recipe of make."""
    return shlex.quote(word).replace("$", "$$")
