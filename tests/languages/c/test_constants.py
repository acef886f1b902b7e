import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mithridate.languages.c.constants import MAX_ENTRIES, dictionary, filled_forms, nearest_first, plausible, render, telling
from mithridate.languages.c.elf import Image
from mithridate.languages.c.literals import literals, unescape
from tests.languages.c.programs import compiled

SOURCE = r"""
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#define PIC_MAGIC 0x89504e47
static const char *names[] = { "chunk", "palette", "/usr/share/thing" };
int main(void) {
  char b[64] = {0}; uint32_t x;
  fread(b, 1, 63, stdin); memcpy(&x, b, 4);
  if (x == 0xdeadbe11) puts("a greeting to the world");
  if (!strcmp(b, "Hello_Token")) return 1;
  if (b[0] == 'P' && b[1] == '6') return 3;
  if (b[0] == 'q' || b[0] == 'z') return 4;
  switch (x) { case 'RIFF': return 1; case 0x46524d38: return 2; }
  if (x == PIC_MAGIC) return 9;
  /* strcmp(b, "in_a_comment") */
  printf("error: %d in the_message\n", 0x12345678);
  return names[b[1] & 1][0];
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(SOURCE, tmp_path_factory.mktemp("constants") / "prog")


def tokens(data: bytes) -> list[bytes]:
    return [unescape(line[1:-1]) for line in data.splitlines()]


def test_compared_strings_and_magic_numbers_are_in_the_dictionary(program: Path) -> None:
    found = tokens(dictionary([program.with_suffix(".c")], program))
    assert {b"Hello_Token", b"RIFF", b"P6", b"\x89PNG", b"GNP\x89", b"\xde\xad\xbe\x11", b"\x11\xbe\xad\xde", b"FRM8"} <= set(
        found
    )


def test_messages_comments_and_paths_are_not_in_the_dictionary(program: Path) -> None:
    text = dictionary([program.with_suffix(".c")], program)
    for noise in (b"in_a_comment", b"the_message", b"/usr/share", b"greeting", b"qz", b"\x12\x34\x56\x78", b"stdio.h"):
        assert noise not in tokens(text)
        assert not any(noise in token for token in tokens(text))


def test_what_is_compared_comes_before_what_is_only_there(program: Path) -> None:
    found = tokens(dictionary([program.with_suffix(".c")], program))
    assert found.index(b"Hello_Token") < found.index(b"palette")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        (b"Birthdate (mm/dd/yy hh:mm:ss): ", [b"10/11/12 13:14:15"]),
        (b"dates are YYYY-MM-DD, times HH:MM", [b"2010-11-12", b"10:11"]),
        (b"d.m.yyyy or ###-####", [b"1.1.2012", b"111-2011"]),
        (b"say d/m/y", [b"1/1/1"]),
        (b"go on? (y/n) x.y is mmm f(x,y,n)", []),
        (b'"\\nmm/dd/yyyy" "\\tHH:MM:SS"', [b"10/11/2012", b"10:11:12"]),
        (b"YYYY-MM-DDTHH:MM:SSZ", [b"2010-11-12T13:14:15"]),
        (b"hm my hh:mmx ahh:mm day-month", []),
        (b"mm:ss mm:ss mm:ss of it", [b"10:11 12:13 14:15"]),
    ],
)
def test_a_form_that_people_are_told_of_is_filled_in(text: bytes, filled: list[bytes]) -> None:
    assert filled_forms(text) == filled


def test_forms_in_messages_are_in_the_dictionary_and_do_not_fill_it(tmp_path: Path) -> None:
    source = tmp_path / "form.c"
    marks = ("/", "-", ":", ".", ",")
    asked = [f'puts("give {"m" * n}{mark}dd{mark}yy");' for n in range(1, 6) for mark in marks]
    source.write_text("int main(void) {" + "".join(asked) + "}")
    found = tokens(dictionary([source], None))
    assert found[:2] == [b"1/11/12", b"1-11-12"]
    assert len(found) == 16
    source.with_name("more.c").write_text('puts("hh:mm");')
    assert len(tokens(dictionary([source, source.with_name("more.c")], None))) == 16
    program = compiled('#include <stdio.h>\nint main(void) { puts("when? hh:mm:ss"); }', tmp_path / "asks")
    assert b"10:11:12" in tokens(dictionary([], program, limit=5000))


def test_without_sources_the_machine_code_still_gives_its_immediates(program: Path) -> None:
    assert {b"\x89PNG", b"RIFF"} <= set(tokens(dictionary([], program, limit=5000)))


def test_immediates_come_from_the_project_s_functions_only(program: Path) -> None:
    values = {value for value, _ in Image.load(program).compared_immediates({b"main"})}
    assert 0xDEADBE11 in values
    assert len(values) < 20


def test_strings_of_other_programs_of_the_project_rank_behind_or_out(program: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.c"
    other.write_text('int f(char *s) { return !strcmp(s, "elsewhere_token"); }')
    found = tokens(dictionary([other, program.with_suffix(".c")], program))
    assert found.index(b"Hello_Token") < found.index(b"elsewhere_token")


def test_a_dictionary_is_bounded_and_has_no_entry_twice(tmp_path: Path) -> None:
    source = tmp_path / "many.c"
    source.write_text("".join(f'x = strcmp(s, "token_{i}");\n' * 2 for i in range(MAX_ENTRIES * 2)))
    lines = dictionary([source], None).splitlines()
    assert len(lines) == len(set(lines)) == MAX_ENTRIES


def test_both_engines_read_the_dictionary(tmp_path: Path) -> None:
    target = tmp_path / "target.c"
    target.write_text("int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return 0; }")
    words = tmp_path / "words.dict"
    words.write_bytes(render([b'quote"back\\slash', b"\0\xff", b"plain", b"tab\t"]))
    subprocess.run(["clang-19", "-fsanitize=fuzzer", str(target), "-o", str(tmp_path / "target")], check=True)
    done = subprocess.run([str(tmp_path / "target"), "-runs=1", f"-dict={words}"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Dictionary: 4 entries" in done.stderr
    assert re.search(rb'^"quote\\x22back\\x5cslash"$', words.read_bytes(), re.MULTILINE)


@pytest.mark.parametrize("value", [0, 1, 0xFF, 0x1000, 0xFFFFFFFF, 0xFFFF0000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8])
def test_masks_and_round_numbers_tell_nothing(value: int) -> None:
    assert not telling(value, 4)


def test_formats_options_and_sentences_are_not_plausible_tokens() -> None:
    for token in (b"%s: %d", b"--help", b"cannot open file", b"file.c", b"/etc/passwd", b"x", b"Done."):
        assert not plausible(token)
    for token in (b"IHDR", b"Content-Length: ", b"%!", b"<?xml", b"SELECT"):
        assert plausible(token)


def test_escapes_are_read_as_c_reads_them() -> None:
    assert unescape(rb"\x89PNG\r\n\032\0\"\\") == b'\x89PNG\r\n\x1a\0"\\'


def test_sources_near_the_program_come_first(tmp_path: Path) -> None:
    paths = [tmp_path / p for p in ("lib/a.c", "tools/other.c", "tools/prog.c", "z.c")]
    assert [p.name for p in nearest_first(paths, "prog")][:2] == ["prog.c", "other.c"]


@pytest.mark.parametrize("hostile", ["/*" * 300_000, '"' * 300_001, "'" * 300_001, "(" * 300_000, "a" * 600_000, '"\\' * 300_000])
def test_hostile_sources_are_read_in_linear_time(hostile: str) -> None:
    assert sum(1 for _ in literals(hostile.encode())) < 400_000


def test_broken_executables_read_as_empty(program: Path, tmp_path: Path) -> None:
    whole = program.read_bytes()
    for number, data in enumerate((b"", b"\x7fELF", whole[:100], whole[: len(whole) // 2], whole[:64] + b"\xff" * 4096)):
        broken = tmp_path / f"broken{number}"
        broken.write_bytes(data)
        assert Image.load(broken).compared_immediates() == () or number == 3
        dictionary([], broken)


def test_32_bit_programs_are_read_too(tmp_path: Path) -> None:
    source = tmp_path / "small.c"
    source.write_text("int f(int x) { return x == 0x46464952 ? 3 : x; }\nint main(int c, char **v) { return f(c); }")
    done = subprocess.run(["clang-19", "-m32", "-g", "-O0", str(source), "-o", str(tmp_path / "small")], capture_output=True)
    if done.returncode != 0 and shutil.which("gcc") is None:
        pytest.skip("no 32-bit compiler")
    assert (0x46464952, 4) in Image.load(tmp_path / "small").compared_immediates()
