from hypothesis import given
from hypothesis import strategies as st

from mithridate.report import hexdump


@given(st.binary(max_size=200))
def test_the_bytes_can_be_read_back_from_the_dump(data: bytes) -> None:
    read = b"".join(bytes.fromhex(line[10:57]) for line in hexdump.plain(data).splitlines())
    assert read == data


def test_offsets_and_text_stand_beside_the_bytes() -> None:
    assert hexdump.plain(b"0123456789abcdefGIF\x00\xff") == (
        "00000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
        "00000010  47 49 46 00 ff                                   GIF.."
    )


def test_no_bytes_give_no_rows() -> None:
    assert list(hexdump.rows(b"")) == []
