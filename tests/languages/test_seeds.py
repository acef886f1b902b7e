import bz2
import gzip
import io
import json
import lzma
import sqlite3
import subprocess
import tarfile
import tomllib
import xml.etree.ElementTree
import zipfile
import zlib
from email import message_from_bytes
from pathlib import Path, PurePosixPath

import pytest

from mithridate.languages.seeds import format_samples, relevant
from mithridate.languages.seeds.library import BASIC

SAMPLES = format_samples()


def named(suffix: str) -> list[str]:
    return [name for name in SAMPLES if name.endswith(suffix)]


@pytest.fixture(scope="module")
def recognised(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What file(1) says about each sample."""
    place = tmp_path_factory.mktemp("seeds")
    for name, content in SAMPLES.items():
        (place / name).write_bytes(content)
    done = subprocess.run(["file", "--mime-type", "-F", "\t", *SAMPLES], cwd=place, capture_output=True, text=True, check=True)
    return {name: kind.strip() for name, _, kind in (line.partition("\t") for line in done.stdout.splitlines())}


MIME = {
    ".png": "image/png",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".jpg": "image/jpeg",
    ".jp2": "image/jp2",
    ".webp": "image/webp",
    ".psd": "image/vnd.adobe.photoshop",
    ".ico": "image/vnd.microsoft.icon",
    ".pcx": "image/x-pcx",
    ".tga": "image/x-tga",
    ".pdf": "application/pdf",
    ".ps": "application/postscript",
    ".rtf": "text/rtf",
    ".wav": "audio/x-wav",
    ".mid": "audio/midi",
    ".flac": "audio/flac",
    ".au": "audio/basic",
    ".avi": "video/x-msvideo",
    ".flv": "video/x-flv",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".tar": "application/x-tar",
    ".gz": "application/gzip",
    ".bz2": "application/x-bzip2",
    ".xz": "application/x-xz",
    ".zst": "application/zstd",
    ".rar": "application/x-rar",
    ".7z": "application/x-7z-compressed",
    ".cab": "application/vnd.ms-cab-compressed",
    ".cpio": "application/x-cpio",
    ".iso": "application/x-iso9660-image",
    ".sqlite": "application/vnd.sqlite3",
    ".elf": "application/x-executable",
    ".o": "application/x-object",
    ".exe": "application/vnd.microsoft.portable-executable",
    ".class": "application/x-java-applet",
    ".wasm": "application/wasm",
    ".ttf": "font/sfnt",
    ".otf": "application/vnd.ms-opentype",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".icc": "application/vnd.iccprofile",
    ".pcap": "application/vnd.tcpdump.pcap",
    ".torrent": "application/x-bittorrent",
    ".eml": "message/rfc822",
    ".djvu": "image/vnd.djvu",
    ".swf": "application/x-shockwave-flash",
    ".mo": "application/x-gettext-translation",
}


@pytest.mark.parametrize("suffix", sorted(MIME))
def test_an_independent_reader_recognises_the_format(suffix: str, recognised: dict[str, str]) -> None:
    assert named(suffix)
    accepted = {MIME[suffix], "application/x-dosexec" if suffix == ".exe" else MIME[suffix]}
    assert {name: recognised[name] for name in named(suffix) if recognised[name] not in accepted} == {}


def test_there_are_samples_of_very_many_formats_and_all_are_tiny() -> None:
    assert len({PurePosixPath(name).suffix for name in SAMPLES}) > 200
    assert max(len(content) for content in SAMPLES.values()) <= 40 << 10
    assert sum(len(content) for content in SAMPLES.values()) < 512 << 10


def test_samples_are_the_same_every_time() -> None:
    format_samples.cache_clear()
    assert dict(format_samples()) == dict(SAMPLES)


def test_every_png_chunk_has_its_right_checksum_and_the_rows_unpack() -> None:
    for name in named(".png"):
        data, place, rows = SAMPLES[name], 8, b""
        while place < len(data):
            size = int.from_bytes(data[place : place + 4], "big")
            body = data[place + 4 : place + 8 + size]
            assert zlib.crc32(body) == int.from_bytes(data[place + 8 + size : place + 12 + size], "big"), name
            rows += zlib.decompress(body[4:]) if body[:4] == b"IDAT" else b""
            place += 12 + size
        assert rows, name


def test_archives_open_and_give_their_members() -> None:
    for name in named(".zip"):
        with zipfile.ZipFile(io.BytesIO(SAMPLES[name])) as archive:
            assert name == "encrypted.zip" or archive.testzip() is None
    for name in (*named(".tar"), *named(".tar.gz"), *named(".tar.xz"), *named(".tar.bz2")):
        with tarfile.open(fileobj=io.BytesIO(SAMPLES[name])) as archive:
            assert archive.getmembers(), name


def test_compressed_streams_decompress() -> None:
    for name in named(".gz"):
        assert gzip.decompress(SAMPLES[name]), name
    for name in named(".bz2"):
        assert bz2.decompress(SAMPLES[name]), name
    for name in (*named(".xz"), *named(".lzma")):
        assert lzma.decompress(SAMPLES[name]), name
    assert zlib.decompress(SAMPLES["text.zlib"])


def test_structured_texts_parse() -> None:
    for name in (*named(".json"), *named(".geojson")):
        json.loads(SAMPLES[name])
    for name in (*named(".xml"), *named(".svg"), *named(".xsl"), *named(".xsd"), *named(".plist")):
        xml.etree.ElementTree.fromstring(SAMPLES[name])
    for name in named(".toml"):
        tomllib.loads(SAMPLES[name].decode())
    assert message_from_bytes(SAMPLES["parts.eml"]).is_multipart()


def test_the_database_answers_queries() -> None:
    connection = sqlite3.connect(":memory:")
    connection.deserialize(SAMPLES["rows.sqlite"])
    assert connection.execute("SELECT b FROM t WHERE a = 1").fetchone() == ("x",)


def test_queries_are_valid_sql() -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SAMPLES["queries.sql"].decode())
    connection.executescript(SAMPLES["more.sql"].decode())


def test_sources_in_languages_that_are_here_compile(tmp_path: Path) -> None:
    compile(SAMPLES["program.py"], "program.py", "exec")
    (tmp_path / "a.c").write_bytes(SAMPLES["program.c"])
    (tmp_path / "a.sh").write_bytes(SAMPLES["script.sh"])
    subprocess.run(["clang-19", "-fsyntax-only", str(tmp_path / "a.c")], check=True)
    subprocess.run(["sh", "-n", str(tmp_path / "a.sh")], check=True)


def test_the_tool_of_a_format_gets_that_format_first() -> None:
    assert relevant(["tiffinfo"])[0].endswith(".tif")
    assert relevant(["bmp2tiff"])[0].endswith(".bmp")
    assert relevant(["decode", "usage: decode [-q] file.png"])[0].endswith(".png")
    assert relevant(["lua"])[0].endswith(".lua")
    assert relevant([".gif"])[0].endswith(".gif")


def test_short_words_of_running_text_name_no_format() -> None:
    assert relevant(["zzyzx", "so", "is", "a", "as", "ar"]) == list(BASIC)


def test_an_unknown_program_gets_a_basic_choice() -> None:
    assert relevant(["zzyzx"]) == list(BASIC)
    assert set(BASIC) <= set(SAMPLES)


def test_relevant_names_are_samples_without_doubles() -> None:
    names = relevant(["imagetool", "reads tiff png jpeg gif bmp zip wav"])
    assert len(names) == len(set(names))
    assert set(names) <= set(SAMPLES)
    assert {PurePosixPath(n).suffix for n in names} >= {".tif", ".png", ".jpg", ".gif", ".bmp", ".zip", ".wav"}
