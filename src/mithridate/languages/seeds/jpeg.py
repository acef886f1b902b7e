"""Tiny JPEG files (ITU-T T.81): flat images in the standard Huffman tables, with the usual marker segments around them."""

# ruff: noqa: E501 -- sample content reads better unbroken

import struct

_DC_BITS = bytes([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
_DC_VALUES = bytes(range(12))
_AC_BITS = bytes([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125])
_AC_VALUES = bytes.fromhex(
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748"
    "494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3"
    "c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
)
_DC_CODE = {0: "00", 4: "101"}
_END_OF_BLOCK = "1010"


def samples() -> dict[str, bytes]:
    """Name to content."""
    exif = _segment(0xE1, b"Exif\0\0" + tiny_exif())
    profile = _segment(0xE2, b"ICC_PROFILE\0\1\1" + b"\0\0\0\x80" + bytes(124))
    adobe = _segment(0xEE, b"Adobe\0\x64\0\0\0\0\2")
    return {
        "gray.jpg": baseline(16, 8, 1),
        "colour.jpg": baseline(16, 16, 3),
        "colour-420.jpg": baseline(16, 16, 3, sampling=2),
        "restart.jpg": baseline(32, 8, 1, restart=2),
        "progressive.jpg": baseline(16, 8, 1, progressive=True),
        "cmyk.jpg": baseline(16, 8, 4, extra=adobe),
        "exif.jpg": baseline(16, 8, 3, extra=exif + profile),
        "comment.jpg": baseline(
            16, 8, 1, extra=_segment(0xFE, b"a comment") + _segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\0")
        ),
    }


def baseline(
    width: int, height: int, channels: int, *, sampling: int = 1, restart: int = 0, progressive: bool = False, extra: bytes = b""
) -> bytes:
    """A flat image of `width` by `height` pixels; `sampling` 2 halves the chroma; `restart` is the interval in blocks, 0 for none."""
    factors = [sampling * 17] + [17] * (channels - 1)
    parts = b"".join(bytes([i + 1, f, 0]) for i, f in enumerate(factors))
    frame = struct.pack(">BHHB", 8, height, width, channels) + parts
    scan = bytes([channels]) + b"".join(bytes([i + 1, 0]) for i in range(channels)) + (b"\0\0\0" if progressive else b"\0\x3f\0")
    units = -(-width // (8 * sampling)) * -(-height // (8 * sampling))
    tables = _segment(0xDB, b"\0" + bytes([8] * 64)) + _segment(0xC2 if progressive else 0xC0, frame)
    tables += _segment(0xC4, b"\0" + _DC_BITS + _DC_VALUES) + _segment(0xC4, b"\x10" + _AC_BITS + _AC_VALUES)
    if restart:
        tables += _segment(0xDD, struct.pack(">H", restart))
    jfif = _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    return b"\xff\xd8" + jfif + extra + tables + _segment(0xDA, scan) + _scan(units, factors, restart, progressive) + b"\xff\xd9"


def tiny_exif() -> bytes:
    """A TIFF structure as EXIF uses it: one directory, an EXIF sub-directory and a GPS sub-directory."""
    sub = 8 + 2 + 4 * 12 + 4
    gps = sub + 2 + 12 + 4
    first = struct.pack("<HHI4s", 0x10F, 2, 4, b"abc\0") + struct.pack("<HHIHH", 0x112, 3, 1, 1, 0)
    first += struct.pack("<HHII", 0x8769, 4, 1, sub) + struct.pack("<HHII", 0x8825, 4, 1, gps)
    exif = struct.pack("<H", 1) + struct.pack("<HHI4s", 0x9000, 7, 4, b"0230") + bytes(4)
    location = struct.pack("<H", 1) + struct.pack("<HHI4B", 0, 1, 4, 2, 3, 0, 0) + bytes(4)
    return b"II*\0" + struct.pack("<IH", 8, 4) + first + bytes(4) + exif + location


def _scan(units: int, factors: list[int], restart: int, progressive: bool) -> bytes:
    out = bytearray()
    blocks = [f & 15 for f in factors]
    first = True
    bits = ""
    for unit in range(units):
        if restart and unit and unit % restart == 0:
            out += _stuffed(bits) + bytes([0xFF, 0xD0 + (unit // restart - 1) % 8])
            bits, first = "", True
        for factor in blocks:
            for _ in range(factor * factor):
                bits += (_DC_CODE[4] + "1010" if first else _DC_CODE[0]) + ("" if progressive else _END_OF_BLOCK)
                first = False
    return bytes(out) + _stuffed(bits)


def _stuffed(bits: str) -> bytes:
    padded = bits.ljust(-(-len(bits) // 8) * 8, "1")
    return int(padded, 2).to_bytes(len(padded) // 8, "big").replace(b"\xff", b"\xff\0") if padded else b""


def _segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
