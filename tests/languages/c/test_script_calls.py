from pathlib import Path

import pytest

from mithridate.languages.c.script_calls import read_call, script_calls
from mithridate.model.entry import INPUT, OUTPUT


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "test/run.sh": "#!/bin/sh\n../tools/conv -c lzw images/a.img out.img || exit 1\n"
        'f_test "$CONV -r 4" "$infile" "$outfile"\n',
        "test/images/a.img": "data",
        "CMakeLists.txt": "add_test(NAME t COMMAND conv -s ${DATA}/a.img)\n",
        "README.md": "The conv tool is good. Use it:\n\n    $ conv -x photo.img\n\nand conv whatever you like.\n",
        "test/filter.test": "cat x | filt -n\nfilt -q < a.img > expected\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_calls_in_scripts_build_files_and_documents_become_forms(tree: Path) -> None:
    found = script_calls(tree, {"conv"})["conv"]
    assert ("-c", "lzw", INPUT, OUTPUT) in found
    assert ("-r", "4", INPUT, OUTPUT) in found
    assert ("-s", INPUT) in found
    assert ("-x", INPUT) in found


def test_prose_about_a_program_is_not_a_call(tree: Path) -> None:
    forms = script_calls(tree, {"conv"})["conv"]
    assert not any("tool" in form or "whatever" in form for form in forms)


def test_redirected_and_piped_input_means_standard_input(tree: Path) -> None:
    assert ("-q",) in script_calls(tree, {"filt"})["filt"]


def test_calls_with_endless_or_unsafe_words_are_refused() -> None:
    assert read_call("--daemon a.img", {"a.img"}, strict=False) is None
    assert read_call("is a tool that reads", set(), strict=True) is None
    assert read_call("x " * 50, set(), strict=False) is None


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.sh"
    outside.write_text("conv -z a.img\n")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a.img").write_text("x")
    (tree / "run.sh").symlink_to(outside)
    assert script_calls(tree, {"conv"}) == {"conv": []}


def test_hostile_scripts_are_read_in_linear_time(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("(" * 250_000)
    (tmp_path / "b.sh").write_text("a/" * 120_000)
    (tmp_path / "c.sh").write_text("conv " * 50_000)
    assert set(script_calls(tmp_path, {"conv"})) == {"conv"}
