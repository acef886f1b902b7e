"""Tiny DER structures and their PEM forms: certificate, keys, requests, signed data; and an ICC profile and OpenPGP packets."""

import base64
import struct


def samples() -> dict[str, bytes]:
    """Name to content. Signatures are well-formed but prove nothing; there are no real keys."""
    certificate, request, private = _certificate(), _request(), _private_key()
    signed = _sequence(
        _oid("1.2.840.113549.1.7.2"),
        _tagged(0, _sequence(_integer(1), _der(0x31, b""), _sequence(_oid("1.2.840.113549.1.7.1")), _der(0x31, b""))),
    )
    crl = _sequence(
        _sequence(_integer(1), _RSA_SHA256, _distinguished("a"), _time(), _time()), _RSA_SHA256, _bit_string(bytes(16))
    )
    public = b"\x98\x0d\x04\x5e\x0c\0\0\x01\0\x08\xc5\0\x02\x03"
    return {
        "certificate.der": certificate,
        "certificate.pem": pem("CERTIFICATE", certificate),
        "request.csr": pem("CERTIFICATE REQUEST", request),
        "private.der": private,
        "private.pem": pem("RSA PRIVATE KEY", private),
        "public.pem": pem("PUBLIC KEY", _public_key()),
        "signed.p7b": signed,
        "revoked.crl": crl,
        "parameters.pem": pem("DH PARAMETERS", _sequence(_integer(23), _integer(5))),
        "curve.pem": pem("EC PARAMETERS", _oid("1.2.840.10045.3.1.7")),
        "types.der": _sequence(
            _der(1, b"\xff"),
            _der(5, b""),
            _der(0x0C, b"text"),
            _der(0x13, b"print"),
            _der(0x16, b"ia5"),
            _der(0x18, b"20200101000000Z"),
            _der(0x1E, b"\0a"),
        ),
        "bundle.p12": _sequence(_integer(3), _sequence(_oid("1.2.840.113549.1.7.1"), _tagged(0, _der(4, _sequence())))),
        "store.jks": struct.pack(">III", 0xFEEDFEED, 2, 0) + bytes(20),
        "public.gpg": public + b"\xb4\x05a <b>",
        "message.pgp": b"\xcb\x0bb\0\0\0\0\0hello",
        "message.asc": b"-----BEGIN PGP MESSAGE-----\n\n"
        + base64.encodebytes(b"\xcb\x0bb\0\0\0\0\0hello")
        + b"-----END PGP MESSAGE-----\n",
        "authorized.pub": b"ssh-rsa "
        + base64.b64encode(struct.pack(">I7sI1sI2s", 7, b"ssh-rsa", 1, b"\3", 2, b"\xc5\1"))
        + b" a@b\n",
        "passwords.passwd": b"root:x:0:0:root:/root:/bin/sh\nuser:$6$salt$hash:1:1::/:\n",
        "rgb.icc": icc(),
        "gray.icc": icc(b"GRAY"),
    }


def pem(label: str, der: bytes) -> bytes:
    """The textual form of a DER structure (RFC 7468)."""
    body = base64.b64encode(der)
    lines = b"\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN {label}-----\n".encode() + lines + f"\n-----END {label}-----\n".encode()


def icc(space: bytes = b"RGB ") -> bytes:
    """A minimal ICC version 2 display profile with description, white point, curves and a lookup table tag."""
    description = b"desc" + bytes(4) + struct.pack(">I", 2) + b"d\0" + bytes(78)
    point = b"XYZ " + bytes(4) + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
    gamma = b"curv" + bytes(4) + struct.pack(">IH", 1, 0x0233) + bytes(2)
    table = b"curv" + bytes(4) + struct.pack(">I4H", 4, 0, 20000, 40000, 65535)
    text = b"text" + bytes(4) + b"(c)\0"
    tags = [(b"desc", description), (b"wtpt", point), (b"cprt", text)]
    if space == b"RGB ":
        tags += [(b"rXYZ", point), (b"gXYZ", point), (b"bXYZ", point), (b"rTRC", gamma), (b"gTRC", table), (b"bTRC", gamma)]
    else:
        tags += [(b"kTRC", table)]
    start = 128 + 4 + 12 * len(tags)
    index, body = struct.pack(">I", len(tags)), b""
    for name, content in tags:
        index += name + struct.pack(">II", start + len(body), len(content))
        body += content.ljust(-(-len(content) // 4) * 4, b"\0")
    head = struct.pack(
        ">I4sI4s4s4s6H4s", start + len(body), b"none", 0x02400000, b"mntr", space, b"XYZ ", 2020, 1, 1, 0, 0, 0, b"acsp"
    )
    return head.ljust(68, b"\0") + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D) + bytes(48) + index + body


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _integer(value: int) -> bytes:
    return _der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(dotted: str) -> bytes:
    first, second, *rest = (int(p) for p in dotted.split("."))
    out = bytearray([first * 40 + second])
    for arc in rest:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        out += bytes(reversed(groups))
    return _der(6, bytes(out))


def _tagged(number: int, content: bytes) -> bytes:
    return _der(0xA0 | number, content)


def _bit_string(content: bytes) -> bytes:
    return _der(3, b"\0" + content)


_RSA_SHA256 = bytes.fromhex("300d06092a864886f70d01010b0500")
_RSA = bytes.fromhex("300d06092a864886f70d0101010500")
_MODULUS = (1 << 511) + 0x1234567


def _distinguished(name: str) -> bytes:
    return _sequence(
        _der(0x31, _sequence(_oid("2.5.4.6"), _der(0x13, b"XX"))),
        _der(0x31, _sequence(_oid("2.5.4.3"), _der(0x0C, name.encode()))),
    )


def _time() -> bytes:
    return _der(0x17, b"200101000000Z")


def _public_key() -> bytes:
    return _sequence(_RSA, _bit_string(_sequence(_integer(_MODULUS), _integer(65537))))


def _certificate() -> bytes:
    names = _der(
        4,
        _sequence(
            _der(0x82, b"example.org"), _der(0x87, b"\x7f\0\0\1"), _der(0x86, b"http://a"), _tagged(4, _distinguished("b"))
        ),
    )
    extensions = _sequence(
        _sequence(_oid("2.5.29.19"), _der(1, b"\xff"), _der(4, _sequence(_der(1, b"\xff"), _integer(1)))),
        _sequence(_oid("2.5.29.15"), _der(4, _der(3, b"\5\xa0"))),
        _sequence(_oid("2.5.29.17"), names),
        _sequence(_oid("2.5.29.37"), _der(4, _sequence(_oid("1.3.6.1.5.5.7.3.1")))),
        _sequence(_oid("2.5.29.32"), _der(4, _sequence(_sequence(_oid("2.5.29.32.0"))))),
        _sequence(_oid("2.5.29.14"), _der(4, _der(4, bytes(20)))),
    )
    body = _sequence(
        _tagged(0, _integer(2)),
        _integer(1),
        _RSA_SHA256,
        _distinguished("issuer"),
        _sequence(_time(), _time()),
        _distinguished("subject"),
        _public_key(),
        _tagged(3, extensions),
    )
    return _sequence(body, _RSA_SHA256, _bit_string(bytes(64)))


def _request() -> bytes:
    return _sequence(
        _sequence(_integer(0), _distinguished("subject"), _public_key(), _tagged(0, b"")), _RSA_SHA256, _bit_string(bytes(64))
    )


def _private_key() -> bytes:
    return _sequence(*(_integer(v) for v in (0, 3233, 17, 413, 61, 53, 53, 49, 38)))
