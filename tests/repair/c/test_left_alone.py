"""What proposers leave alone: where the project's text says already what they would ask for, or what they cannot keep right."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.repair.c.planted import PLANTED
from tests.repair.c.small_bench import build

from mithridate.repair.c.nodes import descendants, text
from mithridate.repair.c.scene import Scene
from mithridate.repair.c.source import parse
from mithridate.repair.proposers.freed_memory import _block_of_both
from mithridate.repair.proposers.left_over import LEFT_OVER

REDUCED = next(planted for planted in PLANTED if planted.name == "reduced-by-more-than-is-left")
ASKED = "if (length > left)"


@pytest.mark.parametrize("asked", ["length <= left", "left >= length"])
def test_a_count_that_is_compared_where_it_is_reduced_is_not_compared_again(tmp_path: Path, asked: str) -> None:
    small = build(REDUCED.source, tmp_path)
    assert small is not None
    (violation, *_), _ = small.run(REDUCED.trigger)
    tree = small.directory / "tree"
    assert max(p.diff.count(ASKED) for p in LEFT_OVER.proposals(Scene(tree, violation))) == 2
    before, found, after = REDUCED.source.rpartition("left -= length;")
    assert found
    (tree / "main.c").write_text(f"{before}if ({asked}) {{ left -= length; }}{after}")
    assert {p.diff.count(ASKED) for p in LEFT_OVER.proposals(Scene(tree, violation))} == {1}


@pytest.mark.parametrize(
    ("declared", "kept"),
    [
        ("char *copy = NULL;", True),
        ("char *copy; copy = get();", True),
        ("char *copy;", False),  # it may have no value where the branch is not taken
        ("char *copy; int other = 0;", False),
    ],
)
def test_a_free_leaves_its_branch_only_where_the_pointer_has_a_value_in_any_case(declared: str, kept: bool) -> None:
    body = f"{{ {declared} if (n) {{ copy = get(); free(copy); }} use(copy); }}"
    source = parse("a.c", f"void f(int n)\n{body}\n".encode())
    (function,) = source.functions
    calls = {text(n): n for n in descendants(function.body, {"expression_statement"})}
    site, place = (SimpleNamespace(statement=calls[told]) for told in ("free(copy);", "use(copy);"))
    freed: Any = next(n for n in descendants(site.statement, {"identifier"}) if text(n) == "copy")
    block = _block_of_both(site, place, freed)  # type: ignore[arg-type]
    assert (block == function.body) if kept else block is None
