"""Tiny sound and film files: the headers and boxes of the common containers around a few samples."""

import struct

_SAMPLES = struct.pack("<32h", *((i * 997) % 4001 - 2000 for i in range(32)))


def samples() -> dict[str, bytes]:
    """Name to content."""
    return {**_wave(), **_big_endian(), **_streams(), **_films()}


def _riff(kind: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    body = kind + b"".join(n + struct.pack("<I", len(c)) + c + bytes(len(c) & 1) for n, c in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _format(tag: int, channels: int, bits: int, extra: bytes = b"") -> bytes:
    block = max(1, channels * bits // 8)
    return struct.pack("<HHIIHH", tag, channels, 8000, 8000 * block, block, bits) + extra


def _wave() -> dict[str, bytes]:
    info = b"INFO" + b"INAM" + struct.pack("<I", 4) + b"name"
    cue = struct.pack("<I", 1) + struct.pack("<II4sIII", 1, 0, b"data", 0, 0, 4)
    loop = struct.pack("<9I", 0, 0, 125000, 60, 0, 0, 0, 1, 0) + struct.pack("<6I", 0, 0, 0, 8, 0, 0)
    extensible = _format(0xFFFE, 2, 16, struct.pack("<HHI", 22, 16, 3) + b"\1\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71")
    ima = struct.pack("<HHIIHHHH", 0x11, 1, 8000, 4055, 256, 4, 2, 505)
    adpcm = struct.pack("<HHIIHHHHH", 2, 1, 8000, 4096, 256, 4, 32, 500, 7) + struct.pack(
        "<14h", 256, 0, 512, -256, 0, 0, 192, 64, 240, 0, 460, -208, 392, -232
    )
    return {
        "pcm8.wav": _riff(b"WAVE", (b"fmt ", _format(1, 1, 8)), (b"data", _SAMPLES)),
        "pcm16.wav": _riff(
            b"WAVE", (b"fmt ", _format(1, 2, 16)), (b"LIST", info), (b"data", _SAMPLES), (b"cue ", cue), (b"smpl", loop)
        ),
        "float.wav": _riff(b"WAVE", (b"fmt ", _format(3, 1, 32)), (b"fact", struct.pack("<I", 16)), (b"data", _SAMPLES)),
        "pcm24.wav": _riff(b"WAVE", (b"fmt ", extensible[:14] + b"\x10\0" + extensible[16:]), (b"data", _SAMPLES[:60])),
        "alaw.wav": _riff(b"WAVE", (b"fmt ", _format(6, 1, 8, b"\0\0")), (b"data", _SAMPLES)),
        "ulaw.wav": _riff(b"WAVE", (b"fmt ", _format(7, 1, 8, b"\0\0")), (b"data", _SAMPLES)),
        "ima.wav": _riff(b"WAVE", (b"fmt ", ima), (b"fact", struct.pack("<I", 505)), (b"data", bytes(256))),
        "adpcm.wav": _riff(b"WAVE", (b"fmt ", adpcm), (b"fact", struct.pack("<I", 500)), (b"data", b"\0\x10" + bytes(254))),
        "big.w64": b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0"
        + struct.pack("<Q", 104)
        + b"wave\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a"
        + bytes(64),
    }


def _big_endian() -> dict[str, bytes]:
    rate = b"\x40\x0b\xfa\0\0\0\0\0\0\0"  # 8000 as an 80-bit extended float
    common = struct.pack(">hIh", 1, 32, 16) + rate
    sound = struct.pack(">II", 0, 0) + _SAMPLES
    aiff = _form(b"AIFF", (b"COMM", common), (b"NAME", b"name"), (b"SSND", sound))
    aifc = _form(b"AIFC", (b"FVER", b"\xa2\x80\x51\x40"), (b"COMM", common + b"sowt\x04none\0"), (b"SSND", sound))
    track = b"\0\xff\x03\x04name\0\xff\x51\x03\x07\xa1\x20\0\xc0\x01\0\x90\x3c\x40\x60\x80\x3c\x40\0\xff\x2f\0"
    midi = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96) + b"MTrk" + struct.pack(">I", len(track)) + track
    two = b"MThd" + struct.pack(">IHHH", 6, 1, 2, 480) + (b"MTrk" + struct.pack(">I", len(track)) + track) * 2
    voice = b"Creative Voice File\x1a" + struct.pack("<HHH", 26, 0x010A, 0x1129) + b"\x01\x22\0\0\x83\0" + bytes(32) + b"\0"
    voc = _form(b"8SVX", (b"VHDR", struct.pack(">IIIHBBI", 32, 0, 0, 8000, 1, 0, 65536)), (b"BODY", bytes(32)))
    return {
        "sound.aiff": aiff,
        "sound.aifc": aifc,
        "sound.au": struct.pack(">4s5I", b".snd", 28, 32, 3, 8000, 1) + b"abc\0" + _SAMPLES[:32],
        "ulaw.au": struct.pack(">4s5I", b".snd", 24, 32, 1, 8000, 1) + bytes(32),
        "song.mid": midi,
        "tracks.mid": two,
        "voice.voc": voice,
        "voice.8svx": voc,
        "module.mod": _module(),
        "blocks.caf": b"caff\0\1\0\0desc"
        + struct.pack(">Qd4sIIIII", 32, 8000.0, b"lpcm", 0, 2, 1, 1, 16)
        + b"data"
        + struct.pack(">QI", 36, 0)
        + bytes(32),
    }


def _form(kind: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    body = kind + b"".join(n + struct.pack(">I", len(c)) + c + bytes(len(c) & 1) for n, c in chunks)
    return b"FORM" + struct.pack(">I", len(body)) + body


def _module() -> bytes:
    instrument = b"sample".ljust(22, b"\0") + struct.pack(">HBBHH", 8, 0, 64, 0, 1)
    empty = bytes(22) + struct.pack(">HBBHH", 0, 0, 0, 0, 1)
    pattern = b"\x01\xac\x10\0" + bytes(1020)
    return b"song".ljust(20, b"\0") + instrument + empty * 30 + b"\x01\x7f" + bytes(128) + b"M.K." + pattern + bytes(16)


def _ogg_crc(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = ((value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


def ogg_page(packet: bytes, sequence: int, flags: int, granule: int = 0) -> bytes:
    """One OGG page with one packet and its checksum (RFC 3533)."""
    lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    head = struct.pack("<4sBBqII", b"OggS", 0, flags, granule, 1, sequence)
    body = bytes([len(lacing)]) + lacing + packet
    return head + struct.pack("<I", _ogg_crc(head + bytes(4) + body)) + body


def _comments(head: bytes, tail: bytes = b"") -> bytes:
    return head + struct.pack("<I", 4) + b"test" + struct.pack("<II", 1, 7) + b"TITLE=a" + tail


def _streams() -> dict[str, bytes]:
    vorbis = b"\x01vorbis" + struct.pack("<IBIiiiBB", 0, 1, 8000, 0, 0, 0, 0xB8, 1)
    opus = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, 48000, 0, 0)
    info = struct.pack(">HH", 16, 16) + bytes(6) + (8000 << 44 | 0 << 41 | 15 << 36 | 16).to_bytes(8, "big") + bytes(16)
    flac = b"fLaC\0\0\0\x22" + info + b"\x84" + struct.pack(">I", len(_comments(b"")))[1:] + _comments(b"")
    frame = bytes.fromhex("fff8640800") + b"\x0f"
    frame += bytes([_crc8(frame)]) + b"\0\0\0"
    mpeg = b"\xff\xfb\x10\xc0" + bytes(100)
    tag = b"ID3\x03\0\0\0\0\0\x0fTIT2\0\0\0\5\0\0\0name"
    ape = b"APETAGEX" + struct.pack("<IIII8x", 2000, 32, 0, 0)
    return {
        "vorbis.ogg": ogg_page(vorbis, 0, 2)
        + ogg_page(_comments(b"\x03vorbis", b"\x01"), 1, 0)
        + ogg_page(b"\x05vorbis\0BCV\1\0\1\0\0", 2, 4),
        "opus.ogg": ogg_page(opus, 0, 2) + ogg_page(_comments(b"OpusTags"), 1, 0) + ogg_page(b"\x08\x0b\xe4", 2, 4, 960),
        "sound.flac": flac + frame + struct.pack(">H", _crc16(frame)),
        "tagged.mp3": tag + mpeg * 3 + b"TAG" + b"title".ljust(125, b"\0"),
        "plain.mp3": mpeg * 3,
        "tagged.ape": b"MAC \x96\x0f" + bytes(80) + ape,
        "frame.aac": b"\xff\xf1\x6c\x40\x02\x3f\xfc\x01\x18\x20\x07\xff\xff\xff\xff\xff\xff",
        "blocks.wv": b"wvpk" + struct.pack("<IHBBIIIII", 24, 0x402, 0, 0, 0, 0, 0, 0x1804, 0xFFFFFFFF),
        "speech.amr": b"#!AMR\n" + b"\x0c" + bytes(13),
    }


def _crc8(data: bytes) -> int:
    return _crc(data, 0x07, 8)


def _crc16(data: bytes) -> int:
    return _crc(data, 0x8005, 16)


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    value, top = 0, 1 << (bits - 1)
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & ((1 << bits) - 1)
    return value


def box(name: bytes, content: bytes) -> bytes:
    """An ISO base media box."""
    return struct.pack(">I", len(content) + 8) + name + content


def _films() -> dict[str, bytes]:
    movie = box(
        b"mvhd", struct.pack(">IIIIIIH10x", 0, 0, 0, 1000, 1000, 0x10000, 0x100) + _MATRIX + bytes(24) + struct.pack(">I", 2)
    )
    video = struct.pack(">6xH16xHHIIIH32sHh", 1, 8, 4, 0x480000, 0x480000, 0, 1, b"\x04avc1".ljust(32, b"\0"), 24, -1)
    avc = box(b"avcC", b"\x01\x42\0\x0a\xff\xe1\0\x04\x67\x42\0\x0a\x01\0\x02\x68\xce")
    table = box(b"stsd", struct.pack(">II", 0, 1) + box(b"avc1", video + avc)) + box(b"stts", struct.pack(">IIII", 0, 1, 1, 1000))
    table += (
        box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1))
        + box(b"stsz", struct.pack(">IIII", 0, 0, 1, 8))
        + box(b"stco", struct.pack(">III", 0, 1, 40))
    )
    data = box(b"dinf", box(b"dref", struct.pack(">II", 0, 1) + box(b"url ", b"\0\0\0\1")))
    information = box(b"minf", box(b"vmhd", struct.pack(">I8x", 1)) + data + box(b"stbl", table))
    media = box(
        b"mdia",
        box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, 1000, 1000, 0x55C4, 0))
        + box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"vide") + b"v\0")
        + information,
    )
    header = box(
        b"tkhd", struct.pack(">IIIIII8xHHHH", 3, 0, 0, 1, 0, 1000, 0, 0, 0, 0) + _MATRIX + struct.pack(">II", 8 << 16, 4 << 16)
    )
    film = box(b"ftyp", b"isom\0\0\2\0isomavc1") + box(b"mdat", bytes(16)) + box(b"moov", movie + box(b"trak", header + media))
    main = struct.pack("<14I", 40000, 0, 0, 0x10, 1, 0, 1, 0, 8, 4, 0, 0, 0, 0)
    stream = struct.pack("<4s4sIHHIIIIIIIIhhhh", b"vids", b"DIB ", 0, 0, 0, 0, 1, 25, 0, 1, 96, 0, 0, 0, 0, 8, 4)
    picture = struct.pack("<IiiHHIIiiII", 40, 8, 4, 1, 24, 0, 96, 0, 0, 0, 0)
    headers = b"hdrlavih" + struct.pack("<I", 56) + main + b"LIST" + struct.pack("<I", 124 - 8 + 4 + 4) + b"strl"
    headers += b"strh" + struct.pack("<I", 56) + stream + b"strf" + struct.pack("<I", 40) + picture
    index = struct.pack("<4sIII", b"00db", 16, 4, 96)
    avi = _riff(b"AVI ", (b"LIST", headers), (b"LIST", b"movi00db" + struct.pack("<I", 96) + bytes(96)), (b"idx1", index))
    script = b"\x02\0\x0aonMetaData\x08\0\0\0\1\0\x08duration\0" + struct.pack(">d", 1.0) + b"\0\0\x09"
    flv = (
        b"FLV\1\5\0\0\0\x09\0\0\0\0"
        + _flv_tag(18, script)
        + _flv_tag(9, b"\x17\0\0\0\0\1B\0\x0a")
        + _flv_tag(8, b"\xaf\0\x12\x10")
    )
    ebml = (
        b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
        + b"\x18\x53\x80\x67\x93\x15\x49\xa9\x66\x8e\x2a\xd7\xb1\x83\x0f\x42\x40\x4d\x80\x81a\x57\x41\x81b"
    )
    transport = (b"\x47\x40\0\x10\0\0\xb0\x0d\0\1\xc1\0\0\0\1\xf0\0\x2a\xb1\x04\xb2" + b"\xff" * 167) * 2
    return {
        "film.mp4": film,
        "film.mov": box(b"ftyp", b"qt  \0\0\2\0qt  ") + film[24:],
        "film.avi": avi,
        "film.flv": flv,
        "film.webm": ebml,
        "stream.ts": transport,
        "program.mpg": b"\0\0\1\xba\x44\0\4\0\4\1\0\0\3\xf8\0\0\1\xe0\0\x08\x80\0\0\0\0\1\xb3\x00\0\1\xb9",
        "stream.h264": b"\0\0\0\1\x67\x42\0\x0a\xf8\x41\xa2\0\0\0\1\x68\xce\x38\x80\0\0\0\1\x65\x88\x84\x21",
        "picture.heic": box(b"ftyp", b"heic\0\0\0\0mif1heic")
        + box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"pict" + bytes(13)) + box(b"pitm", b"\0\0\0\0\0\1")),
        "flash.swf": b"FWS\x05" + struct.pack("<I", 23) + b"\x50\0\x50\0\x50\0\0\x0c\1\0\x43\2\xff\xff\xff"[:13] + b"\x40\0",
    }


_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def _flv_tag(kind: int, content: bytes) -> bytes:
    size = struct.pack(">I", len(content))[1:]
    return bytes([kind]) + size + bytes(7) + content + struct.pack(">I", len(content) + 11)
