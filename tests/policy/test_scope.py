import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mithridate.model.errors import ExitCode, PolicyRefusal, UsageError
from mithridate.policy.scope import (
    SCOPE_FILE,
    Attestation,
    Scope,
    attestation_sentence,
    load,
    parse,
    require,
    scope_path,
    write,
)

TODAY = date(2030, 6, 15)


def make(target: Path, **changes: object) -> Scope:
    attestation = Attestation(sentence="I am authorised.", attested_by="ada@host uid=7", date=date(2030, 1, 1))
    given: dict[str, object] = {"owner": "ACME", "path": target, "until": date(2030, 12, 31), "attestation": attestation}
    return Scope(**{**given, **changes})  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


def test_a_written_scope_is_found_and_allows_its_directory(project: Path) -> None:
    write(make(project, models=("small",)), scope_path(project))
    scope = require(project, today=TODAY)
    assert scope == make(project, models=("small",))
    assert scope.file == project / SCOPE_FILE


def test_a_scope_moves_with_its_directory(project: Path, tmp_path: Path) -> None:
    write(make(project), scope_path(project))
    moved = project.rename(tmp_path / "elsewhere")
    assert require(moved, today=TODAY).path == moved


def test_an_archive_has_its_scope_beside_it(tmp_path: Path) -> None:
    archive = tmp_path / "lib.tar.gz"
    archive.write_bytes(b"x")
    (tmp_path / "other.tar.gz").write_bytes(b"x")
    write(make(archive), scope_path(archive))
    assert (tmp_path / "lib.tar.gz.scope.toml").is_file()
    assert require(archive, today=TODAY).covers(archive)
    with pytest.raises(PolicyRefusal, match="has none"):
        require(tmp_path / "other.tar.gz", today=TODAY)


def test_models_see_nothing_unless_the_owner_says_so(project: Path) -> None:
    write(make(project), scope_path(project))
    assert load(scope_path(project)).models == ()


def test_no_scope_is_a_refusal_that_shows_the_command(project: Path) -> None:
    with pytest.raises(PolicyRefusal) as refusal:
        require(project, today=TODAY)
    assert refusal.value.exit_code is ExitCode.REFUSED
    assert f"mithridate scope init {project} --owner" in refusal.value.hint


def test_a_scope_further_up_is_offered_and_not_taken(project: Path) -> None:
    inner = project / "lib"
    inner.mkdir()
    write(make(project), scope_path(project))
    with pytest.raises(PolicyRefusal) as refusal:
        require(inner, today=TODAY)
    assert f"--scope {project / SCOPE_FILE}" in refusal.value.hint
    assert require(inner, project / SCOPE_FILE, today=TODAY).covers(inner)


def test_the_last_day_still_counts_and_the_next_does_not(project: Path) -> None:
    write(make(project, until=TODAY), scope_path(project))
    require(project, today=TODAY)
    with pytest.raises(PolicyRefusal, match="ended on 2030-06-15"):
        require(project, today=date(2030, 6, 16))


def test_a_scope_for_another_tree_is_refused(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "project-2"
    other.mkdir()
    write(make(project), scope_path(project))
    with pytest.raises(PolicyRefusal, match="covers"):
        require(other, scope_path(project), today=TODAY)


def test_a_link_out_of_the_scope_is_not_covered(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (project / "link").symlink_to(outside)
    assert not make(project).covers(project / "link")
    assert make(project).covers(project / "below")


def test_a_name_covers_the_target_of_that_name_only(project: Path) -> None:
    scope = make(project, path=None, name="project")
    assert scope.covers(project)
    assert not scope.covers(project / "sub")


def test_a_snapshot_pins_the_content(project: Path) -> None:
    write(make(project, snapshot="ab" * 32), scope_path(project))
    scope = require(project, today=TODAY)
    scope.require_snapshot("ab" * 32)
    with pytest.raises(PolicyRefusal, match="only snapshot"):
        scope.require_snapshot("cd" * 32)


def test_only_listed_sandboxes_are_allowed(project: Path) -> None:
    scope = make(project, sandboxes=("bubblewrap", "unsafe-host"))
    scope.require_sandbox("unsafe-host")
    with pytest.raises(PolicyRefusal, match="does not allow"):
        make(project, sandboxes=("*",)).require_sandbox("unsafe-host")


def test_writing_never_overwrites_without_force(project: Path) -> None:
    file = scope_path(project)
    file.write_text("mine")
    with pytest.raises(UsageError, match="already"):
        write(make(project), file)
    assert file.read_text() == "mine"
    write(make(project), file, force=True)
    assert load(file).owner == "ACME"
    assert [entry.name for entry in project.iterdir()] == [SCOPE_FILE]


GOOD = make(Path("/srv/project")).toml()


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('owner = "ACME"', "owner = ", 2, "invalid value"),
        ('owner = "ACME"', "owner = 7", 2, "`owner` must be text"),
        ('owner = "ACME"', 'owner = " "', 2, "`owner` must be text"),
        ('owner = "ACME"', 'ownr = "ACME"', 2, "`ownr` is not a word"),
        ("until = 2030-12-31", 'until = "soon"', 3, "`until` must be a date"),
        ("until = 2030-12-31", "until = 2030-12-31T00:00:00", 3, "`until` must be a date"),
        ('sandboxes = ["bubblewrap"]', 'sandboxes = "bubblewrap"', 4, "`sandboxes` must be a list"),
        ("models = []", "models = [1]", 5, "`models` must be a list"),
        ("version = 1", "version = 2", 1, "`version` is 2"),
        ("[what]", "[what]\nname = 'x'", 7, "either `path` or `name`"),
        ("[attestation]", "[attestations]", 10, "`attestations` is not a word"),
        ('attested_by = "ada@host uid=7"', "", 13, "`attested_by` is missing"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, line: int, says: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError) as error:
        parse(GOOD.replace(old, new), Path("/srv/project/s.toml"))
    assert f"line {line}:" in str(error.value)
    assert says in str(error.value)
    assert error.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("content", [b"owner = '\xff'", b"x = " + b"[" * 20_000, b"#" * 70_000, b"", b"\0"])
def test_hostile_scope_files_end_in_one_sentence(project: Path, content: bytes) -> None:
    scope_path(project).write_bytes(content)
    with pytest.raises(UsageError):
        require(project, today=TODAY)


def test_a_pipe_or_directory_in_its_place_does_not_stop_us(project: Path) -> None:
    os.mkfifo(scope_path(project))
    with pytest.raises(UsageError, match="not a file"):
        require(project, today=TODAY)
    scope_path(project).unlink()
    scope_path(project).mkdir()
    with pytest.raises(UsageError, match=r"not a file|cannot be read"):
        require(project, today=TODAY)


def test_a_dangling_scope_link_is_an_error_and_not_a_missing_scope(project: Path) -> None:
    scope_path(project).symlink_to("nowhere")
    with pytest.raises(UsageError, match="cannot be read"):
        require(project, today=TODAY)


def test_a_missing_target_or_scope_file_is_bad_input(project: Path) -> None:
    with pytest.raises(UsageError, match="there is no"):
        require(project / "absent", today=TODAY)
    with pytest.raises(UsageError, match="there is no scope file"):
        require(project, project / "absent.toml", today=TODAY)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(lambda t: bool(t.strip()))


@given(owner=TEXT, sentence=TEXT, who=TEXT, models=st.lists(st.text(st.characters(codec="utf-8"))))
def test_whatever_a_person_writes_comes_back(owner: str, sentence: str, who: str, models: list[str]) -> None:
    attestation = Attestation(sentence=sentence, attested_by=who, date=TODAY)
    scope = make(Path("/srv/project"), owner=owner, attestation=attestation, models=tuple(models))
    assert parse(scope.toml(), Path("/srv/project/s.toml")) == scope
    assert parse(scope.toml(Path("/srv/project")), Path("/srv/project/s.toml")) == scope


def test_the_attestation_names_owner_and_project(project: Path) -> None:
    assert attestation_sentence("ACME", project) == "I am authorised by ACME to analyse project."
