import zipfile
from pathlib import Path

import pytest

from mithridate.languages.c.samples import LARGE_BYTES, MAX_SAMPLES, SMALL_BYTES, collect, magic


def write(tree: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {
            "src/main.c": b"int main(void) { return 0; }",
            "README.md": b"# read me",
            "Makefile": b"all:",
            "config.json": b"{}",
            "art/logo.img": b"IMG1",
            "test/data/a.tif": b"II*\0aaaa",
            "test/data/same.tif": b"II*\0aaaa",
            "test/data/b.png": b"\x89PNGbbbb",
            "test/data/doc.json": b'{"a": 1}',
            "fuzz/corpus/png_read/seed1": b"\x89PNGseed",
            "fuzz/corpus/json_parse/x": b"[1]",
            "fuzz/png.dict": b'"IHDR"\n',
            "test/empty.bin": b"",
        },
    )
    return tmp_path


def places(tree: Path) -> list[str]:
    return [s.place for s in collect(tree, ()).samples]


def test_data_is_taken_and_code_build_files_and_documents_are_not(tree: Path) -> None:
    found = set(places(tree))
    assert {"test/data/a.tif", "test/data/b.png", "fuzz/corpus/png_read/seed1", "art/logo.img"} <= found
    assert not {"src/main.c", "README.md", "Makefile", "config.json", "test/empty.bin"} & found


def test_text_formats_count_among_tests_only(tree: Path) -> None:
    assert "test/data/doc.json" in places(tree)
    assert "config.json" not in places(tree)


def test_equal_contents_are_kept_once(tree: Path) -> None:
    assert sum(place.endswith(".tif") for place in places(tree)) == 1


def test_corpora_come_before_test_data_before_the_rest(tree: Path) -> None:
    found = places(tree)
    assert found.index("fuzz/corpus/png_read/seed1") < found.index("test/data/a.tif") < found.index("art/logo.img")


def test_a_target_gets_the_corpus_that_bears_its_name(tree: Path) -> None:
    samples = collect(tree, ())
    assert samples.for_program("png_read_fuzzer")[0].name == "seed1"
    assert samples.for_program("fuzz_json_parse")[0].read_bytes() == b"[1]"


def test_hints_bring_the_fitting_extension_first(tree: Path) -> None:
    assert collect(tree, ()).for_program("viewer", ["tif"])[0].suffix == ".tif"
    assert collect(tree, ()).for_program("viewer", [".png"])[0].suffix == ".png"


def test_dictionaries_go_to_the_target_that_they_are_named_after(tree: Path) -> None:
    assert [d.name for d in collect(tree, ()).for_dictionary("png_read_fuzzer")] == ["png.dict"]
    write(tree, {"fuzz/json.dict": b'"null"\n'})
    assert [d.name for d in collect(tree, ()).for_dictionary("fuzz_json")] == ["json.dict"]


def test_the_owner_s_globs_come_first_and_cannot_leave_the_tree(tree: Path) -> None:
    (tree.parent / "secret.bin").write_bytes(b"secret")
    samples = collect(tree, ["config.json", "../*.bin", "/etc/*"])
    assert samples.samples[0].place == "config.json"
    assert all(s.path.is_relative_to(tree) for s in samples.samples)


def test_a_seed_archive_is_unpacked_under_names_of_our_own(tree: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tree / "fuzz" / "xml_seed_corpus.zip", "w") as archive:
        archive.writestr("../../escape.xml", b"<escaped/>")
        archive.writestr("good.xml", b"<good/>")
        archive.writestr("huge.xml", b"x" * (SMALL_BYTES + 1))
    unpacked = tmp_path / "unpacked"
    found = [s for s in collect(tree, (), unpacked).samples if "seed_corpus.zip" in s.place]
    assert {s.path.read_bytes() for s in found} == {b"<escaped/>", b"<good/>"}
    assert all(s.path.parent == unpacked and s.suffix == ".xml" for s in found)
    assert not (tmp_path.parent / "escape.xml").exists()


def test_a_zip_bomb_and_a_broken_archive_do_no_harm(tree: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tree / "fuzz" / "bomb_seed_corpus.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lie", bytes(50 << 20))
    data = (tree / "fuzz" / "bomb_seed_corpus.zip").read_bytes()
    declared = (50 << 20).to_bytes(4, "little")
    (tree / "fuzz" / "bomb_seed_corpus.zip").write_bytes(data.replace(declared, (100).to_bytes(4, "little")))
    write(tree, {"fuzz/broken_seed_corpus.zip": b"PK\3\4 nothing"})
    unpacked = tmp_path / "unpacked"
    collect(tree, (), unpacked)
    assert sum(f.stat().st_size for f in unpacked.rglob("*")) <= SMALL_BYTES


def test_large_files_are_taken_only_when_there_is_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, {"test/big.dat": b"x" * (SMALL_BYTES + 1), "test/huge.dat": b"y" * (LARGE_BYTES + 1)})
    assert places(tmp_path) == ["test/big.dat"]
    write(tmp_path, {"test/small.dat": b"z"})
    assert places(tmp_path) == ["test/small.dat"]


def test_the_cap_keeps_variety(tmp_path: Path) -> None:
    write(tmp_path, {f"test/many/{i:04d}.aaa": b"AAAA%d" % i for i in range(MAX_SAMPLES + 10)} | {"test/one/only.zzz": b"ZZZZ"})
    samples = collect(tmp_path, ()).samples
    assert len(samples) == MAX_SAMPLES
    assert any(s.suffix == ".zzz" for s in samples[:5])


def test_links_are_not_followed(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.bin"
    outside.write_bytes(b"secret")
    (tree / "test" / "link.bin").symlink_to(outside)
    (tree / "test" / "loop").symlink_to(tree)
    assert not any("link" in p or "loop" in p for p in places(tree))


def test_formats_are_told_by_how_files_begin() -> None:
    assert magic(b"\x89PNG\r\n") == magic(b"\x89PNG....")
    assert magic(b"<xml>") != magic(b"plain text")
    assert magic(b"") == "empty"
