"""Parsing: what stands at a place, what it can name, how its function fails, and edits in the file's own style."""

from mithridate.repair.c.accesses import accesses, split
from mithridate.repair.c.edits import after, before, guarded
from mithridate.repair.c.exits import error_paths
from mithridate.repair.c.nodes import text
from mithridate.repair.c.scope import macros, members, structures, variables
from mithridate.repair.c.source import Function, Source, parse

TABLE = b"""#define LIMIT 8 /* entries */
struct table { unsigned count; int *rows; char name[LIMIT]; };
typedef struct { long z; } other_t;
static const char *const names[] = {"a", "b"};

int store(struct table *table, int index, int value)
{
    int rows[LIMIT + 1], *next = rows;
    if (index > table->count) {
        fprintf(stderr, "row %d is too far\\n", index);
        return -1;
    }
    if (!table->rows)
        goto out;
    for (int i = 0; i <= index; i++)
        *next++ = table->rows[i + 1];
    memcpy(table->name, names[value] + 2, value * 2);
out:
    return 0;
}
"""


def parsed(content: bytes, line: int = 0) -> tuple[Source, Function]:
    source = parse("a.c", content)
    function = source.function_at(line) if line else source.functions[0]
    assert function is not None
    return source, function


def test_the_access_at_a_column_comes_first_and_the_others_of_its_statement_follow() -> None:
    source, _ = parsed(TABLE)
    statement = source.statement_at(16, 26)
    assert statement is not None and text(statement).startswith("*next++")
    first, *others = accesses(statement, 16, 26)
    assert (first.kind, first.base, text(first.index), first.writes) == ("subscript", "table->rows", "i + 1", False)
    assert {(a.kind, a.base, a.writes) for a in others} == {("dereference", "next", True), ("member", "table", False)}
    assert accesses(statement, 16, 17, writes=True)[0].base == "next"  # at the assignment's operator


def test_a_call_that_moves_memory_tells_its_destination_source_and_length() -> None:
    source, _ = parsed(TABLE)
    statement = source.statement_at(17)
    assert statement is not None
    told = [(a.role, a.base, text(a.offset), text(a.length)) for a in accesses(statement) if a.kind == "call"]
    assert told == [("destination", "table->name", "", "value * 2"), ("source", "names[value]", "2", "value * 2")]


def test_the_address_of_an_element_is_a_base_with_an_offset() -> None:
    _source, function = parsed(b"void f(char *p, int k) { g(&p[k], k + p, (char *)p - 1); }")
    call = next(s for s in function.statements()).named_children[0].child_by_field_name("arguments")
    assert call is not None
    assert [(text(b), text(o), sign) for b, o, sign in map(split, call.named_children)] == [
        ("p", "k", "+"),
        ("k", "p", "+"),
        ("p", "1", "-"),
    ]


def test_variables_come_with_their_types_sizes_and_members() -> None:
    source, function = parsed(TABLE)
    statement = source.statement_at(16)
    assert statement is not None
    known = {v.expression: v for v in variables(source, function, statement)}
    assert next(iter(known)) == "i" and known["i"].is_signed
    assert known["rows"].dimensions == ("LIMIT + 1",) and known["rows"].is_array
    assert text(known["next"].value) == "rows" and known["next"].is_pointer
    assert known["names"].kind == "global" and known["names"].is_array
    assert known["table"].type == "struct table *"
    inside = {m.expression: m for m in members(known["table"], structures(source))}
    assert inside["table->name"].dimensions == ("LIMIT",) and inside["table->rows"].stars == 1
    assert inside["table->count"].is_integer and not inside["table->count"].is_signed
    assert macros(source)["LIMIT"] == "8" and "other_t" in structures(source)


def test_an_array_at_a_structures_end_has_no_size_that_could_be_asked_for() -> None:
    source, function = parsed(b"struct s { int size; char content[]; };\nint f(struct s *s)\n{\n    return s->content[2];\n}\n")
    statement = source.statement_at(4)
    assert statement is not None
    known = {v.expression: v for v in variables(source, function, statement)}
    content = {m.expression: m for m in members(known["s"], structures(source))}["s->content"]
    assert content.dimensions == ("",) and not content.is_array and content.is_pointer and content.element == "char"


def test_a_variable_of_another_block_or_declared_later_is_not_in_scope() -> None:
    source, function = parsed(
        b"int f(int a)\n{\n    if (a) { int inner = 1; g(inner); }\n    a++;\n    int late = a;\n    return late;\n}\n"
    )
    statement = source.statement_at(4)
    assert statement is not None
    assert [v.expression for v in variables(source, function, statement)] == ["a"]


def test_a_function_fails_as_its_other_exits_do_with_our_message_in_its_own_log() -> None:
    source, function = parsed(TABLE)
    statement = source.statement_at(17)
    assert statement is not None
    paths = error_paths(source, function, statement, "bound", "value out of range")
    assert paths[0].statements == ('fprintf(stderr, "value out of range\\n");', "return -1;")
    assert ("goto out;",) in [p.statements for p in paths]
    null_first = error_paths(source, function, statement, "null")
    assert null_first[0].statements == ("goto out;",)


def test_an_exit_that_names_what_is_not_there_yet_is_no_way_to_fail() -> None:
    source, function = parsed(
        b"int f(int a)\n{\n    a++;\n    char *late = get(a);\n"
        b"    if (!late) {\n        drop(late);\n        return -2;\n    }\n    return 0;\n}\n"
    )
    statement = source.statement_at(3)
    assert statement is not None
    assert [p.statements for p in error_paths(source, function, statement)] == [("return -1;",), ("return 0;",)]


def test_without_exits_the_result_decides_and_a_loop_may_be_left() -> None:
    source, function = parsed(b"char *f(int a)\n{\n    for (;;)\n        a++;\n}\n")
    statement = source.statement_at(4)
    assert statement is not None
    assert [p.statements for p in error_paths(source, function, statement)] == [("return NULL;",), ("break;",), ("continue;",)]


def test_a_guard_has_the_files_indentation_and_braces() -> None:
    knr = b"int f(int *a, int i)\r\n{\r\n\tif (i < 0) {\r\n\t\treturn -1;\r\n\t}\r\n\treturn a[i];\r\n}\r\n"
    source, function = parsed(knr)
    statement = source.statement_at(6)
    assert statement is not None
    changed = guarded(source, function, statement, "i > 3", error_paths(source, function, statement)[0])
    assert changed == knr.replace(b"\treturn a[i]", b"\tif (i > 3) {\r\n\t\treturn -1;\r\n\t}\r\n\treturn a[i]")


def test_a_guard_in_the_gnu_style_stands_in_braces_of_its_own_indentation() -> None:
    gnu = b"int\nf (int *a, int i)\n{\n  if (i < 0)\n    {\n"
    gnu += b'      puts ("negative index");\n      return -1;\n    }\n  return a[i];\n}\n'
    source, function = parsed(gnu)
    statement = source.statement_at(9)
    assert statement is not None
    changed = guarded(source, function, statement, "i > 3", error_paths(source, function, statement, message="bad")[0])
    assert changed == gnu.replace(
        b"  return a[i]", b'  if (i > 3)\n    {\n      puts ("bad");\n      return -1;\n    }\n  return a[i]'
    )


def test_a_body_without_braces_gets_them_and_an_else_if_gets_nothing() -> None:
    content = b"void f(int *a, int i)\n{\n    while (i)\n        a[i] = 0;\n    if (i) g();\n    else if (a[i]) h();\n}\n"
    source, function = parsed(content)
    body, chained = source.statement_at(4), source.statement_at(6, 10)
    assert body is not None and chained is not None
    changed = before(source, function, body, ["if (i > 3)", "    return;"])
    assert changed == content.replace(
        b"    while (i)\n        a[i] = 0;\n",
        b"    while (i) {\n        if (i > 3)\n            return;\n        a[i] = 0;\n    }\n",
    )
    assert before(source, function, chained, ["x;"]) is None


def test_a_line_is_added_after_a_statement_and_its_comment() -> None:
    content = b"void f(char *p)\n{\n    free(p); /* gone */\n}\n"
    source, function = parsed(content)
    statement = source.statement_at(3)
    assert statement is not None
    assert after(source, function, statement, ["p = NULL;"]) == content.replace(b"*/\n", b"*/\n    p = NULL;\n")


def test_a_parse_of_broken_and_of_deep_text_ends() -> None:
    source = parse("a.c", b"int f(int a) { return " + b"(" * 20000 + b"\xff\xfe if (")
    assert source.statement_at(1, 500) is None or source.functions
