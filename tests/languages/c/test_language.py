"""From a source tree to doors, with the real tools: a library with a shipped fuzz target and two programs."""

import hashlib
from pathlib import Path

import pytest

from mithridate.languages.c.doors import Call, host_path
from mithridate.languages.c.elf import Image
from mithridate.languages.c.language import CLanguage
from mithridate.model.entry import INPUT, Boundary, EntryKind, EntryPoint
from mithridate.model.project import Build, Flavour, Project, Skipped
from mithridate.sandbox.bubblewrap import Bubblewrap
from mithridate.store.snapshot import take_snapshot

FILES = {
    "Makefile": """
all: libnote.a noteinfo notesum selftest
note.o: note.c
\t$(CC) $(CFLAGS) -c note.c
libnote.a: note.o
\tar rcs libnote.a note.o
noteinfo: noteinfo.c libnote.a
\t$(CC) $(CFLAGS) noteinfo.c libnote.a -o noteinfo
notesum: notesum.c libnote.a
\t$(CC) $(CFLAGS) notesum.c libnote.a -o notesum
selftest: selftest.c libnote.a
\t$(CC) $(CFLAGS) selftest.c libnote.a -o selftest
""",
    "note.h": "int note_read(const unsigned char *data, unsigned long size);\n",
    "note.c": """
#include "note.h"
#include <string.h>
static int calls;
int note_read(const unsigned char *data, unsigned long size) {
    calls++;
    if (size < 8 || memcmp(data, "NOTE", 4) != 0) return -1;
    return data[4] + calls - calls;
}
""",
    "noteinfo.c": """
#include "note.h"
#include <stdio.h>
int main(int argc, char **argv) {
    unsigned char b[256];
    if (argc < 2) { fprintf(stderr, "usage: noteinfo [-v] FILE\\n"); return 2; }
    FILE *f = fopen(argv[argc - 1], "rb");
    if (!f) { perror(argv[argc - 1]); return 1; }
    int n = note_read(b, fread(b, 1, sizeof b, f));
    printf("%d\\n", n);
    return n < 0;
}
""",
    "notesum.c": """
#include "note.h"
#include <unistd.h>
int main(void) {
    unsigned char b[256];
    long n = read(0, b, sizeof b);
    return n < 0 ? 1 : note_read(b, (unsigned long)n) < 0;
}
""",
    "selftest.c": '#include "note.h"\nint main(void) { return note_read((const unsigned char *)"NOTE\\1\\2\\3\\4", 8) != 1; }\n',
    "fuzz/note_fuzzer.c": """
#include "../note.h"
int LLVMFuzzerTestOneInput(const unsigned char *data, unsigned long size) { note_read(data, size); return 0; }
""",
    "fuzz/broken_fuzzer.c": "#include <absent.h>\nint LLVMFuzzerTestOneInput(const void *d, unsigned long n) { return 0; }\n",
    "tests/one.note": "NOTE\x01\x02\x03\x04hello",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Project, list[Build], Path]:
    """The project, its builds, and a directory to work in."""
    place = tmp_path_factory.mktemp("note")
    tree = place / "note"
    for name, text in FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    project: Project = take_snapshot(tree, place / "snapshots")[0]
    language = CLanguage()
    (component,), _ = language.detect(project)
    builds = [language.build(project, component, flavour, Bubblewrap(), place / "builds") for flavour in Flavour]
    assert all(isinstance(b, Build) for b in builds), builds
    work: Path = place / "work"
    work.mkdir()
    return project, [b for b in builds if isinstance(b, Build)], work


@pytest.fixture(scope="module")
def opened(built) -> tuple[tuple[EntryPoint, ...], tuple[Skipped, ...], dict[str, bytes]]:
    blobs: dict[str, bytes] = {}

    def put(data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return digest

    project, builds, work = built
    entries, skipped = CLanguage(put=put, seconds=40).entry_points(project, builds, Bubblewrap(), work)
    return entries, skipped, blobs


def test_programs_and_fuzz_targets_become_doors_of_their_kind(opened) -> None:
    kinds = {entry.name: entry.kind for entry in opened[0]}
    assert kinds["noteinfo"] is EntryKind.PROGRAM_FILE
    assert kinds["notesum"] is EntryKind.PROGRAM_STDIN
    assert kinds["note_fuzzer"] is EntryKind.FUZZ_TARGET
    assert all(entry.boundary is Boundary.REAL for entry in opened[0])


def test_a_program_that_reads_nothing_is_no_door_and_said_so(opened) -> None:
    assert all(entry.name != "selftest" for entry in opened[0])
    assert any("selftest" in s.what for s in opened[1])


def test_a_fuzz_target_that_does_not_compile_is_skipped_with_the_compilers_words(opened) -> None:
    reasons = [s.reason for s in opened[1] if "broken_fuzzer" in s.what]
    assert reasons
    assert all("absent.h" in reason for reason in reasons)


def test_every_door_has_a_binary_for_proofs_and_one_for_each_engine(opened) -> None:
    for entry in opened[0]:
        assert {b.flavour for b in entry.binaries} == set(Flavour), entry.id
        assert all(b.in_process for b in entry.binaries if b.flavour is not Flavour.PLAIN), entry.id


def test_the_projects_sample_is_a_seed_and_its_magic_a_word(opened) -> None:
    entries, _, blobs = opened
    info = next(e for e in entries if e.name == "noteinfo")
    assert FILES["tests/one.note"].encode() in {blobs[d] for d in info.seeds}
    assert b'"NOTE"' in blobs[info.dictionary]


@pytest.mark.parametrize(
    ("call", "name", "kind", "suffix"),
    [
        (Call(program="noteinfo", form=("-v", INPUT), suffix=".note"), "noteinfo", EntryKind.PROGRAM_FILE, ".note"),
        (Call(program="./notesum.exe", form=(), suffix=".note"), "notesum", EntryKind.PROGRAM_STDIN, ""),
    ],
)
def test_a_program_called_as_its_user_says_is_the_only_door(built, call: Call, name: str, kind: EntryKind, suffix: str) -> None:
    project, builds, work = built
    (entry,), skipped = CLanguage(call=call).entry_points(project, builds, Bubblewrap(), work)
    assert (entry.name, entry.kind, entry.arguments, entry.suffix) == (name, kind, call.form, suffix)
    assert {b.flavour for b in entry.binaries} == set(Flavour)
    assert not skipped


def test_a_program_that_was_not_built_is_said_with_those_that_were(built) -> None:
    project, builds, work = built
    doors, (skipped,) = CLanguage(call=Call(program="notes", form=(INPUT,))).entry_points(project, builds, Bubblewrap(), work)
    assert doors == ()
    assert skipped.what == "notes" and "noteinfo, notesum, selftest" in skipped.reason


def test_of_two_programs_of_one_name_the_one_whose_path_was_given_is_called_and_the_other_is_told(tmp_path: Path) -> None:
    tree = tmp_path / "twice"
    for folder in ("tool", "tests"):
        (tree / folder).mkdir(parents=True)
        (tree / folder / "note.c").write_text("#include <unistd.h>\nint main(void) { char c; return (int)read(0, &c, 1); }\n")
    places = ("tests", "tool")
    rules = "".join(f"{p}/note: {p}/note.c\n\t$(CC) $(CFLAGS) {p}/note.c -o {p}/note\n" for p in places)
    (tree / "Makefile").write_text("all: tests/note tool/note\n" + rules)
    project = take_snapshot(tree, tmp_path / "snapshots")[0]
    (component,), _ = CLanguage().detect(project)
    plain = CLanguage().build(project, component, Flavour.PLAIN, Bubblewrap(), tmp_path / "builds")
    assert isinstance(plain, Build)
    for given, taken in (("note", "tool/note"), ("tests/note", "tests/note"), ("./tool/note", "tool/note")):
        (entry,), (other,) = CLanguage(call=Call(program=given, form=())).entry_points(project, [plain], Bubblewrap(), tmp_path)
        binary = entry.binary(Flavour.PLAIN)
        assert binary is not None and binary.path.endswith(taken), given
        assert "has that name, too" in other.reason


OWN_HEAP = {
    "Makefile": "shell: main.o pool.o\n\t$(CC) $(CFLAGS) main.o pool.o -o shell\n",
    "commands.h": 'static const char *const commands[] = {"enlist", "dismiss"};\n',
    "pool.c": """
#include <stddef.h>
static char arena[1 << 16]; static size_t used;
void *pool_malloc(size_t n) { void *p = arena + used; used += n; return p; }
void pool_free(void *p) { (void)p; }
int pool_strcmp(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a - *b; }
""",
    "main.c": """
#include "commands.h"
#include <stddef.h>
#include <unistd.h>
void *pool_malloc(size_t); void pool_free(void *); int pool_strcmp(const char *, const char *);
int main(void) {
    char *line = pool_malloc(8); long n = read(0, line, 7), known = 0;
    line[n > 0 ? n : 0] = 0;
    for (int i = 0; i < 2; i++) known |= !pool_strcmp(line, commands[i]);
    pool_free(line);
    return !known;
}
""",
}


def test_a_program_with_an_own_heap_is_proved_on_one_that_the_sanitizer_sees_and_found_again_in_a_fresh_build(tmp_path) -> None:
    for name, text in OWN_HEAP.items():
        (tmp_path / "shell").mkdir(exist_ok=True)
        (tmp_path / "shell" / name).write_text(text)
    blobs: dict[str, bytes] = {}

    def put(data: bytes) -> str:
        blobs[hashlib.sha256(data).hexdigest()] = data
        return hashlib.sha256(data).hexdigest()

    project = take_snapshot(tmp_path / "shell", tmp_path / "snapshots")[0]
    language, sandbox = CLanguage(put=put, seconds=40), Bubblewrap()
    (component,), _ = language.detect(project)
    builds = [language.build(project, component, flavour, sandbox, tmp_path / "builds") for flavour in Flavour]
    (tmp_path / "work").mkdir()
    made = [b for b in builds if isinstance(b, Build)]
    (entry,), _ = language.entry_points(project, made, sandbox, tmp_path / "work")
    assert b'"enlist"' in blobs[entry.dictionary]  # it stands in a header
    proving = entry.binary(Flavour.PLAIN)
    plain = next(b for b in made if b.flavour is Flavour.PLAIN)
    assert proving is not None and b"__mithridate_malloc" in Image.load(host_path(plain, proving.path)).defined_functions()
    fresh = language.build(project, component, Flavour.PLAIN, sandbox, tmp_path / "elsewhere")
    assert isinstance(fresh, Build)
    again = language.binary(fresh, entry, proving.path, sandbox, tmp_path / "work")
    assert again is not None and again.path == proving.path
