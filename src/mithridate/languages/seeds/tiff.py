"""Tiny TIFF files of many shapes (TIFF 6.0, its technical notes, and the tag registry), made by a minimal encoder."""

import lzma
import struct
import zlib
from dataclasses import dataclass, field
from itertools import product

from mithridate.languages.seeds.jpeg import baseline

Value = int | bytes | tuple[int, ...]

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 1, 2, 3, 4, 5, 7
_SIZES = {
    _BYTE: 1,
    _ASCII: 1,
    _SHORT: 2,
    _LONG: 4,
    _RATIONAL: 8,
    _UNDEFINED: 1,
    6: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
}
_FORMATS = {_BYTE: "B", 6: "b", _SHORT: "H", 8: "h", _LONG: "I", 9: "i", 13: "I", 16: "Q"}

WIDTH, HEIGHT = 16, 8


@dataclass(slots=True)
class Directory:
    """One image: its strips or tiles as encoded, and its tags as {tag: (type, values)}."""

    blocks: list[bytes]
    tags: dict[int, tuple[int, Value]] = field(default_factory=dict)
    tiled: bool = False


def samples() -> dict[str, bytes]:
    """Name to content; every file is a well-formed container, exotic compressions hold short but decodable streams."""
    made = {f"tiff-{name}.tif": encode([directory]) for name, directory in _directories().items()}
    gray = gray8(b"raw")
    made["tiff-be.tif"] = encode([gray], order=">")
    made["tiff-big.tif"] = encode([gray], big=True)
    made["tiff-be-big.tif"] = encode([gray], order=">", big=True)
    made["tiff-multi.tif"] = encode([gray, _bilevel(4), _rgb(5)])
    made["tiff-be-lzw.tif"] = encode([_rgb(5)], order=">")
    made["tiff-be-16.tif"] = encode([_sixteen()], order=">")
    return made


def encode(directories: list[Directory], order: str = "<", big: bool = False) -> bytes:
    """The bytes of a TIFF or BigTIFF file: header, then for each directory its blocks, long values and entries."""
    word, size = ("Q", 8) if big else ("I", 4)
    header = (b"II" if order == "<" else b"MM") + (struct.pack(order + "HHH", 43, 8, 0) if big else struct.pack(order + "H", 42))
    out = bytearray(header + bytes(size))
    link = len(header)
    for directory in directories:
        offsets = []
        for block in directory.blocks:
            offsets.append(len(out))
            out += block + bytes(len(block) & 1)
        tags = dict(directory.tags)
        where, how_long = (324, 325) if directory.tiled else (273, 279)
        tags[where] = (_LONG, tuple(offsets))
        tags[how_long] = (_LONG, tuple(len(b) for b in directory.blocks))
        entries = bytearray()
        for tag, (kind, value) in sorted(tags.items()):
            data = _packed(order, kind, value)
            if len(data) > size:
                pointer = len(out)
                out += data + bytes(len(data) & 1)
                data = struct.pack(order + word, pointer)
            count = len(_packed(order, kind, value)) // _SIZES[kind]
            entries += struct.pack(order + "HH" + word, tag, kind, count) + data.ljust(size, b"\0")
        struct.pack_into(order + word, out, link, len(out))
        out += struct.pack(order + ("Q" if big else "H"), len(tags)) + entries
        link = len(out)
        out += bytes(size)
    return bytes(out)


def gray8(content: bytes) -> Directory:
    """A plain 8-bit grey image, described by `content` in its ImageDescription."""
    directory = _image([_ramp(8, 1)], bits=(8,), photometric=1)
    directory.tags[270] = (_ASCII, content + b"\0")
    return directory


def _packed(order: str, kind: int, value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    values = value if isinstance(value, tuple) else (value,)
    if kind in (_RATIONAL, 10):
        return struct.pack(f"{order}{len(values)}I", *values)
    return struct.pack(f"{order}{len(values)}{_FORMATS[kind]}", *values)


def _image(
    blocks: list[bytes], *, bits: tuple[int, ...], photometric: int, compression: int = 1, rows: int = HEIGHT, **more: int
) -> Directory:
    tags: dict[int, tuple[int, Value]] = {
        254: (_LONG, 0),
        256: (_SHORT, WIDTH),
        257: (_SHORT, HEIGHT),
        258: (_SHORT, bits),
        259: (_SHORT, compression),
        262: (_SHORT, photometric),
        274: (_SHORT, 1),
        277: (_SHORT, len(bits)),
        278: (_SHORT, rows),
        282: (_RATIONAL, (72, 1)),
        283: (_RATIONAL, (72, 1)),
        284: (_SHORT, more.get("planar", 1)),
        296: (_SHORT, 2),
    }
    return Directory(blocks, tags)


def _ramp(bits: int, channels: int) -> bytes:
    """Pixel data of one image with some structure in it."""
    return bytes((x * 5 + y * 17) & 0xFF for y in range(HEIGHT) for x in range(WIDTH * bits * channels // 8))


def _directories() -> dict[str, Directory]:
    made = {
        "bilevel": _bilevel(1),
        "ccitt-rle": _bilevel(2),
        "ccitt-g3": _bilevel(3),
        "ccitt-g4": _bilevel(4),
        "ccitt-rlew": _bilevel(32771),
        "gray4": _image([_ramp(4, 1)], bits=(4,), photometric=1),
        "gray2": _image([_ramp(2, 1)], bits=(2,), photometric=0),
        "gray8": gray8(b"grey"),
        "gray16": _sixteen(),
        "gray32": _image([_ramp(32, 1)], bits=(32,), photometric=1),
        "float": _floats(),
        "cmyk": _image([_ramp(8, 4)], bits=(8,) * 4, photometric=5),
        "rgba": _with(_image([_ramp(8, 4)], bits=(8,) * 4, photometric=2), {338: (_SHORT, 2)}),
        "planar": _image([_ramp(8, 1)] * 3, bits=(8,) * 3, photometric=2, planar=2),
        "strips": _image([_ramp(8, 1)[i : i + 32] for i in range(0, 128, 32)], bits=(8,), photometric=1, rows=2),
        "lab": _image([_ramp(8, 3)], bits=(8,) * 3, photometric=8),
        "ycbcr": _ycbcr(),
        "ycbcr22": _ycbcr(across=2, down=2),
        "palette8": _palette(8),
        "palette4": _palette(4),
        "palette1": _palette(1),
        "metadata": _metadata(),
        "jpeg": _jpeg(),
        "old-jpeg": _old_jpeg(),
        "next": _image(
            [b"\0" + b"\x1b\xe4\x1b\xe4" + (b"\0" + b"\xff\0\xff\0") * 7], bits=(2,), photometric=1, compression=32766
        ),
        "thunder": _image([bytes([0xC1, 0x0F] * HEIGHT)], bits=(4,), photometric=1, compression=32809),
        "pixarlog": _image([zlib.compress(_ramp(16, 1))], bits=(8,), photometric=1, compression=32909),
        "sgilog": _image([bytes([0x8E, 0x10]) * 2 * HEIGHT], bits=(16,), photometric=32844, compression=34676),
        "lzma": _image([lzma.compress(_ramp(8, 1))], bits=(8,), photometric=1, compression=34925),
    }
    for (name, compression), shape in product(
        (("packbits", 32773), ("lzw", 5), ("deflate", 8), ("adobe-deflate", 32946)), ("gray", "rgb")
    ):
        made[f"{shape}-{name}"] = _rgb(compression) if shape == "rgb" else _gray(compression)
    for compression, name in ((1, "raw"), (5, "lzw"), (8, "deflate")):
        made[f"tiled-{name}"] = _tiled(compression)
    for compression, name in ((5, "lzw"), (8, "deflate")):
        made[f"predictor-{name}"] = _with(_rgb(compression), {317: (_SHORT, 2)})
    return made


def _with(directory: Directory, tags: dict[int, tuple[int, Value]]) -> Directory:
    directory.tags.update(tags)
    return directory


def _compressed(data: bytes, compression: int) -> bytes:
    if compression == 5:
        return lzw(data)
    if compression in (8, 32946):
        return zlib.compress(data)
    return pack_bits(data) if compression == 32773 else data


def _gray(compression: int) -> Directory:
    return _image([_compressed(_ramp(8, 1), compression)], bits=(8,), photometric=1, compression=compression)


def _rgb(compression: int) -> Directory:
    return _image([_compressed(_ramp(8, 3), compression)], bits=(8,) * 3, photometric=2, compression=compression)


def _sixteen() -> Directory:
    return _image([_ramp(16, 1)], bits=(16,), photometric=1)


def _floats() -> Directory:
    pixels = struct.pack(f"<{WIDTH * HEIGHT}f", *(i / 10 for i in range(WIDTH * HEIGHT)))
    return _with(_image([pixels], bits=(32,), photometric=1), {339: (_SHORT, 3)})


def _palette(bits: int) -> Directory:
    colours = tuple((i * 65535 // ((1 << bits) - 1)) & 0xFFFF for _ in range(3) for i in range(1 << bits))
    return _with(_image([_ramp(bits, 1)], bits=(bits,), photometric=3), {320: (_SHORT, colours)})


def _bilevel(compression: int) -> Directory:
    """White 4, black 8, white 4 in each row, in the codes of ITU-T T.4 and T.6."""
    run = "1011" + "000101" + "1011"
    eol = "000000000001"
    if compression in (2, 32771):
        data = _bits(run) * HEIGHT
    elif compression == 3:
        data = _bits(eol + (run + eol) * HEIGHT)
    elif compression == 4:
        horizontal = "001" + "1011" + "000101"
        data = _bits(horizontal + "1" + "111" * (HEIGHT - 1) + eol + eol)
    else:
        data = b"\x0f\xf0" * HEIGHT
    directory = _image([data], bits=(1,), photometric=0, compression=compression)
    if compression == 3:
        directory.tags[292] = (_LONG, 0)
    elif compression == 4:
        directory.tags[293] = (_LONG, 0)
    return directory


def _ycbcr(across: int = 1, down: int = 1) -> Directory:
    units = (WIDTH // across) * (HEIGHT // down)
    unit = bytes(range(100, 100 + across * down)) + b"\x80\x70"
    tags: dict[int, tuple[int, Value]] = {
        530: (_SHORT, (across, down)),
        532: (_RATIONAL, (0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1)),
    }
    return _with(_image([unit * units], bits=(8,) * 3, photometric=6), tags)


def _tiled(compression: int) -> Directory:
    tile = _compressed(bytes(range(256)), compression)
    directory = _image([tile, tile], bits=(8,), photometric=1, compression=compression)
    directory.tiled = True
    del directory.tags[278]
    return _with(directory, {256: (_SHORT, 20), 257: (_SHORT, 12), 322: (_SHORT, 16), 323: (_SHORT, 16)})


def _jpeg() -> Directory:
    return _image([baseline(WIDTH, HEIGHT, 1)], bits=(8,), photometric=1, compression=7)


def _old_jpeg() -> Directory:
    """The whole JPEG file as the only strip, named again by JPEGInterchangeFormat (the first block stands at offset 8)."""
    stream = baseline(WIDTH, HEIGHT, 3)
    directory = _image([stream], bits=(8,) * 3, photometric=6, compression=6)
    return _with(directory, {512: (_SHORT, 1), 513: (_LONG, 8), 514: (_LONG, len(stream)), 530: (_SHORT, (1, 1))})


def _metadata() -> Directory:
    """A grey image with text, colour profile, private, EXIF-like and GPS-like tags of several types."""
    tags: dict[int, tuple[int, Value]] = {
        269: (_ASCII, b"document\0"),
        271: (_ASCII, b"maker\0"),
        272: (_ASCII, b"model\0"),
        285: (_ASCII, b"page\0"),
        297: (_SHORT, (0, 1)),
        305: (_ASCII, b"software\0"),
        306: (_ASCII, b"2020:01:01 00:00:00\0"),
        315: (_ASCII, b"artist\0"),
        316: (_ASCII, b"host\0"),
        318: (_RATIONAL, (3127, 10000, 3290, 10000)),
        319: (_RATIONAL, (64, 100, 33, 100, 30, 100, 60, 100, 15, 100, 6, 100)),
        301: (_SHORT, tuple(range(0, 65536, 256))),
        333: (_ASCII, b"cyan\0magenta\0"),
        336: (_BYTE, (0, 255)),
        700: (_BYTE, b"<x:xmpmeta/>"),
        33432: (_ASCII, b"(c)\0"),
        33723: (_UNDEFINED, b"\x1c\x02\x05\x00\x01t"),
        34377: (_UNDEFINED, b"8BIM\x04\x04\0\0\0\0\0\0"),
        65000: (_UNDEFINED, b"private"),
    }
    return _with(gray8(b"with metadata"), tags)


def _bits(text: str) -> bytes:
    padded = text.ljust(-(-len(text) // 8) * 8, "0")
    return int(padded, 2).to_bytes(len(padded) // 8, "big")


def pack_bits(data: bytes) -> bytes:
    """Apple's PackBits: one repeated run where a block of 128 is uniform, else literals."""
    out = bytearray()
    for i in range(0, len(data), 128):
        block = data[i : i + 128]
        uniform = len(set(block)) == 1 and len(block) > 1
        out += bytes([257 - len(block), block[0]]) if uniform else bytes([len(block) - 1]) + block
    return bytes(out)


def lzw(data: bytes) -> bytes:
    """TIFF's LZW (most significant bit first, early change) without table use beyond 9 bits: a clear code every 200 bytes."""
    codes: list[int] = []
    for i in range(0, len(data), 200):
        codes += [256, *data[i : i + 200]]
    return _bits("".join(f"{c:09b}" for c in [*codes, 257]))
