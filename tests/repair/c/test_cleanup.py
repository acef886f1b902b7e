"""What a function owns where it is to fail, and that an exit which is added gives it back."""

import pytest

from mithridate.repair.c.cleanup import releases
from mithridate.repair.c.exits import error_paths
from mithridate.repair.c.nodes import descendants, text
from mithridate.repair.c.source import Function, Source, parse

HEAD = "struct item *made(struct disk *disk, int n)\n{\n    struct item *item = malloc(sizeof *item);\n"
TAIL = "    item->n = head->n;\n    return item;\n}\n"


def at_the_access(body: str) -> tuple[Source, Function, tuple[str, ...], list[tuple[str, ...]]]:
    source = parse("a.c", (HEAD + body + TAIL).encode())
    (function,) = source.functions
    statement = next(s for s in descendants(function.body, {"expression_statement"}) if text(s) == "item->n = head->n;")
    paths = error_paths(source, function, statement, "null")
    return source, function, releases(function, statement), [path.statements for path in paths]


def test_an_exit_gives_back_what_was_allocated_and_the_bare_one_comes_after() -> None:
    _, _, owned, paths = at_the_access("    if (!item) return 0;\n    struct head *head = find(disk);\n")
    assert owned == ("free(item);",)
    assert paths[:2] == [("free(item);", "return 0;"), ("return 0;",)]


def test_what_was_made_last_is_given_back_first() -> None:
    _, _, owned, _ = at_the_access("    if (!item) return 0;\n    char *name = strdup(disk->name);\n    (void)name;\n")
    assert owned == ("free(name);", "free(item);")


def test_it_is_released_as_the_function_releases_it() -> None:
    fails = "    if (n > 9) {\n        map_free(map);\n        free(item);\n        return 0;\n    }\n"
    body = f"    struct map *map = map_new(n);\n{fails}"
    _, _, owned, paths = at_the_access(body)
    assert owned == ("map_free(map);", "free(item);")
    assert paths[0] == ("map_free(map);", "free(item);", "return 0;")


@pytest.mark.parametrize(
    "body",
    [
        "    disk->first = item;\n",
        "    free(item);\n",
        "    disk->first = (struct item *)item;\n",
        "    item = disk->first;\n",
        "    item = cached_item(disk);\n",
    ],
)
def test_what_was_handed_on_or_is_nobodys_is_left_alone(body: str) -> None:
    assert at_the_access(body)[2] == ()


def test_what_another_branch_made_is_not_given_back() -> None:
    assert at_the_access("    char *name = 0;\n    if (n) {\n        name = malloc(n);\n    }\n")[2] == ("free(item);",)


def test_a_static_one_stays() -> None:
    source = parse("a.c", b"int f(int n)\n{\n    static char *kept;\n    kept = malloc(n);\n    kept[n] = 0;\n    return 1;\n}\n")
    (function,) = source.functions
    statement = next(s for s in descendants(function.body, {"expression_statement"}) if text(s) == "kept[n] = 0;")
    assert releases(function, statement) == ()


def test_a_way_out_that_gives_everything_back_comes_first() -> None:
    body = "    if (!item) return 0;\n    if (n > 9)\n        goto fail;\n"
    source = parse("a.c", (HEAD + body + TAIL.replace("}\n", "fail:\n    free(item);\n    return 0;\n}\n")).encode())
    (function,) = source.functions
    statement = next(s for s in descendants(function.body, {"expression_statement"}) if text(s) == "item->n = head->n;")
    assert [path.statements for path in error_paths(source, function, statement)][:2] == [
        ("goto fail;",),
        ("free(item);", "return NULL;"),
    ]


def test_a_declaration_behind_a_macro_is_one() -> None:
    source = parse("a.c", b"int f(void)\n{\n    ___ Thing *item = malloc(8);\n    item->n = 1;\n    return 0;\n}\n")
    (function,) = source.functions
    statement = next(s for s in descendants(function.body, {"expression_statement"}) if text(s) == "item->n = 1;")
    assert releases(function, statement) == ("free(item);",)
