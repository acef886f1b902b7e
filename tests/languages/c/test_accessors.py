"""Which functions only fetch or store a value through a pointer they are given."""

from pathlib import Path

import pytest

from mithridate.languages.c.accessors import is_accessor

GET16 = (
    "/* a\n * comment { with braces } */\nstatic unsigned get16(const unsigned char *p)\n{\n    return p[0] | (p[1] << 8);\n}\n"
)


def accessor(tmp_path: Path, text: str, line: int, function: str, inner: tuple[str, ...] = ()) -> bool:
    source = tmp_path / "a.c"
    source.write_text(text)
    return is_accessor(source, line, function, inner)


def test_a_function_that_fetches_a_number_is_one(tmp_path: Path) -> None:
    assert accessor(tmp_path, GET16, 5, "get16")


def test_so_is_one_in_the_old_style_and_one_in_a_class(tmp_path: Path) -> None:
    old = '#include "x.h"\nulg makelong(sig)\n    uch *sig;\n{\n    return (((ulg)sig[3]) << 24)\n        + (ulg)sig[0];\n}\n'
    assert accessor(tmp_path, old, 6, "makelong")
    inside = "namespace n {\nclass C {\n  int at(const int *p) const {\n    return *p;\n  }\n};\n}\n"
    assert accessor(tmp_path, inside, 4, "n::C::at(int const*) const")


def test_one_that_is_made_of_another_is_one_when_that_is_known(tmp_path: Path) -> None:
    text = GET16 + "unsigned get32(const unsigned char *p) {\n    return get16(p) | get16(p + 2) << 16;\n}\n"
    assert not accessor(tmp_path, text, 8, "get32")
    assert accessor(tmp_path, text, 8, "get32", ("get16",))
    reckons = GET16 + "unsigned last(const unsigned char *p, int n) {\n    return get16(p + n);\n}\n"
    assert not accessor(tmp_path, reckons, 8, "last", ("get16",))


def test_a_method_that_returns_a_member_is_one(tmp_path: Path) -> None:
    text = "class File {\n public:\n  int type() {\n    return m_type;\n  }\n};\n"
    assert accessor(tmp_path, text, 4, "File::type()")
    assert accessor(tmp_path, "class Bin {\n void set(int v) { m_value = v; }\n};\n", 2, "Bin::set(int)")
    assert not accessor(tmp_path, "int type() {\n    return g_type;\n}\n", 2, "type")


COPY = "char *my_strcpy(char *to, const char *from) {\n  char *p = to;\n  while ((*p++ = *from++))\n    ;\n  return to;\n}\n"


def test_so_is_a_project_s_own_function_of_the_c_library(tmp_path: Path) -> None:
    assert accessor(tmp_path, COPY, 3, "my_strcpy")
    assert not accessor(tmp_path, COPY.replace("my_strcpy", "unpack"), 3, "unpack")
    assert not accessor(tmp_path, COPY.replace("*p++ = *from++", "*p++ = next()"), 3, "my_strcpy")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("int f(char *p, int n) {\n  for (int i = 0; i < n; i++) p[i] = 0;\n  return 0;\n}\n", "its loop may run too far"),
        ("int f(char *p, int n) {\n  if (n > 4)\n    return 0; return p[n];\n}\n", "its check may be wrong"),
        ("int f(int n) {\n  return table[n];\n}\n", "the object is not its caller's"),
        ("int f(char *p) {\n  return parse(p)[3];\n}\n", "somebody else made the pointer"),
        ("int g(char *p) {\n  return p[3];\n}\n", "the frame is of another function"),
        ("int f(char *p) {\n  return 0;\n" + "  p++;\n" * 30 + "}\n", "it is long"),
    ],
)
def test_whatever_decides_something_is_not(tmp_path: Path, body: str, why: str) -> None:
    assert not accessor(tmp_path, body, 2, "f"), why


def test_what_cannot_be_read_is_not(tmp_path: Path) -> None:
    assert not is_accessor(tmp_path / "absent.c", 3, "f")
    assert not accessor(tmp_path, "}}}{{{((", 1, "f")
    assert not accessor(tmp_path, GET16, 99, "get16")
