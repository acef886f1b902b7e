"""Reads what a dictionary needs from an executable: constant data and compared immediates. Never runs or trusts the file."""

import re
import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from mithridate.languages.c.walk import head

MAX_IMAGE_BYTES = 128 << 20
_MAX_SECTIONS = 4096
_MAX_SYMBOLS = 1 << 20
_MAX_FUNCTION_BYTES = 1 << 20
_MAX_CODE_BYTES = 64 << 20
_FUNCTION = 2
_GLOBAL = 1
_SYMBOL_TABLE = 2
_RUNTIME_SYMBOL = re.compile(
    rb"_*(?:asan|ubsan|sanitizer|interceptor|interception|lsan|sancov|tsan|msan|afl|llvm|libc|do_global|cxa|gxx|gcc|clang)_?|"
    rb"___?interceptor|_Z\w*(?:6__asan|11__sanitizer|7__ubsan|6__lsan|14__interception|6fuzzer|10__cxxabiv)|_start$|_init$|_fini$|"
    rb"(?:de)?register_tm|frame_dummy|asan\.module|sancov\."
)

_BRANCH = rb"(?=[\x70-\x7f]|\x0f[\x40-\x4f\x80-\x9f]|[\x40-\x4f]\x0f[\x40-\x4f\x90-\x9f])"
_DISPLACED = rb"(?:[\xf8-\xff]|[\x38-\x3b\x3e\x3f]|\x3c.|\x3d.{4}|[\x78-\x7b\x7d-\x7f].|\x7c..|[\xb8-\xbb\xbd-\xbf].{4}|\xbc.{5})"
_COMPARE_32 = re.compile(rb"(?:\x3d|\x81" + _DISPLACED + rb")(.{4})" + _BRANCH, re.DOTALL)
_COMPARE_16 = re.compile(rb"\x66(?:[\x40-\x4f])?(?:\x3d|\x81" + _DISPLACED + rb")(..)" + _BRANCH, re.DOTALL)
_LOAD_64 = re.compile(rb"[\x48\x49][\xb8-\xbf]([\x20-\x7e]{8})", re.DOTALL)
_X86_MACHINES = (3, 62)


@dataclass(frozen=True, slots=True)
class Section:
    """One section's name, type, address, file offset, size, and the index of the section it links to."""

    name: bytes
    type: int
    address: int
    offset: int
    size: int
    link: int


class Image:
    """An ELF file in memory. Anything malformed reads as absent, never as an error: the file is hostile."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._wide = data[4:5] == b"\x02"
        self._order = "<" if data[5:6] != b"\x02" else ">"
        self.sections = tuple(self._read_sections()) if data[:4] == b"\x7fELF" and len(data) >= 64 else ()

    @classmethod
    def load(cls, path: Path) -> "Image":
        """The file at `path`, up to a bound on its size."""
        return cls(head(path, MAX_IMAGE_BYTES))

    def section(self, name: bytes) -> bytes:
        """The content of the section called `name`, or nothing."""
        return next((self._content(s) for s in self.sections if s.name == name), b"")

    def strings(self) -> tuple[bytes, ...]:
        """NUL-terminated printable strings of 1 to 512 bytes in the constant data, in file order."""
        data = self.section(b".rodata") or (b"" if self.sections else self.data)
        return tuple(dict.fromkeys(re.findall(rb"(?:(?<=\0)|^)([\x20-\x7e\t\n\r]{1,512})(?=\0)", data)))

    def defined_functions(self) -> frozenset[bytes]:
        """The names of the functions that this file defines."""
        return frozenset(name for name, _, _ in self._functions())

    def global_functions(self) -> frozenset[bytes]:
        """The names of the functions that this file defines for others to call."""
        return frozenset(name for name, _, _ in self._functions(bindings=(_GLOBAL,)))

    def own_code(self, declared: Container[bytes] | None = None) -> Iterator[bytes]:
        """The machine code of each function that is not of a sanitizer or of the C runtime.

        `declared` are names of the project's functions; with it, no other function counts.
        """
        texts = [s for s in self.sections if s.name == b".text"]
        if not texts:
            return
        text = texts[0]
        functions = tuple(self._functions())
        runtime = {
            address for name, address, _ in functions if _RUNTIME_SYMBOL.match(name)
        }  # also under plain names: interceptors
        left = _MAX_CODE_BYTES
        for name, address, size in functions:
            start = address - text.address
            size = min(size, _MAX_FUNCTION_BYTES, left)
            if 0 <= start < text.size and address not in runtime and _is_declared(name, declared):
                left -= size
                yield self.data[text.offset + start : text.offset + min(start + size, text.size)]

    def compared_immediates(self, declared: Container[bytes] | None = None) -> tuple[tuple[int, int], ...]:
        """(value, width in bytes) of constants that the project's own x86 functions compare with before a branch."""
        if len(self.data) < 20 or self._unpack("H", 18)[0] not in _X86_MACHINES:
            return ()
        found: dict[tuple[int, int], None] = {}
        for code in self.own_code(declared):
            for pattern, width in ((_COMPARE_32, 4), (_COMPARE_16, 2), (_LOAD_64, 8)):
                for match in pattern.finditer(code):
                    found[(int.from_bytes(match[1], "little"), width)] = None
        return tuple(found)

    def _read_sections(self) -> Iterator[Section]:
        try:
            offset = self._unpack("Q" if self._wide else "I", 40 if self._wide else 32)[0]
            size, count, names_index = self._unpack("HHH", 58 if self._wide else 46)
            layout = "IIQQQQI" if self._wide else "IIIIIII"
            raw = [self._unpack(layout, offset + i * size) for i in range(min(count, _MAX_SECTIONS))]
            names = raw[names_index][4]
        except (struct.error, IndexError):
            return
        for name, kind, _, address, start, length, link in raw:
            yield Section(self._text_at(names + name), kind, address, start, length, link)

    def _functions(self, bindings: Container[int] = range(16)) -> Iterator[tuple[bytes, int, int]]:
        table = next((s for s in self.sections if s.type == _SYMBOL_TABLE), None)
        if table is None or table.link >= len(self.sections):
            return
        names = self.sections[table.link].offset
        entry = struct.Struct(self._order + ("IBBHQQ" if self._wide else "IIIBBH"))
        content = self._content(table)
        whole = content[: min(len(content) // entry.size, _MAX_SYMBOLS) * entry.size]
        for fields in entry.iter_unpack(whole):
            if self._wide:
                name, info, _, _, address, size = fields
            else:
                name, address, size, info, _, _ = fields
            if info & 15 == _FUNCTION and size and info >> 4 in bindings:
                yield self._text_at(names + name), address, size

    def _content(self, section: Section) -> bytes:
        return self.data[section.offset : section.offset + section.size]

    def _text_at(self, offset: int) -> bytes:
        end = self.data.find(b"\0", offset, offset + 4096)
        return self.data[offset:end] if end >= 0 else b""

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + layout, self.data, offset)


def _is_declared(name: bytes, declared: Container[bytes] | None) -> bool:
    """True when the function, or a part of its mangled C++ name (a length, then that many characters), is among `declared`."""
    if declared is None or name.split(b".")[0] in declared:
        return True
    if not name.startswith(b"_Z"):
        return False
    lengths = re.finditer(rb"(\d{1,3})(?=[A-Za-z_])", name)
    return any(name[m.end() : m.end() + int(m[1])] in declared for m in lengths)
