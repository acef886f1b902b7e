"""The library of format samples: all of them, and which of them suit a program, judged by words."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import PurePosixPath
from types import MappingProxyType

from mithridate.languages.seeds import (
    archives,
    certificates,
    documents,
    encoded,
    executables,
    fonts,
    jpeg,
    pictures,
    protocols,
    sound,
    text,
    tiff,
)

BASIC = (
    "newline.txt",
    "lines.txt",
    "numbers.txt",
    "commands.txt",
    "menu.txt",
    "pairs.txt",
    "sum.txt",
    "table.csv",
    "object.json",
    "plain.xml",
    "long-line.txt",
    "get.http",
    "gray8.png",
    "stored.zip",
)
"""Samples for programs about which no word is known."""

_ALIASES: Mapping[str, tuple[str, ...]] = {
    ".tif": ("tiff", "tif", "fax", "geotiff", "dng", "bigtiff"),
    ".jpg": ("jpeg", "jpg", "jfif", "exif", "djpeg", "mjpeg"),
    ".jp2": ("jp2", "jpeg2000", "j2k", "jpc", "openjpeg", "jasper", "jp2k"),
    ".png": ("png", "apng", "ihdr"),
    ".gif": ("gif", "gif89a", "gif87a"),
    ".bmp": ("bmp", "bitmap", "dib"),
    ".ico": ("ico", "icon"),
    ".cur": ("cursor",),
    ".pbm": ("pbm", "pnm", "netpbm"),
    ".pgm": ("pgm", "pnm", "netpbm"),
    ".ppm": ("ppm", "pnm", "netpbm"),
    ".pam": ("pam", "pnm"),
    ".pfm": ("pfm",),
    ".ras": ("ras", "sunraster", "sunras", "rasterfile"),
    ".tga": ("tga", "targa"),
    ".sgi": ("sgi", "rgb"),
    ".mp4": ("mp4", "m4a", "isobmff", "mp42", "moov"),
    ".heic": ("heic", "heif", "avif"),
    ".mov": ("mov", "quicktime"),
    ".mp3": ("mp3", "mpeg", "id3"),
    ".mpg": ("mpeg", "mpg"),
    ".ts": ("mpegts", "transport"),
    ".h265": ("h265", "hevc", "265", "x265", "libde265", "bitstream", "nal"),
    ".h264": ("h264", "avc", "264", "x264", "nal"),
    ".ogv": ("theora", "ogg"),
    ".mjpeg": ("mjpeg",),
    ".j2k": ("j2k", "jpeg2000", "j2c", "jpc", "openjpeg", "jasper"),
    ".br": ("brotli",),
    ".opus": ("opus", "ogg"),
    ".aac": ("aac", "adts", "faad"),
    ".flac": ("flac",),
    ".webp": ("webp", "riff"),
    ".webm": ("webm", "matroska", "mkv", "ebml"),
    ".ogg": ("ogg", "vorbis", "opus"),
    ".wav": ("wav", "wave", "riff", "pcm"),
    ".aiff": ("aiff", "aif"),
    ".mid": ("midi", "mid", "smf"),
    ".mod": ("protracker", "tracker"),
    ".zip": ("zip", "unzip", "pkzip", "zzip", "deflate"),
    ".docx": ("docx", "xlsx", "ooxml"),
    ".odt": ("odt", "opendocument"),
    ".gz": ("gzip", "gunzip", "gz", "zcat"),
    ".zlib": ("zlib", "inflate", "deflate"),
    ".deflate": ("deflate", "inflate"),
    ".bz2": ("bzip2", "bz2", "bunzip2"),
    ".xz": ("xz", "lzma", "unxz"),
    ".zst": ("zstd", "zst"),
    ".lz4": ("lz4",),
    ".Z": ("compress", "uncompress", "ncompress"),
    ".tar": ("tar", "ustar", "untar"),
    ".tgz": ("tgz",),
    ".lzh": ("lha", "lzh", "lharc"),
    ".ar": ("ar", "archive"),
    ".a": ("ar", "ranlib"),
    ".7z": ("7z", "sevenzip", "lzma"),
    ".iso": ("iso9660", "iso", "cdrom"),
    ".elf": ("elf", "readelf", "objdump", "binutils", "nm", "dwarf"),
    ".o": ("elf", "object", "objdump"),
    ".exe": ("exe", "pe", "pe32", "mz"),
    ".dll": ("dll",),
    ".macho": ("macho", "mach"),
    ".pdf": ("pdf", "xpdf"),
    ".ps": ("ps", "postscript", "ghostscript"),
    ".eps": ("eps", "postscript"),
    ".doc": ("doc", "ole", "ole2", "msword", "compound"),
    ".rtf": ("rtf",),
    ".sqlite": ("sqlite", "sqlite3", "database"),
    ".sql": ("sql", "sqlite", "query", "select"),
    ".der": ("der", "asn1", "x509", "pkcs", "pkcs8", "cert", "certificate"),
    ".pem": ("pem", "x509", "cert", "certificate", "rsa", "ssl", "openssl", "privkey", "pkcs8"),
    ".crl": ("crl",),
    ".csr": ("csr", "pkcs10"),
    ".p7b": ("pkcs7", "cms", "p7b"),
    ".p12": ("pkcs12", "pfx", "p12"),
    ".gpg": ("gpg", "pgp", "openpgp"),
    ".pgp": ("gpg", "pgp", "openpgp"),
    ".ttf": ("ttf", "truetype", "font", "freetype", "sfnt", "opentype", "harfbuzz", "glyph"),
    ".ttc": ("ttc", "font", "freetype"),
    ".otf": ("otf", "opentype", "cff", "font"),
    ".woff": ("woff", "font"),
    ".woff2": ("woff2", "woff", "font", "brotli"),
    ".pfb": ("pfb", "type1", "font"),
    ".pfa": ("pfa", "type1", "font"),
    ".bdf": ("bdf", "font"),
    ".pcf": ("pcf", "font"),
    ".icc": ("icc", "icm", "profile", "lcms", "cms", "colorspace"),
    ".http": ("http", "httpd", "url", "cgi", "www", "webserver"),
    ".url": ("url", "uri"),
    ".dns": ("dns", "resolver", "nameserver", "ares", "mdns"),
    ".pcap": ("pcap", "tcpdump", "packet", "sniff", "capture"),
    ".pcapng": ("pcapng",),
    ".ip": ("ip", "packet", "ipv4"),
    ".tls": ("tls", "ssl", "handshake"),
    ".ssh": ("ssh", "libssh"),
    ".eml": ("eml", "mail", "mime", "smtp", "rfc822", "email", "message"),
    ".mbox": ("mbox", "mail"),
    ".uu": ("uuencode", "uudecode"),
    ".b64": ("base64", "b64"),
    ".json": ("json", "jsonc"),
    ".xml": ("xml", "expat", "libxml", "sax", "dom", "xmllint"),
    ".xsl": ("xslt", "xsl"),
    ".html": ("html", "htm", "tidy", "xhtml"),
    ".svg": ("svg",),
    ".css": ("css", "stylesheet"),
    ".yaml": ("yaml", "yml"),
    ".toml": ("toml",),
    ".ini": ("ini", "config"),
    ".conf": ("conf", "config", "cfg"),
    ".csv": ("csv", "table", "tsv", "spreadsheet"),
    ".md": ("markdown", "md", "commonmark", "cmark"),
    ".lua": ("lua", "luajit"),
    ".js": ("js", "javascript", "ecmascript", "quickjs"),
    ".c": ("cpp", "compiler", "cc", "tcc", "indent", "ctags"),
    ".sh": ("sh", "shell", "bash", "dash"),
    ".awk": ("awk", "gawk", "mawk"),
    ".bc": ("bc", "calculator", "calc"),
    ".dc": ("dc", "rpn", "calculator"),
    ".py": ("python", "py"),
    ".pl": ("perl",),
    ".rb": ("ruby", "mruby"),
    ".php": ("php",),
    ".lisp": ("lisp", "scheme", "sexp"),
    ".asm": ("asm", "nasm", "yasm", "assembler"),
    ".s": ("assembler", "gas"),
    ".tex": ("tex", "latex"),
    ".1": ("troff", "groff", "man", "mandoc", "nroff", "roff"),
    ".diff": ("diff", "patch"),
    ".patch": ("diff", "patch"),
    ".ed": ("ed", "editor"),
    ".regex": ("regex", "regexp", "pcre", "re2", "pattern", "oniguruma"),
    ".dot": ("dot", "graphviz"),
    ".obj": ("obj", "mesh", "wavefront"),
    ".geojson": ("geojson",),
    ".wkt": ("wkt",),
    ".yar": ("yara",),
    ".pb": ("protobuf", "proto"),
    ".torrent": ("torrent", "bencode"),
    ".class": ("class", "jvm", "bytecode"),
    ".dtb": ("dtb", "fdt", "devicetree"),
    ".tzif": ("tzif", "timezone"),
    ".mo": ("gettext", "mo"),
    ".po": ("gettext", "po"),
    ".psd": ("psd", "photoshop"),
    ".ass": ("subtitle", "ass"),
    ".srt": ("srt", "subtitle"),
}


@cache
def format_samples() -> Mapping[str, bytes]:
    """All samples: name with extension to content. Made by our own code at the first call, well under a second; read-only."""
    made: dict[str, bytes] = {}
    for module in (encoded, text, protocols, pictures, jpeg, tiff, sound, archives, documents, certificates, fonts, executables):
        for name, content in module.samples().items():
            if name in made:
                raise ValueError(f"two samples are called {name}")
            made[name] = content
    return MappingProxyType(made)


def relevant(hints: Iterable[str], limit: int = 200) -> list[str]:
    """Names of the samples that suit a program, the likeliest first; BASIC when no hint names a format that we have.

    `hints` in order of importance: the program's name, its usage text, names in its source, magic constants. A hint is a word
    or a whole text; formats are recognised by extension and name, in a program's name also inside a word.
    """
    scores: dict[str, float] = {}
    suffixes = {PurePosixPath(name).suffix for name in format_samples()}
    spoken = {suffix: {suffix[1:].lower(), *_ALIASES.get(suffix, ())} for suffix in suffixes if len(suffix) > 1}
    for position, hint in enumerate(hints):
        weight = 1 / (1 + position / 4)
        words = re.findall(r"[a-z0-9]+", hint.lower())
        if position and not hint.startswith("."):  # outside names and extensions, short words are just words
            words = [word for word in words if len(word) > 2]
        for suffix, names in spoken.items():
            score = weight * _fit(words, names, position == 0)
            scores[suffix] = scores.get(suffix, 0.0) + score
    best = sorted((s for s in scores if scores[s] > 0), key=lambda s: (-round(scores[s], 6), s))
    chosen = [name for suffix in best for name in format_samples() if PurePosixPath(name).suffix == suffix]
    return chosen[:limit] or list(BASIC)


def _fit(words: list[str], names: set[str], is_program: bool) -> float:
    """How strongly one hint speaks for a format: 1 for its name as a word, more often a little more; inside a program's name 0.8.

    In names like bmp2tiff the format before the 2 is what goes in.
    """
    hits = sum(word in names for word in words)
    score = 1 + min(hits, 20) / 40 if hits else 0.0
    if is_program and words:
        whole = "".join(words)
        source = whole.partition("2")[0]
        for name in names:
            if len(name) > 2 and name in whole:
                score = max(score, 2.0 if name in source else 1.2)
    return score
