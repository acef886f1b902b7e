"""Reads a failed build's output: the first error a person should look at, and what would help."""

import re

from mithridate.languages.c.configuration import FILE_NAME

_ERRORS = (
    re.compile(r"^CMake Error(?: at [^\n]*)?:\s*\n?(?P<detail>(?:[ \t]+\S[^\n]*\n?|\n(?=[ \t]+\S)){0,6})", re.MULTILINE),
    re.compile(r"^configure: error: .*$", re.MULTILINE),
    re.compile(r"^(?:\S*meson.build:\d+:\d+: )?ERROR: .*$", re.MULTILINE),
    re.compile(r"^\S[^\n]*?:\d+(?::\d+)?: (?:fatal error|error): .*$", re.MULTILINE),
    re.compile(r"^.*(?:undefined reference to|cannot find -l|multiple definition of|undefined symbol).*$", re.MULTILINE),
    re.compile(r"^(?:clang|ld|/\S*ld(?:\.bfd)?|autoreconf|automake|aclocal|configure\.ac:\d+): ?error: .*$", re.MULTILINE),
    re.compile(r"^(?:\S+: )*\S+: (?:command )?not found$", re.MULTILINE),
    re.compile(r"^.*\bNo rule to make target\b.*$", re.MULTILINE),
    re.compile(r"^.*\*\*\* .*$", re.MULTILINE),
    re.compile(r"^.*(?:[Ee]rror|ERROR|[Nn]o such file|[Ff]ailed).*$", re.MULTILINE),
)

_HEADERS = {
    "zlib.h": "zlib1g-dev",
    "bzlib.h": "libbz2-dev",
    "lzma.h": "liblzma-dev",
    "jpeglib.h": "libjpeg-dev",
    "png.h": "libpng-dev",
    "tiffio.h": "libtiff-dev",
    "expat.h": "libexpat1-dev",
    "ncurses.h": "libncurses-dev",
    "curses.h": "libncurses-dev",
    "uuid/uuid.h": "uuid-dev",
    "GL/gl.h": "libgl-dev",
    "X11/Xlib.h": "libx11-dev",
    "libxml/parser.h": "libxml2-dev",
    "gtest/gtest.h": "libgtest-dev",
    "pcap.h": "libpcap-dev",
    "fuse.h": "libfuse-dev",
    "ft2build.h": "libfreetype-dev",
    "SDL.h": "libsdl2-dev",
    "event.h": "libevent-dev",
    "ev.h": "libev-dev",
    "gmp.h": "libgmp-dev",
    "Python.h": "python3-dev",
    "magic.h": "libmagic-dev",
    "sqlite3.h": "libsqlite3-dev",
    "yaml.h": "libyaml-dev",
}
_DIRECTORIES = {
    "openssl": "libssl-dev",
    "curl": "libcurl4-openssl-dev",
    "libxml": "libxml2-dev",
    "readline": "libreadline-dev",
    "boost": "libboost-all-dev",
    "sys": "",
    "bits": "",
    "asm": "",
    "linux": "",
}
_PACKAGES = {
    "zlib": "zlib1g-dev",
    "openssl": "libssl-dev",
    "libssl": "libssl-dev",
    "libcrypto": "libssl-dev",
    "curl": "libcurl4-openssl-dev",
    "libcurl": "libcurl4-openssl-dev",
    "expat": "libexpat1-dev",
    "bzip2": "libbz2-dev",
    "liblzma": "liblzma-dev",
    "ncurses": "libncurses-dev",
    "curses": "libncurses-dev",
    "gtest": "libgtest-dev",
    "boost": "libboost-all-dev",
    "glib-2.0": "libglib2.0-dev",
    "python3": "python3-dev",
    "python3interp": "python3",
    "perl": "perl",
    "flex": "flex",
    "bison": "bison",
    "uuid": "uuid-dev",
    "sdl2": "libsdl2-dev",
    "png": "libpng-dev",
    "jpeg": "libjpeg-dev",
    "tiff": "libtiff-dev",
    "opengl": "libgl-dev",
    "x11": "libx11-dev",
    "freetype": "libfreetype-dev",
    "freetype2": "libfreetype-dev",
}
_PROGRAMS = {
    "autoreconf": "autoconf automake libtool",
    "aclocal": "automake",
    "libtoolize": "libtool",
    "yacc": "bison",
    "lex": "flex",
    "ninja": "ninja-build",
    "makeinfo": "texinfo",
    "msgfmt": "gettext",
    "autopoint": "autopoint",
    "pkg-config": "pkg-config",
    "python": "python-is-python3",
    "xxd": "xxd",
    "rst2man": "python3-docutils",
}
_MISSING = (
    (re.compile(r"fatal error: '?([\w./+-]+\.h(?:pp|h)?)'?(?:: No such file| file not found)"), "header"),
    (re.compile(r"(?:Could NOT find|Could not find a package configuration file provided by) \"?([\w.+-]+)"), "package"),
    (re.compile(r"No package '([\w.+-]+)' found"), "package"),
    (re.compile(r"Dependency \"([\w.+-]+)\" not found"), "package"),
    (re.compile(r"Package '?([\w.+-]+)'?,? (?:required by|was not found|not found)"), "package"),
    (re.compile(r"Could NOT find (\w+)"), "package"),
    (re.compile(r"cannot find -l([\w.+-]+)"), "library"),
    (re.compile(r"(?:C|C\+\+) (?:shared or static )?library '([\w.+-]+)' not found"), "library"),
    (re.compile(r"(?:^|[ :])([\w.+-]+): (?:command )?not found$", re.MULTILINE), "program"),
    (re.compile(r"Program '([\w.+-]+)[^']*' not found"), "program"),
    (re.compile(r"Can't exec \"([\w.+-]+)\""), "program"),
)


def first_error(output: str) -> str:
    """The line (or CMake's few lines as one) of a build's output that says first what went wrong; "" when none does.

    Compiler errors that a configure script provokes on purpose go to its own log and are not seen here.
    """
    for pattern in _ERRORS:
        match = pattern.search(output)
        if match is not None:
            return " ".join(match.group().split())[:500]
    return ""


def hint(output: str, component_path: str) -> str:
    """What the owner can do: the Debian package that probably holds what is missing, else what to write in mithridate.toml."""
    setting = f'Say how to build it in {FILE_NAME}: [[component]] path = "{component_path}" with configure, build or options.'
    found = [(match.start(), kind, match.group(1)) for pattern, kind in _MISSING for match in [pattern.search(output)] if match]
    for _, kind, name in sorted(found):
        package = _package(kind, name)
        if package:
            return f"Probably missing: sudo apt install {package}. Otherwise: {setting[0].lower()}{setting[1:]}"
    return setting


def warnings(output: str) -> int:
    """How many warnings compilers gave."""
    return len(re.findall(r"(?m)^\S[^\n]*?:\d+(?::\d+)?: warning: ", output))


def failed_targets(output: str) -> tuple[str, ...]:
    """What `make -k` and `ninja -k` could not make, in order."""
    made = re.findall(r"(?m)^g?make(?:\[\d+\])?: \*\*\* \[(?:[^\]:]+:\d+: )?([^\]]+)\] Error", output)
    return tuple(dict.fromkeys([*made, *re.findall(r"(?m)^FAILED: (?:\[code=\d+\] )?(\S+)", output)]))


def _package(kind: str, name: str) -> str:
    """The Debian package for a missing thing, by table and else by Debian's naming rule; "" when it is the project's own."""
    if kind == "header":
        directory, slash, _ = name.partition("/")
        # A header without a directory and unknown to the table is as likely one that the project should have generated.
        return _HEADERS.get(name) or (_DIRECTORIES.get(directory, _development(directory)) if slash else "")
    if kind == "program":
        return _PROGRAMS.get(name, name)
    return _PACKAGES.get(name.lower(), _development(name))


def _development(name: str) -> str:
    """Debian calls the headers of libfoo "libfoo-dev"; package names are lower case and hold no underscores."""
    plain = name.lower().removeprefix("lib").replace("_", "-")
    return f"lib{plain}-dev" if re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", plain) else ""
