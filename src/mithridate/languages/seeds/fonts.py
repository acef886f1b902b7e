"""Tiny fonts: a TrueType font of one triangle in its containers, and the headers of the older formats."""

# ruff: noqa: E501 -- sample content reads better unbroken

import struct
import zlib


def _sum32(data: bytes) -> int:
    padded = data.ljust(-(-len(data) // 4) * 4, b"\0")
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF


def truetype() -> bytes:
    """A TrueType font with an empty .notdef and one triangle for "A": every table that a renderer requires."""
    triangle = (
        struct.pack(">hhhhh", 1, 0, 0, 500, 700)
        + struct.pack(">HH", 2, 0)
        + b"\1\1\1"
        + struct.pack(">hhh", 0, 500, -250)
        + struct.pack(">hhh", 0, 0, 700)
    )
    triangle += bytes(-len(triangle) % 4)
    cmap4 = (
        struct.pack(">HHHHHHH", 4, 32, 0, 4, 4, 1, 0)
        + struct.pack(">HHH", 65, 0xFFFF, 0)
        + struct.pack(">HHHHHH", 65, 0xFFFF, (1 - 65) & 0xFFFF, 1, 0, 0)
    )
    text = "T".encode("utf-16-be")
    names = b"".join(struct.pack(">6H", 3, 1, 0x409, i, len(text), 0) for i in (1, 2, 4, 6))
    tables = {
        b"OS/2": struct.pack(">HhHHH", 3, 500, 400, 5, 0).ljust(78, b"\0") + bytes(18),
        b"cmap": struct.pack(">HHHHI", 0, 1, 3, 1, 12) + cmap4,
        b"glyf": triangle,
        b"head": struct.pack(">IIIIHHQQhhhhHHhhh", 0x10000, 0x10000, 0, 0x5F0F3CF5, 3, 1000, 0, 0, 0, 0, 500, 700, 0, 8, 2, 0, 0),
        b"hhea": struct.pack(">IhhhHhhhhhh8xhH", 0x10000, 800, -200, 0, 500, 0, 0, 500, 1, 0, 0, 0, 2),
        b"hmtx": struct.pack(">HhHh", 500, 0, 500, 0),
        b"kern": struct.pack(">HHHHHHHHH", 0, 1, 0, 20, 1, 1, 6, 0, 0) + struct.pack(">HHh", 1, 1, -50),
        b"loca": struct.pack(">HHH", 0, 0, len(triangle) // 2),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x10000, 2, 3, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        b"name": struct.pack(">HHH", 0, 4, 54) + names + text,
        b"post": struct.pack(">IIhhI16x", 0x30000, 0, -100, 50, 0),
    }
    return sfnt(0x10000, tables)


def sfnt(version: int, tables: dict[bytes, bytes]) -> bytes:
    """The sfnt container of TrueType and OpenType fonts."""
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    head = struct.pack(">IHHHH", version, count, power * 16, power.bit_length() - 1, (count - power) * 16)
    offset, body = 12 + 16 * count, b""
    for name, content in sorted(tables.items()):
        head += name + struct.pack(">III", _sum32(content), offset + len(body), len(content))
        body += content.ljust(-(-len(content) // 4) * 4, b"\0")
    return head + body


def samples() -> dict[str, bytes]:
    """Name to content."""
    font = truetype()
    bdf = b"STARTFONT 2.1\nFONT a\nSIZE 8 75 75\nFONTBOUNDINGBOX 8 8 0 0\nSTARTPROPERTIES 1\nFONT_ASCENT 8\nENDPROPERTIES\nCHARS 1\nSTARTCHAR A\nENCODING 65\nSWIDTH 500 0\n"
    bdf += b"DWIDTH 8 0\nBBX 8 2 0 0\nBITMAP\nAA\n55\nENDCHAR\nENDFONT\n"
    type1 = b"%!PS-AdobeFont-1.0: A\n/FontName /A def\n/FontMatrix [0.001 0 0 0.001 0 0] readonly def\n/Encoding StandardEncoding def\n/FontBBox {0 0 9 9} def\ncurrentfile eexec\n"
    type1 += b"0" * 64 + b"\ncleartomark\n"
    return {
        "triangle.ttf": font,
        "collection.ttc": struct.pack(">4sIII", b"ttcf", 0x10000, 1, 16) + _shifted(font, 16),
        "stub.otf": sfnt(
            0x4F54544F,
            {
                b"CFF ": _cff(),
                b"head": font[_at(font, b"head") :][:54],
                b"maxp": struct.pack(">IH", 0x5000, 1),
                b"cmap": font[_at(font, b"cmap") :][:44],
            },
        ),
        "triangle.woff": woff(font),
        "triangle.woff2": woff2(font),
        "bitmap.bdf": bdf,
        "stub.pcf": b"\1fcp" + struct.pack("<IIIII", 1, 1, 0xE, 12, 24) + struct.pack("<III", 0xE, 0, 0),
        "outline.pfa": type1,
        "outline.pfb": b"\x80\1" + struct.pack("<I", len(type1)) + type1 + b"\x80\3",
        "metrics.afm": b"StartFontMetrics 2.0\nFontName A\nStartCharMetrics 1\nC 65 ; WX 500 ; N A ; B 0 0 9 9 ;\nEndCharMetrics\nEndFontMetrics\n",
        "console.psf": b"\x72\xb5\x4a\x86" + struct.pack("<7I", 0, 32, 0, 2, 8, 8, 8) + bytes(16),
    }


def _at(font: bytes, name: bytes) -> int:
    entry = font.index(name, 12)
    place: int = struct.unpack_from(">I", font, entry + 8)[0]
    return place


def _shifted(font: bytes, by: int) -> bytes:
    """The font with its table offsets moved, for embedding in a collection."""
    out = bytearray(font)
    for i in range(struct.unpack_from(">H", font, 4)[0]):
        place = 12 + 16 * i + 8
        struct.pack_into(">I", out, place, struct.unpack_from(">I", font, place)[0] + by)
    return bytes(out)


def _cff() -> bytes:
    """A Compact Font Format set with one glyph."""
    name = b"\0\1\1\1\2A"
    top = b"\x8b\x0f" + b"\x8b\x1d\0\0\0\x04\x12"  # charset 0; a private dictionary of no bytes
    strings, subroutines = b"\0\0", b"\0\0"
    glyphs = b"\0\1\1\1\2\x0e"
    dictionary = b"\x1d" + struct.pack(">i", 0) + b"\x11"
    content = top + dictionary
    start = 4 + len(name) + 5 + len(content) + len(strings) + len(subroutines)
    content = top + b"\x1d" + struct.pack(">i", start) + b"\x11"
    return b"\1\0\4\1" + name + b"\0\1\1\1" + bytes([len(content) + 1]) + content + strings + subroutines + glyphs


def _tables(font: bytes) -> list[tuple[bytes, int, bytes]]:
    """(tag, checksum, content) of each table of an sfnt font, in its order."""
    rows = [struct.unpack_from(">4sIII", font, 12 + 16 * i) for i in range(struct.unpack_from(">H", font, 4)[0])]
    return [(tag, checksum, font[start : start + size]) for tag, checksum, start, size in rows]


def woff(font: bytes) -> bytes:
    """The font as WOFF 1.0 (W3C), tables compressed where that helps."""
    tables = _tables(font)
    offset, index, body = 44 + 20 * len(tables), b"", b""
    for tag, checksum, content in tables:
        packed = min(content, zlib.compress(content), key=len)  # equal sizes mean uncompressed
        index += tag + struct.pack(">IIII", offset + len(body), len(packed), len(content), checksum)
        body += packed + bytes(-len(packed) % 4)
    head = struct.pack(">4sIIHHIHHIIIII", b"wOFF", 0x10000, offset + len(body), len(tables), 0, len(font), 1, 0, 0, 0, 0, 0, 0)
    return head + index + body


def woff2(font: bytes) -> bytes:
    """The font as WOFF 2.0 (W3C) without table transforms, in one uncompressed Brotli block (RFC 7932)."""
    index = data = b""
    for tag, _, content in _tables(font):
        transform = 0xC0 if tag in (b"glyf", b"loca") else 0
        index += bytes([_WOFF2_TAGS[tag] | transform]) + _base128(len(content))
        data += content
    bits = (len(data) - 1) << 4 | 1 << 20  # 64 KiB window; not the last block; 16-bit length; uncompressed
    stream = bits.to_bytes(3, "little") + data + b"\x03"
    padded = -(-(48 + len(index) + len(stream)) // 4) * 4
    fields = (b"wOF2", 0x10000, padded, len(_tables(font)), 0, len(font), len(stream), 1, 0, 0, 0, 0, 0, 0)
    return (struct.pack(">4sIIHHIIHHIIIII", *fields) + index + stream).ljust(padded, b"\0")


def _base128(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


_WOFF2_TAGS = {
    b"cmap": 0,
    b"head": 1,
    b"hhea": 2,
    b"hmtx": 3,
    b"maxp": 4,
    b"name": 5,
    b"OS/2": 6,
    b"post": 7,
    b"glyf": 10,
    b"loca": 11,
    b"kern": 19,
}
