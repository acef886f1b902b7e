"""Tiny pictures in the simple raster and vector formats, made by minimal encoders."""

# ruff: noqa: E501 -- sample content reads better unbroken

import struct
import zlib

WIDTH, HEIGHT = 8, 4
_RGB = bytes((x * 31 + y * 57 + c * 11) & 0xFF for y in range(HEIGHT) for x in range(WIDTH) for c in range(3))
_GRAY = _RGB[::3]


def samples() -> dict[str, bytes]:
    """Name to content."""
    return {**_png_samples(), **_gif_samples(), **_bmp_samples(), **_netpbm_samples(), **_other_samples()}


def png(
    width: int, height: int, depth: int, colour: int, rows: bytes, before: bytes = b"", after: bytes = b"", interlace: int = 0
) -> bytes:
    """A PNG file; `rows` are filtered scanlines, `before` and `after` whole chunks around the image data (W3C PNG)."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))
    return b"\x89PNG\r\n\x1a\n" + header + before + _chunk(b"IDAT", zlib.compress(rows, 9)) + after + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _rows(data: bytes, stride: int, filters: bytes = b"\0") -> bytes:
    lines = [data[i : i + stride] for i in range(0, len(data), stride)]
    return b"".join(bytes([filters[i % len(filters)]]) + line for i, line in enumerate(lines))


def _png_samples() -> dict[str, bytes]:
    palette = _chunk(b"PLTE", bytes(range(48)))
    ancillary = b"".join(
        _chunk(n, c)
        for n, c in (
            (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
            (b"gAMA", struct.pack(">I", 45455)),
            (b"sBIT", b"\x08\x08\x08"),
            (b"bKGD", bytes(6)),
            (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
            (b"tIME", struct.pack(">HBBBBB", 2020, 1, 1, 0, 0, 0)),
            (b"tEXt", b"Title\0text"),
            (b"zTXt", b"Comment\0\0" + zlib.compress(b"compressed")),
            (b"iTXt", b"Author\0\1\0en\0a\0" + zlib.compress(b"text")),
            (b"oFFs", struct.pack(">iiB", 1, 1, 0)),
            (b"sCAL", b"\x011.0\x001.0"),
            (b"pCAL", b"unit\0" + struct.pack(">iiBB", 0, 255, 0, 2) + b"m\x000\x001"),
            (b"eXIf", b"II*\0\x08\0\0\0\0\0\0\0\0\0"),
        )
    )
    profile = _chunk(b"iCCP", b"p\0\0" + zlib.compress(_minimal_profile()))
    small = bytes(32)
    passes = ((1, 1), (1, 1), (2, 1), (4, 1), (4, 2), (8, 2))  # Adam7 of an 8×4 image: width and height of the passes that exist
    adam7 = b"".join((b"\0" + bytes([40 * i] * width)) * height for i, (width, height) in enumerate(passes))
    return {
        "gray8.png": png(8, 4, 8, 0, _rows(_GRAY, 8)),
        "gray1.png": png(8, 4, 1, 0, _rows(b"\xaa\x55\xaa\x55", 1)),
        "gray2.png": png(8, 4, 2, 0, _rows(bytes(8), 2)),
        "gray16.png": png(8, 4, 16, 0, _rows(_GRAY * 2, 16)),
        "rgb.png": png(8, 4, 8, 2, _rows(_RGB, 24, b"\0\1\2\3\4")),
        "rgb16.png": png(8, 4, 16, 2, _rows(_RGB * 2, 48, b"\4\3\2\1")),
        "rgba.png": png(8, 4, 8, 6, _rows(_RGB + small, 32)),
        "gray-alpha.png": png(8, 4, 8, 4, _rows(_GRAY * 2, 16)),
        "palette4.png": png(8, 4, 4, 3, _rows(bytes(16), 4), palette + _chunk(b"tRNS", b"\0\x80\xff")),
        "palette8.png": png(8, 4, 8, 3, _rows(bytes(32), 8), palette + _chunk(b"hIST", bytes(32))),
        "palette1.png": png(8, 4, 1, 3, _rows(b"\xaa" * 4, 1), _chunk(b"PLTE", bytes(6))),
        "interlaced.png": png(8, 4, 8, 0, adam7, interlace=1),
        "chunks.png": png(8, 4, 8, 2, _rows(_RGB, 24), ancillary, _chunk(b"tEXt", b"End\0after")),
        "transparent.png": png(8, 4, 8, 2, _rows(_RGB, 24), _chunk(b"sRGB", b"\0") + _chunk(b"tRNS", bytes(6))),
        "profile.png": png(8, 4, 8, 2, _rows(_RGB, 24), profile),
        "suggested-palette.png": png(8, 4, 8, 0, _rows(_GRAY, 8), _chunk(b"sPLT", b"name\0\x08" + bytes(6) + b"\xff" * 6)),
        "animated.png": _animated_png(),
    }


def _animated_png() -> bytes:
    control = struct.pack(">IIIIIHHBB", 0, 8, 4, 0, 0, 1, 10, 0, 0)
    second = struct.pack(">IIIIIHHBB", 1, 8, 4, 0, 0, 1, 10, 0, 0)
    data = struct.pack(">I", 2) + zlib.compress(_rows(_GRAY[::-1], 8))
    before = _chunk(b"acTL", struct.pack(">II", 2, 0)) + _chunk(b"fcTL", control)
    return png(8, 4, 8, 0, _rows(_GRAY, 8), before, _chunk(b"fcTL", second) + _chunk(b"fdAT", data))


def _minimal_profile() -> bytes:
    head = struct.pack(">I4sI4s4s4s", 132, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + bytes(12) + b"acsp"
    return head.ljust(68, b"\0") + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D) + bytes(48) + struct.pack(">I", 0)


def _gif_samples() -> dict[str, bytes]:
    plain = _gif_image(8, 4, bytes(i % 4 for i in range(32)))
    wait = b"\x21\xf9\x04\x05\x0a\0\x01\0"
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    comment = b"\x21\xfe\x07comment\0"
    text = b"\x21\x01\x0c" + struct.pack("<HHHHBBBB", 0, 0, 8, 4, 4, 4, 0, 1) + b"\x02ab\0"
    local = _gif_image(8, 4, bytes(32), table=bytes(12))
    return {
        "plain87.gif": _gif(b"87a", plain),
        "plain89.gif": _gif(b"89a", wait + plain),
        "animated.gif": _gif(b"89a", loop + wait + plain + wait + _gif_image(4, 2, bytes(8), left=2, top=1)),
        "interlaced.gif": _gif(b"89a", _gif_image(8, 4, bytes(i % 3 for i in range(32)), interlaced=True)),
        "extensions.gif": _gif(b"89a", comment + text + wait + plain),
        "local-colours.gif": _gif(b"89a", local, table=b""),
    }


def _gif(version: bytes, blocks: bytes, table: bytes = bytes(range(12))) -> bytes:
    return b"GIF" + version + struct.pack("<HHBBB", 8, 4, 0x91 if table else 0x11, 0, 0) + table + blocks + b";"


def _gif_image(
    width: int, height: int, pixels: bytes, *, left: int = 0, top: int = 0, interlaced: bool = False, table: bytes = b""
) -> bytes:
    """An image block for 2-bit pixels: 3-bit codes with a clear code before the table could grow."""
    codes: list[int] = []
    for i in range(0, len(pixels), 2):
        codes += [4, *pixels[i : i + 2]]
    number = sum(code << (3 * i) for i, code in enumerate([*codes, 5]))
    data = number.to_bytes((3 * (len(codes) + 1) + 7) // 8, "little")
    flags = (0x40 if interlaced else 0) | (0x81 if table else 0)
    return b"," + struct.pack("<HHHHB", left, top, width, height, flags) + table + b"\x02" + bytes([len(data)]) + data + b"\0"


def bmp(bits: int, pixels: bytes, compression: int = 0, header: int = 40, colours: int = 0, top_down: bool = False) -> bytes:
    """A BMP file with the given information header size (12, 40, 56, 108 or 124 bytes)."""
    if header == 12:
        info = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, bits)
    else:
        height = -HEIGHT if top_down else HEIGHT
        info = struct.pack("<IiiHHIIiiII", header, WIDTH, height, 1, bits, compression, len(pixels), 2835, 2835, colours, 0)
        info = (info + struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)).ljust(header, b"\0") if header > 40 else info
    entry = 3 if header == 12 else 4
    masks = struct.pack("<III", 0x7C00, 0x3E0, 0x1F) if compression == 3 and header == 40 else b""
    table = masks + (bytes(range(entry)) * (colours or 1 << bits) if bits <= 8 else b"")
    start = 14 + len(info) + len(table)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + info + table + pixels


def _bmp_samples() -> dict[str, bytes]:
    rle8 = b"\x04\x01\x04\x02\0\0" * 3 + b"\0\x03\1\2\3\0\5\4\0\1"
    rle4 = b"\x08\x12\0\0" * 3 + b"\0\x04\x12\x34\x04\x56\0\1"
    icon_pixels = bytes(8 * 8 * 4)
    icon_info = struct.pack("<IiiHHIIiiII", 40, 8, 16, 1, 32, 0, len(icon_pixels), 0, 0, 0, 0)
    icon_image = icon_info + icon_pixels + bytes(8 * 4)
    icon = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 8, 8, 0, 0, 1, 32, len(icon_image), 22) + icon_image
    return {
        "one.bmp": bmp(1, b"\xaa\0\0\0" * 4),
        "four.bmp": bmp(4, bytes(16)),
        "eight.bmp": bmp(8, _GRAY),
        "sixteen.bmp": bmp(16, bytes(64), compression=3),
        "true.bmp": bmp(24, _RGB),
        "deep.bmp": bmp(32, bytes(128)),
        "rle8.bmp": bmp(8, rle8, compression=1),
        "rle4.bmp": bmp(4, rle4, compression=2),
        "os2.bmp": bmp(8, _GRAY, header=12),
        "version5.bmp": bmp(32, bytes(128), compression=3, header=124),
        "few-colours.bmp": bmp(8, bytes(32), colours=3),
        "top-down.bmp": bmp(24, _RGB, top_down=True),
        "icon.ico": icon,
        "cursor.cur": b"\0\0\2\0" + icon[4:],
    }


def _netpbm_samples() -> dict[str, bytes]:
    numbers = b" ".join(b"%d" % v for v in _GRAY)
    colours = b" ".join(b"%d" % v for v in _RGB)
    return {
        "plain.pbm": b"P1\n# comment\n8 4\n" + b"1 0 1 0 1 0 1 0\n" * 4,
        "plain.pgm": b"P2\n8 4\n255\n" + numbers + b"\n",
        "plain.ppm": b"P3 8 4 255\n" + colours + b"\n",
        "raw.pbm": b"P4\n8 4\n\xaa\x55\xaa\x55",
        "raw.pgm": b"P5\n8 4\n255\n" + _GRAY,
        "raw.ppm": b"P6\n8 4\n255\n" + _RGB,
        "deep.pgm": b"P5 8 4 65535\n" + _GRAY * 2,
        "rgba.pam": b"P7\nWIDTH 8\nHEIGHT 4\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" + _RGB + _GRAY,
        "float.pfm": b"Pf\n8 4\n-1.0\n" + struct.pack("<32f", *range(32)),
    }


def _other_samples() -> dict[str, bytes]:
    pcx = struct.pack("<BBBBHHHHHH", 10, 5, 1, 8, 0, 0, 7, 3, 72, 72) + bytes(48) + struct.pack("<BBHH", 0, 1, 8, 1)
    pcx = pcx.ljust(128, b"\0") + b"\xc4\x11\xc4\x22" * 4 + b"\x0c" + bytes(768)
    tga = struct.pack("<BBBHHBHHHHBB", 3, 0, 2, 0, 0, 0, 0, 0, 8, 4, 24, 0x20) + b"id!"
    tga_rle = struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, 8, 4, 24, 0) + b"\x87\x10\x20\x30" * 4
    tga_map = struct.pack("<BBBHHBHHHHBB", 0, 1, 1, 0, 4, 24, 0, 0, 8, 4, 8, 0) + bytes(12) + bytes(32)
    xpm = '/* XPM */\nstatic char *x[] = {\n"8 2 2 1",\n"a c #FF0000",\n". c None",\n"aaaa....",\n"....aaaa"};\n'
    raster = struct.pack(">8I", 0x59A66A95, 8, 4, 24, 96, 1, 0, 0) + _RGB
    raster_rle = struct.pack(">8I", 0x59A66A95, 8, 4, 8, 12, 2, 1, 6) + bytes(6) + b"\x80\x07\x11" * 4
    sgi = struct.pack(">HBBHHHHII", 474, 0, 1, 2, 8, 4, 1, 0, 255).ljust(512, b"\0") + _GRAY
    psd = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 4, 8, 8, 3) + struct.pack(">III", 0, 0, 0) + b"\0\0" + _RGB
    webp = _lossless_webp()
    dds = b"DDS " + struct.pack("<7I44xII4s20x5I", 124, 0x1007, 4, 8, 32, 0, 0, 32, 4, b"DXT1", 0x1000, 0, 0, 0, 0) + bytes(16)
    jp2 = (
        struct.pack(">I4sI", 12, b"jP  ", 0x0D0A870A) + struct.pack(">I4s4sI4s", 20, b"ftyp", b"jp2 ", 0, b"jp2 ") + _jp2_header()
    )
    hdr = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 4 +X 8\n" + b"\x80\x40\x20\x81" * 32
    fits = b"".join(
        card.encode().ljust(80) for card in ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 8", "NAXIS2  = 4", "END")
    )
    svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><path d="M0 0L8 8z" fill="#f00"/></svg>\n'
    return {
        "eight.pcx": pcx,
        "true.tga": tga + _RGB,
        "rle.tga": tga_rle,
        "palette.tga": tga_map,
        "bits.xbm": b"#define x_width 8\n#define x_height 2\nstatic char x_bits[] = {\n 0x55, 0xaa };\n",
        "two.xpm": xpm.encode(),
        "true.ras": raster,
        "rle.ras": raster_rle,
        "gray.sgi": sgi,
        "rgb.psd": psd,
        "lossless.webp": b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp,
        "dxt1.dds": dds,
        "boxes.jp2": jp2,
        "radiance.hdr": hdr,
        "image.fits": fits.ljust(2880) + _GRAY.ljust(2880, b"\0"),
        "shape.svg": svg,
    }


def _lossless_webp() -> bytes:
    """A VP8L chunk: size, no transform, no cache, one group of five prefix codes of one 8-bit symbol each (so pixels take no bits)."""
    fields = [(WIDTH - 1, 14), (HEIGHT - 1, 14), (1, 1), (0, 3), (0, 1), (0, 1), (0, 1)]
    for symbol in (200, 100, 50, 255, 0):
        fields += [(1, 1), (0, 1), (1, 1), (symbol, 8)]
    number = shift = 0
    for value, bits in fields:
        number |= value << shift
        shift += bits
    stream = b"\x2f" + number.to_bytes((shift + 7) // 8, "little")
    return b"VP8L" + struct.pack("<I", len(stream)) + stream + bytes(len(stream) & 1)


def _jp2_header() -> bytes:
    image = struct.pack(">I4sIIHBBBB", 22, b"ihdr", 4, 8, 1, 7, 7, 0, 0)
    colour = struct.pack(">I4sBBBI", 15, b"colr", 1, 0, 0, 17)
    size = struct.pack(">HHHIIIIIIIIHBBB", 0xFF51, 41, 0, 8, 4, 0, 0, 8, 4, 0, 0, 1, 7, 1, 1)
    coding = struct.pack(">HHBBHBBBBBB", 0xFF52, 12, 0, 0, 1, 0, 0, 4, 4, 0, 1)
    quantise = struct.pack(">HHBB", 0xFF5C, 4, 0x40, 0x40)
    tile = struct.pack(">HHHIBB", 0xFF90, 10, 0, 15, 0, 1) + b"\xff\x93\x00"
    stream = b"\xff\x4f" + size + coding + quantise + tile + b"\xff\xd9"
    header = struct.pack(">I4s", 8 + len(image) + len(colour), b"jp2h") + image + colour
    return header + struct.pack(">I4s", 8 + len(stream), b"jp2c") + stream
