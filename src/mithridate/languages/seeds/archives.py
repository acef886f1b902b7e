"""Tiny archives and compressed files, most of them made by the standard library."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

_TEXT = b"hello hello hello\n"
_DATE = (2020, 1, 1, 0, 0, 0)


def samples() -> dict[str, bytes]:
    """Name to content."""
    return {**_zips(), **_tars(), **_streams(), **_others()}


def _zip(*members: tuple[str, bytes, int], comment: bytes = b"", extra: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content, method in members:
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type, entry.extra = method, extra
            archive.writestr(entry, content)
        archive.comment = comment
    return out.getvalue()


def _zips() -> dict[str, bytes]:
    stored, deflated = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
    mixed = _zip(("a.txt", _TEXT, stored), ("dir/", b"", stored), ("dir/b.txt", _TEXT * 4, deflated), comment=b"comment")
    plain = _zip(("a.txt", _TEXT, stored))
    encrypted = bytearray(plain)
    central = plain.index(b"PK\1\2")
    encrypted[6] |= 1
    encrypted[central + 8] |= 1
    return {
        "stored.zip": plain,
        "mixed.zip": mixed,
        "deflated.zip": _zip(("README", _TEXT * 8, deflated)),
        "bzip2.zip": _zip(("a", _TEXT, zipfile.ZIP_BZIP2)),
        "lzma.zip": _zip(("a", _TEXT, zipfile.ZIP_LZMA)),
        "empty.zip": _zip(),
        "empty-member.zip": _zip(("empty", b"", deflated)),
        "encrypted.zip": bytes(encrypted),
        "descriptor.zip": _with_descriptor(),
        "wide.zip": _zip64(),
        "extra.zip": _zip(("a", _TEXT, stored), extra=b"UT\x05\0\x01\0\0\0\0ux\x0b\0\1\4\0\0\0\0\4\0\0\0\0"),
        "package.jar": _zip(("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n", deflated)),
        "document.docx": _zip(
            ("[Content_Types].xml", b'<?xml version="1.0"?><Types/>', deflated), ("word/document.xml", b"<w:document/>", deflated)
        ),
        "document.odt": _zip(
            ("mimetype", b"application/vnd.oasis.opendocument.text", stored), ("content.xml", b"<a/>", deflated)
        ),
        "book.epub": _zip(("mimetype", b"application/epub+zip", stored), ("META-INF/container.xml", b"<container/>", deflated)),
    }


def _with_descriptor() -> bytes:
    """A member whose sizes follow its data, as a streaming writer makes it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packer.compress(_TEXT) + packer.flush()
    sums = struct.pack("<III", zlib.crc32(_TEXT), len(data), len(_TEXT))
    local = struct.pack("<4sHHHHH12xHH", b"PK\3\4", 20, 8, 8, 0, 0x5021, 1, 0) + b"s" + data + b"PK\7\x08" + sums
    central = (
        struct.pack("<4sHHHHHH", b"PK\1\2", 20, 20, 8, 8, 0, 0x5021) + sums + struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0) + b"s"
    )
    return local + central + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)


def _zip64() -> bytes:
    wide = struct.pack("<HHQQ", 1, 16, len(_TEXT), len(_TEXT))
    crc = zlib.crc32(_TEXT)
    local = (
        struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 45, 0, 0, 0, 0x5021, crc, 0xFFFFFFFF, 0xFFFFFFFF, 1, len(wide))
        + b"w"
        + wide
        + _TEXT
    )
    more = struct.pack("<HHQQQ", 1, 24, len(_TEXT), len(_TEXT), 0)
    central = struct.pack(
        "<4sHHHHHHIIIHHHHHII",
        b"PK\1\2",
        45,
        45,
        0,
        0,
        0,
        0x5021,
        crc,
        0xFFFFFFFF,
        0xFFFFFFFF,
        1,
        len(more),
        0,
        0,
        0,
        0,
        0xFFFFFFFF,
    )
    central += b"w" + more
    end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(central), len(local))
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(local) + len(central), 1)
    return local + central + end + locator + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def _tar(kind: int, long_name: bool = False) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind, bufsize=10240) as archive:
        name = "long/" * 30 + "file" if long_name else "file.txt"
        member = tarfile.TarInfo(name)
        member.size = len(_TEXT)
        archive.addfile(member, io.BytesIO(_TEXT))
        for link_type, link in ((tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "hard"), (tarfile.DIRTYPE, "dir")):
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = link_type, "" if link == "dir" else name[:90]
            archive.addfile(entry)
    return out.getvalue()[: -(-len(out.getvalue().rstrip(b"\0")) // 512) * 512 + 1024]


def _tars() -> dict[str, bytes]:
    plain = _tar(tarfile.USTAR_FORMAT)
    return {
        "ustar.tar": plain,
        "gnu.tar": _tar(tarfile.GNU_FORMAT, long_name=True),
        "pax.tar": _tar(tarfile.PAX_FORMAT, long_name=True),
        "sparse.tar": _sparse(),
        "packed.tar.gz": gzip.compress(plain, mtime=0),
        "packed.tgz": gzip.compress(_tar(tarfile.GNU_FORMAT), mtime=0),
        "packed.tar.bz2": bz2.compress(plain),
        "packed.tar.xz": lzma.compress(plain),
    }


def _sparse() -> bytes:
    """An old GNU sparse member: 5 bytes of data at offset 512 of a 1024-byte file."""
    header = bytearray(512)
    header[0:6] = b"sparse"
    for offset, text in (
        (100, b"0000644\0"),
        (108, b"0000000\0"),
        (116, b"0000000\0"),
        (124, b"00000000005\0"),
        (136, b"00000000000\0"),
    ):
        header[offset : offset + len(text)] = text
    header[156:157] = b"S"
    header[257:265] = b"ustar  \0"
    header[386:410] = b"00000001000\x0000000000005\0"
    header[483:495] = b"00000002000\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"hello".ljust(512, b"\0") + bytes(1024)


def _streams() -> dict[str, bytes]:
    named = b"\x1f\x8b\x08\x1e\0\0\0\0\x02\x03\x04\0ab\0\0name\0comment\0"
    named += struct.pack("<H", zlib.crc32(named) & 0xFFFF)
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = raw.compress(_TEXT) + raw.flush()
    literals = bytes([len(_TEXT) << 4]) if len(_TEXT) < 15 else bytes([0xF0, len(_TEXT) - 15])
    block = literals + _TEXT
    snappy = bytes([len(_TEXT), (len(_TEXT) - 1) << 2]) + _TEXT
    return {
        "text.gz": gzip.compress(_TEXT, mtime=0),
        "stored.gz": gzip.compress(_TEXT, 0, mtime=0),
        "named.gz": named + body + struct.pack("<II", zlib.crc32(_TEXT), len(_TEXT)),
        "two-members.gz": gzip.compress(_TEXT, mtime=0) * 2,
        "text.Z": b"\x1f\x9d\x90" + _unix_compress(_TEXT),
        "text.zlib": zlib.compress(_TEXT),
        "text.deflate": body,
        "text.bz2": bz2.compress(_TEXT),
        "text.xz": lzma.compress(_TEXT),
        "crc32.xz": lzma.compress(_TEXT, check=lzma.CHECK_CRC32),
        "text.lzma": lzma.compress(_TEXT, format=lzma.FORMAT_ALONE),
        "legacy.lz4": struct.pack("<II", 0x184C2102, len(block)) + block,
        "raw.zst": b"\x28\xb5\x2f\xfd\x20" + bytes([len(_TEXT)]) + struct.pack("<I", len(_TEXT) << 3 | 1)[:3] + _TEXT,
        "text.snappy": snappy,
        "empty.lzo": b"\x89LZO\0\r\n\x1a\n" + bytes(25),
    }


def _unix_compress(data: bytes) -> bytes:
    """Unix compress codes (9 bits, least significant first) without table use."""
    number = sum(byte << (9 * i) for i, byte in enumerate(data))
    return number.to_bytes((9 * len(data) + 7) // 8, "little")


def _others() -> dict[str, bytes]:
    member = b"file.txt/       0           0     0     100644  %-10d`\n" % len(_TEXT)
    names = b"//                                              %-10d`\n" % 22
    thin = b"a_rather_long_name.o/\n"
    newc = b"".join(_newc(n, c) for n, c in ((b"file", _TEXT), (b"TRAILER!!!", b"")))
    odc = (
        b"070707"
        + b"000001" * 2
        + b"100644"
        + b"000000" * 2
        + b"000001"
        + b"000000"
        + b"0" * 11
        + b"000005"
        + b"%011o" % len(_TEXT)
        + b"file\0"
        + _TEXT
    )
    odc += b"070707" + b"000000" * 8 + b"0" * 11 + b"000013" + b"0" * 11 + b"TRAILER!!!\0"
    lha_head = b"-lh0-" + struct.pack("<IIIBB", len(_TEXT), len(_TEXT), 0, 0x20, 0) + b"\4file" + struct.pack("<H", 0)
    lha = bytes([len(lha_head), sum(lha_head) & 0xFF]) + lha_head + _TEXT + b"\0"
    rar = b"Rar!\x1a\x07\0" + b"\xcf\x90\x73\0\0\x0d\0\0\0\0\0\0\0" + b"\xc4\x3d\x7b\0\x40\x07\0"
    rar5 = b"Rar!\x1a\x07\x01\0" + b"\x33\x92\xb5\xe5\x0a\x01\x05\x06\0\5\1\1\0" + b"\x1d\x77\x56\x51\x03\x05\x04\0"
    seven_end = struct.pack("<QQI", 0, 0, 0)
    seven = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(seven_end)) + seven_end
    folder = struct.pack("<IHH", 70, 1, 0) + struct.pack("<IIHHHH", len(_TEXT), 0, 0, 0, 0, 0x20) + b"a\0"
    data = struct.pack("<IHH", 0, len(_TEXT), len(_TEXT)) + _TEXT
    start = 36 + len(folder)
    cab = struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, start + len(data), 0, 44, 0, 3, 1, 1, 1, 0, 0, 0)
    iso = bytes(32768) + b"\1CD001\1\0" + b"LINUX".ljust(32) + b"CDROM".ljust(32) + bytes(1976) + b"\xffCD001\1" + bytes(2041)
    return {
        "member.ar": b"!<arch>\n" + member + _TEXT,
        "names.a": b"!<arch>\n" + names + thin + b"/0              0           0     0     100644  %-10d`\n" % 4 + b"data",
        "newc.cpio": newc,
        "odc.cpio": odc,
        "stored.lzh": lha,
        "empty.rar": rar,
        "empty-five.rar": rar5,
        "empty.7z": seven,
        "stored.cab": cab + struct.pack("<IHH", start + 8, 1, 0) + folder[8:] + data,
        "volume.iso": iso,
        "archive.xar": b"xar!\0\x1c\0\1" + struct.pack(">QQI", 14, 6, 0) + zlib.compress(b"<xar/>"),
        "old.arc": b"\x1a\x02"
        + b"file".ljust(13, b"\0")
        + struct.pack("<IIHI", len(_TEXT), 0, 0, len(_TEXT))
        + _TEXT
        + b"\x1a\0",
        "warc.warc": b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 4\r\n\r\na: b\r\n\r\n",
    }


def _newc(name: bytes, content: bytes) -> bytes:
    fields = (1, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields) + name + b"\0"
    return head.ljust(-(-len(head) // 4) * 4, b"\0") + content.ljust(-(-len(content) // 4) * 4, b"\0")
