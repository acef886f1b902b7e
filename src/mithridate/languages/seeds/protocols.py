"""Small messages of network protocols and captures of them."""

# ruff: noqa: E501 -- sample content reads better unbroken

import base64
import struct

_SAMPLE = b"The quick brown fox\n"


def samples() -> dict[str, bytes]:
    """Name to content."""
    return {**_texts(), **_binaries(), **_mail()}


def _texts() -> dict[str, bytes]:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b; Path=/\r\n\r\n4\r\nbody\r\n0\r\nX: y\r\n\r\n"
    post = (
        b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=1&b=2"
    )
    return {
        "get.http": b"GET /a/b?c=d%20e&f HTTP/1.1\r\nHost: localhost:80\r\nAccept: */*\r\nRange: bytes=0-9\r\nCookie: k=v\r\nConnection: close\r\n\r\n",
        "post.http": post,
        "answer.http": b"HTTP/1.0 302 Found\r\nContent-Type: text/html; charset=utf-8\r\nLocation: http://h/x\r\nContent-Length: 2\r\n\r\nok",
        "chunked.http": chunked,
        "upgrade.http": b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "address.url": b"http://user:pw@[::1]:8080/p/../a;b?c=d&e#f",
        "addresses.txt": b"192.168.0.1/24 fe80::1%eth0 00:11:22:33:44:55 user@example.org mailto:a@b ftp://h:21/f;type=i\n",
        "call.sip": b"INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
        "session.sdp": b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0 96\r\na=rtpmap:96 opus/48000/2\r\n",
        "session.rtsp": b"DESCRIBE rtsp://h/s RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n",
        "session.ftp": b"USER anonymous\r\nPASS x\r\nPASV\r\nLIST -l\r\nRETR f\r\nQUIT\r\n",
        "session.smtp": b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nSubject: x\r\n\r\nt\r\n.\r\nQUIT\r\n",
        "session.imap": b"a LOGIN u p\r\nb SELECT INBOX\r\nc FETCH 1:* (FLAGS BODY[HEADER.FIELDS (DATE)])\r\nd LOGOUT\r\n",
        "session.pop3": b"USER a\r\nPASS b\r\nLIST\r\nRETR 1\r\nQUIT\r\n",
        "session.irc": b":n!u@h PRIVMSG #c :\x01ACTION x\x01\r\nJOIN #c\r\nMODE #c +o n\r\n",
        "commands.redis": b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n",
        "commands.memcached": b"set k 0 60 3\r\nabc\r\nget k\r\nincr k 1\r\nstats\r\n",
        "directory.ldif": b"dn: cn=a,dc=b\nobjectClass: top\ncn:: YQ==\n",
        "torrent.torrent": b"d8:announce1:a4:infod6:lengthi1e4:name1:a12:piece lengthi16384e6:pieces20:" + b"x" * 20 + b"ee",
        "version.ssh": b"SSH-2.0-OpenSSH_9.0\r\n" + struct.pack(">IBB", 44, 4, 20) + bytes(38) + bytes(4),
        "zone.txt": b'$ORIGIN e.\n$TTL 1h\n@ IN SOA n m 1 2 3 4 5\n  IN NS n\nn A 127.0.0.1\nw CNAME n\nt TXT "x"\nm MX 10 n\n',
    }


def _name(*labels: bytes) -> bytes:
    return b"".join(bytes([len(part)]) + part for part in labels) + b"\0"


def _binaries() -> dict[str, bytes]:
    question = _name(b"www", b"example", b"org") + struct.pack(">HH", 1, 1)
    query = struct.pack(">6H", 0x1234, 0x100, 1, 0, 0, 0) + question
    records = (
        b"\xc0\x0c"
        + struct.pack(">HHIH", 5, 1, 60, 4)
        + b"\x01a\xc0\x10"
        + b"\xc0\x2d"
        + struct.pack(">HHIH", 1, 1, 60, 4)
        + b"\x7f\0\0\1"
    )
    records += (
        b"\xc0\x10"
        + struct.pack(">HHIH", 16, 1, 60, 3)
        + b"\x02ab"
        + b"\xc0\x10"
        + struct.pack(">HHIHH", 15, 1, 60, 4, 10)
        + b"\xc0\x0c"
    )
    udp = struct.pack(">4H", 5353, 53, 8 + len(query), 0) + query
    packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1") + udp
    frame = b"\xff" * 6 + b"\0\1\2\3\4\5\x08\0" + packet
    tcp = struct.pack(">HHIIBBHHH", 1000, 80, 1, 0, 0x60, 2, 1024, 0, 0) + b"\2\4\5\xb4"
    six = struct.pack(">IHBB", 6 << 28, len(tcp), 6, 64) + bytes(15) + b"\1" + bytes(15) + b"\1" + tcp
    arp = b"\xff" * 6 + bytes(6) + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + bytes(20)
    frames = (frame, b"\0" * 12 + b"\x86\xdd" + six, arp)
    pcap = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(
        struct.pack("<IIII", 1, 0, len(f), len(f)) + f for f in frames
    )
    padded = frame.ljust(-(-len(frame) // 4) * 4, b"\0")
    ng = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack("<IIHHII", 1, 20, 1, 0, 65535, 20)
    ng += (
        struct.pack("<IIIIIII", 6, 32 + len(padded), 0, 0, 0, len(frame), len(frame))
        + padded
        + struct.pack("<I", 32 + len(padded))
    )
    hello = b"\3\3" + bytes(32) + b"\0" + struct.pack(">H", 4) + b"\x13\1\xc0\x2f" + b"\1\0"
    extensions = (
        struct.pack(">HHHBH", 0, 6, 4, 0, 1)
        + b"a"
        + struct.pack(">HHH", 10, 4, 2)
        + b"\0\x1d"
        + struct.pack(">HHB", 43, 3, 2)
        + b"\3\4"
    )
    hello += struct.pack(">H", len(extensions)) + extensions
    handshake = b"\1" + struct.pack(">I", len(hello))[1:] + hello
    dhcp = (
        struct.pack(">4BIHH", 1, 1, 6, 0, 1, 0, 0)
        + bytes(16)
        + b"\0\1\2\3\4\5"
        + bytes(202)
        + b"\x63\x82\x53\x63\x35\1\1\x37\2\1\3\xff"
    )
    return {
        "query.dns": query,
        "answer.dns": struct.pack(">6H", 0x1234, 0x8180, 1, 4, 0, 0) + question + records,
        "capture.pcap": pcap,
        "capture.pcapng": ng,
        "hello.tls": b"\x16\3\1" + struct.pack(">H", len(handshake)) + handshake,
        "discover.dhcp": dhcp,
        "packet.ip": packet,
        "request.snmp": b"\x30\x26\2\1\0\4\6public\xa0\x19\2\1\1\2\1\0\2\1\0\x30\x0e\x30\x0c\6\x08\x2b\6\1\2\1\1\1\0\5\0",
        "message.ntp": b"\x23" + bytes(47),
        "connect.mqtt": b"\x10\x0d\0\4MQTT\4\2\0\x3c\0\1a" + b"\x30\5\0\1ahi" + b"\x82\6\0\1\0\1a\0",
        "request.tftp": b"\0\1file\0octet\0",
        "request.coap": b"\x40\1\0\1\xb3abc\xff\x78",
        "frames.http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + b"\0\0\3\1\5\0\0\0\1\x82\x84\x86",
        "frame.websocket": b"\x81\x85\1\2\3\4" + bytes(b ^ (1 + i % 4) for i, b in enumerate(b"hello")),
        "request.ldap": b"\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0",
        "request.radius": b"\1\1\0\x1c" + bytes(16) + b"\1\6user\2\2",
        "request.modbus": b"\0\1\0\0\0\6\1\3\0\0\0\2",
        "message.stun": b"\0\1\0\0\x21\x12\xa4\x42" + bytes(12),
        "stream.rtp": b"\x80\0\0\1" + bytes(8) + bytes(20),
        "message.pb": b"\x08\x96\x01\x12\x03abc\x1a\x02\x08\x01\x25\0\0\x80\x3f",
        "message.cbor": b"\xa3\x61a\x01\x61b\x82\xf5\xf6\x61c\xfb\x3f\xf8\0\0\0\0\0\0",
        "message.msgpack": b"\x83\xa1a\x01\xa1b\x92\xc3\xc0\xa1c\xcb\x3f\xf8\0\0\0\0\0\0",
        "message.bson": b"\x1b\0\0\0\x10a\0\1\0\0\0\2b\0\2\0\0\0x\0\x08c\0\1\0",
        "object.amf": b"\x03\0\1a\0\x3f\xf0\0\0\0\0\0\0\0\0\x09",
    }


def _mail() -> dict[str, bytes]:
    head = b'From: A <a@b.c>\r\nTo: "D, E" <d@e.f>\r\nSubject: =?utf-8?Q?caf=C3=A9?=\r\nDate: Wed, 01 Jan 2020 00:00:00 +0000\r\nMessage-ID: <1@b>\r\n'
    parts = (
        b"--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9=\r\n\r\n"
    )
    parts += b"--x\r\nContent-Type: image/gif; name=\"a.gif\"\r\nContent-Disposition: attachment; filename*=utf-8''a%20b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    parts += base64.encodebytes(b"GIF89a") + b"--x--\r\n"
    uu = b"begin 644 file\n%:&5L;&\\\n`\nend\n"
    return {
        "plain.eml": head + b"\r\nbody\r\n",
        "parts.eml": head + b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n' + parts,
        "box.mbox": b"From a@b Wed Jan  1 00:00:00 2020\n" + head.replace(b"\r", b"") + b"\nbody\n>From x\n\n",
        "text.b64": base64.encodebytes(_SAMPLE),
        "text.b32": base64.b32encode(_SAMPLE) + b"\n",
        "text.hex": _SAMPLE.hex().encode() + b"\n",
        "text.uu": uu,
        "text.qp": b"caf=C3=A9 =3D=\r\n soft\r\n",
        "text.a85": base64.a85encode(_SAMPLE, adobe=True),
        "image.ihex": b":0300300002337A1E\n:00000001FF\n",
        "image.srec": b"S00600004844521B\nS1130000285F245F2212226A000424290008237C2A\nS9030000FC\n",
        "text.yenc": b"=ybegin line=128 size=3 name=a\r\n\x8b\x8c\x8d\r\n=yend size=3\r\n",
        "text.binhex": b"(This file must be converted with BinHex 4.0)\n:#&4&8e3Z9&K8!!!!!!!:\n",
    }
