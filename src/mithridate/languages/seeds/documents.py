"""Tiny documents and databases."""

# ruff: noqa: E501 -- sample content reads better unbroken

import sqlite3
import struct


def samples() -> dict[str, bytes]:
    """Name to content."""
    return {**_pages(), **_databases()}


def _pdf(*objects: bytes, trailer: bytes = b"/Root 1 0 R") -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return bytes(out) + b"trailer\n<</Size %d %s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<" + entries + b"/Length %d>>\nstream\n" % len(content) + content + b"\nendstream"


def _pages() -> dict[str, bytes]:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/XObject<</I 6 0 R>>>>>>"
    drawing = _stream(
        b"BT /F 12 Tf 9 9 Td (text) Tj [(a) -9 (b)] TJ ET q 9 0 0 9 0 0 cm /I Do Q 0 0 m 9 9 l S 1 0 0 rg 1 1 5 5 re f"
    )
    image = _stream(
        b"FF8000>", b"/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/ASCIIHexDecode"
    )
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    kids = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    catalog = b"<</Type/Catalog/Pages 2 0 R/Outlines 7 0 R/AcroForm<</Fields[]>>/Names<</Dests<</Names[(a)[3 0 R/Fit]]>>>>>>"
    outline = b"<</Type/Outlines/Count 0>>"
    post_script = b"%!PS-Adobe-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n/f {2 copy moveto lineto} def\n/Helvetica findfont 12 scalefont setfont\n"
    post_script += b"9 9 moveto (text) show 0 1 3 {dup mul pop} for\n<< /a [1 2.5 (s) <48>] >> pop gsave 1 0 0 setrgbcolor 0 0 9 9 rectfill grestore\nshowpage\n%%EOF\n"
    return {
        "page.pdf": _pdf(
            catalog, kids, page, drawing, font, image, outline, trailer=b"/Root 1 0 R/Info<</Title(t)>>/ID[<00><00>]"
        ),
        "empty.pdf": _pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"),
        "page.ps": post_script,
        "figure.eps": post_script.replace(b"PS-Adobe-3.0", b"PS-Adobe-3.0 EPSF-3.0").replace(b"showpage\n", b""),
        "compound.doc": _compound(),
        "help.chm": b"ITSF"
        + struct.pack("<IIIII", 3, 96, 1, 0, 0x409)
        + bytes(32)
        + struct.pack("<QQQQ", 96, 24, 120, 84)
        + bytes(120),
        "metafile.wmf": b"\xd7\xcd\xc6\x9a\0\0\0\0\0\0\x09\0\x09\0\x60\0\0\0\0\0\xab\x51"
        + b"\1\0\x09\0\0\3\x10\0\0\0\0\0\4\0\0\0\0\0"
        + b"\4\0\0\0\x2d\1\0\0\3\0\0\0\0\0",
        "metafile.emf": _emf(),
        "page.djvu": b"AT&TFORM" + struct.pack(">I", 22) + b"DJVUINFO" + struct.pack(">IHHBBHBB", 10, 8, 4, 24, 0, 300, 22, 1),
        "device.dvi": b"\xf7\2"
        + struct.pack(">III", 25400000, 473628672, 1000)
        + b"\1a"
        + b"\x8b"
        + bytes(40)
        + b"\xff\xff\xff\xff"
        + b"\x8c\xf8"
        + struct.pack(">I", 17)
        + struct.pack(">IIIIIHH", 25400000, 473628672, 1000, 0, 0, 1, 1)
        + b"\xf9"
        + struct.pack(">I", 63)
        + b"\2\xdf\xdf\xdf\xdf\xdf\xdf",
        "printer.pcl": b"\x1bE\x1b&l1O\x1b*t300R\x1b*r1A\x1b*b2W\xaa\x55\x1b*rBtext\x0c\x1bE",
    }


def _compound() -> bytes:
    """An OLE2 compound file: header, one allocation sector, one directory sector."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += (
        struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0) + b"\xff" * (108 * 4)
    )
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    root = "Root Entry".encode("utf-16-le").ljust(64, b"\0") + struct.pack(
        "<HBBIII", 22, 5, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF
    )
    root = root.ljust(116, b"\0") + struct.pack("<III", 0xFFFFFFFE, 0, 0)
    return header + table + root.ljust(512, b"\0")


def _emf() -> bytes:
    head = struct.pack(
        "<II4i4iIIIIHHIIIiiii", 1, 88, 0, 0, 7, 3, 0, 0, 99, 99, 0x464D4520, 0x10000, 108, 2, 1, 0, 0, 0, 0, 8, 4, 8, 4
    )
    return head + struct.pack("<IIIII", 14, 20, 0, 16, 20)


def _databases() -> dict[str, bytes]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(
            "PRAGMA page_size=512; VACUUM; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX i ON t(b); INSERT INTO t VALUES(1,'x'),(2,NULL);"
        )
        sqlite = connection.serialize()
    finally:
        connection.close()
    dbf = (
        struct.pack("<BBBBIHH20x", 3, 20, 1, 1, 1, 65, 5)
        + b"NAME".ljust(11, b"\0")
        + b"C"
        + bytes(4)
        + b"\4"
        + bytes(15)
        + b"\x0d"
        + b" text\x1a"
    )
    gdbm = struct.pack("<IIIIII", 0x13579ACE, 512, 0, 0, 4, 0)
    return {
        "rows.sqlite": sqlite,
        "rows.dbf": dbf,
        "rows.gdbm": gdbm.ljust(512, b"\0"),
        "catalog.mo": struct.pack("<7I", 0x950412DE, 0, 1, 28, 36, 0, 44) + struct.pack("<IIII", 1, 44, 1, 46) + b"a\0b\0",
        "netcdf.nc": b"CDF\1"
        + struct.pack(">I", 0)
        + struct.pack(">II", 10, 1)
        + struct.pack(">I4sI", 1, b"x\0\0\0", 2)
        + bytes(16),
        "rows.h5": b"\x89HDF\r\n\x1a\n"
        + struct.pack("<BBBBBBBBHHI", 0, 0, 0, 0, 0, 8, 8, 0, 4, 16, 0)
        + struct.pack("<QQQQ", 0, 2**64 - 1, 96, 2**64 - 1),
        "shape.shp": struct.pack(">I20xI", 9994, 64)
        + struct.pack("<II8d", 1000, 1, 0, 0, 1, 1, 0, 0, 0, 0)
        + struct.pack(">II", 1, 10)
        + struct.pack("<Idd", 1, 0.5, 0.5),
        "matrix.mat": b"MATLAB 5.0 MAT-file".ljust(124)
        + struct.pack("<H2s", 0x100, b"IM")
        + struct.pack("<II", 14, 56)
        + struct.pack("<IIIIIiiIIIId", 6, 8, 6, 0, 5, 8, 1, 1, 1, 1, 97, 0.0),
        "object.pickle": b"\x80\x04]\x94(K\x01\x8c\x01a\x94e.",
        "time.tzif": b"TZif2"
        + bytes(15)
        + struct.pack(">6I", 0, 0, 0, 0, 1, 4)
        + struct.pack(">iBB", 0, 0, 0)
        + b"UTC\0"
        + b"TZif2"
        + bytes(15)
        + struct.pack(">6I", 0, 0, 0, 0, 1, 4)
        + struct.pack(">iBB", 0, 0, 0)
        + b"UTC\0\nUTC0\n",
        "module.wasm": b"\0asm\1\0\0\0\1\5\1\x60\0\1\x7f\3\2\1\0\7\5\1\1f\0\0\x0a\6\1\4\0\x41\x2a\x0b",
        "chunk.luac": b"\x1bLua\x53\0\x19\x93\r\n\x1a\n\4\x08\4\x08\x08" + struct.pack("<qd", 0x5678, 370.5) + b"\1",
        "class.class": struct.pack(">IHHH", 0xCAFEBABE, 0, 52, 5)
        + b"\7\0\2\1\0\1A\7\0\4\1\0\x10java/lang/Object"
        + struct.pack(">HHHHHHH", 0x21, 1, 3, 0, 0, 0, 0),
        "code.dex": b"dex\n035\0" + bytes(24) + struct.pack("<III", 112, 112, 0x12345678) + bytes(68),
        "code.bc": b"BC\xc0\xde\x35\x14\0\0\5\0\0\0",
        "game.nes": b"NES\x1a\1\1\0\0" + bytes(24),
        "code.spv": struct.pack("<5I", 0x07230203, 0x10000, 0, 1, 0)
        + struct.pack("<II", 0x20011, 1)
        + struct.pack("<III", 0x3000E, 0, 1),
        "table.gsf": b"PSF\x01" + bytes(12),
    }
