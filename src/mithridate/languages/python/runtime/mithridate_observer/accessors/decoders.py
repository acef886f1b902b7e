"""Decoders of the standard library: which of them were applied to input, so that the next input can be encoded for them."""

from __future__ import annotations

import ast
import base64
import binascii
import bz2
import codecs
import functools
import gzip
import json
import lzma
import quopri
import urllib.parse
import zlib
from typing import Any

from ..asked import book

_DECODERS: tuple[tuple[Any, str, str], ...] = (
    (base64, "b64decode", "base64"),
    (base64, "standard_b64decode", "base64"),
    (base64, "decodebytes", "base64"),
    (base64, "urlsafe_b64decode", "base64url"),
    (base64, "b32decode", "base32"),
    (base64, "b16decode", "hex"),
    (base64, "b85decode", "base85"),
    (base64, "a85decode", "ascii85"),
    (binascii, "a2b_base64", "base64"),
    (binascii, "a2b_hex", "hex"),
    (binascii, "unhexlify", "hex"),
    (urllib.parse, "unquote", "url"),
    (urllib.parse, "unquote_plus", "url"),
    (urllib.parse, "unquote_to_bytes", "url"),
    (json, "loads", "json"),
    (zlib, "decompress", "zlib"),
    (gzip, "decompress", "gzip"),
    (bz2, "decompress", "bzip2"),
    (lzma, "decompress", "xz"),
    (quopri, "decodestring", "quoted-printable"),
    (ast, "parse", "python source"),
)


def install() -> None:
    """Wrap them. Modules that took a decoder by name before this (the standard library's own) keep the plain one."""
    for module, name, decoder in _DECODERS:
        _wrap(module, name, decoder)
    plain = codecs.decode

    def decode(obj: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
        result = plain(obj, encoding, errors)
        book.decode(encoding.lower().replace("_codec", ""), obj, result)
        return result

    codecs.decode = decode


def _wrap(module: Any, name: str, decoder: str) -> None:
    original = getattr(module, name)

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        result: Any = ""
        try:
            result = original(*arguments, **named)
        finally:  # a failed try tells as much
            if book.marks is not None and arguments:
                book.decode(decoder, arguments[0], result)
        return result

    setattr(module, name, wrapped)
