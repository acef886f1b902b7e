"""Tiny executables, objects and firmware images."""

import struct


def samples() -> dict[str, bytes]:
    """Name to content."""
    return {
        "tiny64.elf": elf(64),
        "tiny32.elf": elf(32),
        "object.o": elf(64, kind=1),
        "big-endian.elf": elf(32, order=">", machine=8),
        "tiny.exe": _pe(),
        "tiny.dll": _pe(dynamic=True),
        "tiny.macho": struct.pack("<7II", 0xFEEDFACF, 0x1000007, 3, 2, 1, 72, 0, 0)
        + struct.pack("<II16sQQQQiiII", 0x19, 72, b"__TEXT", 0, 4096, 0, 176, 7, 5, 0, 0),
        "universal.macho": struct.pack(">II5I", 0xCAFEBABE, 1, 0x1000007, 3, 4096, 0, 12),
        "old.com": b"\xb4\x4c\xcd\x21",
        "object.coff": struct.pack("<HHIIIHH", 0x8664, 1, 0, 60, 0, 0, 0)
        + b".text\0\0\0"
        + bytes(28)
        + struct.pack("<I", 0x60000020),
        "a.out": struct.pack("<8I", 0o413, 16, 0, 0, 0, 0, 0, 0) + bytes(16),
        "tree.dtb": struct.pack(">10I", 0xD00DFEED, 72, 56, 68, 40, 17, 16, 0, 4, 12)
        + bytes(16)
        + struct.pack(">IIII", 1, 0, 2, 9),
        "uimage.img": struct.pack(">7IBBBB32s", 0x27051956, 0, 0, 4, 0, 0, 0, 5, 2, 2, 0, b"name") + b"data",
    }


def elf(bits: int, kind: int = 2, order: str = "<", machine: int = 0) -> bytes:
    """An ELF file with code, a symbol, a string table, a note, and for executables a program header."""
    wide = bits == 64
    word = "Q" if wide else "I"
    head_size, program_size, section_size, symbol_size = (64, 56, 64, 24) if wide else (52, 32, 40, 16)
    names = b"\0.text\0.symtab\0.strtab\0.shstrtab\0.note\0"
    labels = b"\0main\0"
    code = b"\x31\xc0\xc3\x90"
    note = struct.pack(order + "III", 4, 4, 1) + b"GNU\0" + bytes(4)
    symbol = (
        struct.pack(order + "IBBHQQ", 1, 0x12, 0, 1, 0x400000, 4)
        if wide
        else struct.pack(order + "IIIBBH", 1, 0x8048000, 4, 0x12, 0, 1)
    )
    blocks = [code, bytes(symbol_size) + symbol, labels, names, note]
    offset = head_size + (program_size if kind == 2 else 0)
    places = []
    body = b""
    for block in blocks:
        places.append(offset + len(body))
        body += block + bytes(-len(block) % 8)
    table = offset + len(body)
    rows = [
        (0,) * 10,
        (1, 1, 6, 0x400000, places[0], len(code), 0, 0, 4, 0),
        (7, 2, 0, 0, places[1], 2 * symbol_size, 3, 1, 8, symbol_size),
    ]
    rows += [
        (15, 3, 0, 0, places[2], len(labels), 0, 0, 1, 0),
        (23, 3, 0, 0, places[3], len(names), 0, 0, 1, 0),
        (33, 7, 0, 0, places[4], len(note), 0, 0, 4, 0),
    ]
    sections = b"".join(struct.pack(order + ("IIQQQQIIQQ" if wide else "10I"), *row) for row in rows)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    machine = machine or (62 if wide else 3)
    head = ident + struct.pack(
        order + f"HHI{word}{word}{word}IHHHHHH",
        kind,
        machine,
        1,
        0x400000,
        head_size if kind == 2 else 0,
        table,
        0,
        head_size,
        program_size,
        int(kind == 2),
        section_size,
        len(rows),
        4,
    )
    if kind == 2:
        size = table
        head += (
            struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 4096)
            if wide
            else struct.pack(order + "8I", 1, 0, 0x400000, 0x400000, size, size, 5, 4096)
        )
    return head + body + sections


def _pe(dynamic: bool = False) -> bytes:
    optional = struct.pack("<HBBIIIIII", 0x10B, 14, 0, 512, 0, 0, 0x1000, 0x1000, 0x2000)
    optional += struct.pack(
        "<IIIHHHHHHIIIIHHIIIIII",
        0x400000,
        0x1000,
        0x200,
        5,
        0,
        0,
        0,
        5,
        0,
        0,
        0x3000,
        0x200,
        0,
        3,
        0,
        0x100000,
        0x1000,
        0x100000,
        0x1000,
        0,
        16,
    )
    optional += struct.pack("<II", 0, 0) + struct.pack("<II", 0x1010, 40) + bytes(14 * 8)
    flags = 0x2102 if dynamic else 0x102
    header = b"PE\0\0" + struct.pack("<HHIIIHH", 0x14C, 1, 0, 0, 0, len(optional), flags) + optional
    header += b".text\0\0\0" + struct.pack("<IIIIIIHHI", 0x200, 0x1000, 0x200, 0x200, 0, 0, 0, 0, 0x60000020)
    stub = b"MZ" + bytes(58) + struct.pack("<I", 64)
    return (stub + header).ljust(0x200, b"\0") + (b"\x31\xc0\xc3".ljust(16, b"\0") + bytes(40)).ljust(0x200, b"\0")
