"""Patches on top of patches."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.repair.diff import DiffError, applied, made, patched, read
from mithridate.repair.stacked import alone, together

LINES = [f"line {n}" for n in range(12)]


def tree(root: Path, **files: list[str]) -> Path:
    root.mkdir()
    for name, lines in files.items():
        (root / f"{name}.c").write_text("".join(f"{line}\n" for line in lines))
    return root


def change(name: str, before: list[str], after: list[str]) -> str:
    return made({f"{name}.c": ("".join(f"{x}\n" for x in before).encode(), "".join(f"{x}\n" for x in after).encode())})


def content(diff: str, root: Path, name: str) -> list[str]:
    return (applied(diff, root)[f"{name}.c"] or b"").decode().splitlines()


def test_a_change_elsewhere_in_the_file_is_taken_off_the_one_below(tmp_path: Path) -> None:
    root = tree(tmp_path / "t", a=LINES)
    base = change("a", LINES, [*LINES[:2], "guard", "more", *LINES[2:]])
    middle = content(base, root, "a")
    upper = change("a", middle, [*middle[:11], "fixed", *middle[12:]])
    own = alone(base, upper, root)
    assert own is not None
    assert content(own, root, "a") == [*LINES[:9], "fixed", *LINES[10:]]
    assert content(together(base, upper, root), root, "a") == [*LINES[:2], "guard", "more", *LINES[2:9], "fixed", *LINES[10:]]


def test_a_change_of_another_file_stays_what_it_is(tmp_path: Path) -> None:
    root = tree(tmp_path / "t", a=LINES, b=LINES)
    base, upper = change("a", LINES, LINES[1:]), change("b", LINES, LINES[:-1])
    assert alone(base, upper, root) == upper
    both = together(base, upper, root)
    assert {file.path for file in read(both)} == {"a.c", "b.c"}


def test_what_builds_on_the_lower_change_has_no_form_of_its_own(tmp_path: Path) -> None:
    root = tree(tmp_path / "t", a=LINES)
    base = change("a", LINES, [*LINES[:5], "guard", *LINES[5:]])
    middle = content(base, root, "a")
    for at in (4, 5, 6):  # the line before it, the line itself, the line behind it
        upper = change("a", middle, [*middle[:at], "changed", *middle[at + 1 :]])
        assert alone(base, upper, root) is None
        assert content(together(base, upper, root), root, "a") == [*middle[:at], "changed", *middle[at + 1 :]]


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    root = tree(tmp_path / "t", a=LINES)
    with pytest.raises(DiffError):
        together(change("a", ["other"], ["else"]), change("a", LINES, LINES[1:]), root)


@given(st.integers(0, 11), st.integers(0, 11), st.integers(0, 3), st.integers(0, 3))
def test_both_in_either_order_give_the_same(low: int, high: int, more: int, removed: int) -> None:
    """Where the upper change stands by itself, it can be applied to the snapshot and then comes to what both together do."""
    base_after = [*LINES[:low], *["new"] * more, *LINES[low + removed :]]
    if base_after == LINES or high >= len(base_after):
        return
    base = change("a", LINES, base_after)
    upper = change("a", base_after, [*base_after[:high], "fixed", *base_after[high + 1 :]])
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        root = tree(Path(folder) / "t", a=LINES)
        own = alone(base, upper, root)
        if own is None:
            return
        (file,) = read(own)
        mended = patched(file, (root / "a.c").read_bytes()).decode().splitlines()
        assert mended.count("fixed") == 1 and len(mended) == len(LINES)
        assert LINES[mended.index("fixed")] == base_after[high]
