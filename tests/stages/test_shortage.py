"""An estate that does not fit: into the disk (a limit on the size of files stands for a full one), or into memory."""

import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from mithridate.model.errors import ExitCode, MissingRequirement, OutOfSpace, UsageError
from mithridate.policy.scope import SCOPE_FILE, Attestation, Scope, attestation_sentence, current_day, write
from mithridate.stages.shortage import told_when_short

ASK = """
import resource, sys
from pathlib import Path
from mithridate.model.errors import MithridateError
from mithridate.stages import estate
folder, memory, largest = Path(sys.argv[1]), int(sys.argv[2]) << 20, int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
try:
    with estate.opened(estate.EstateOptions(files=(str(folder),), memory_bytes=memory, threads=1), None, folder.parent / "home"):
        pass
except MithridateError as error:
    print(type(error).__name__, int(error.exit_code), str(error), error.hint, sep="|")
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400,000 hosts."""
    folder = tmp_path_factory.mktemp("large") / "estate"
    folder.mkdir()
    (folder.parent / "home").mkdir()
    today = current_day()
    attestation = Attestation(sentence=attestation_sentence("the tests", folder), attested_by="the tests", date=today)
    write(Scope(owner="the tests", path=folder, until=today + timedelta(days=1), attestation=attestation), folder / SCOPE_FILE)
    lines = [f"host:name-of-a-host-{n * 7919 % 1_000_003},zone:floor{n % 10}" for n in range(400_000)]
    (folder / "in_zone.csv").write_text("\n".join(["host,zone", *lines, ""]))
    return folder


def asked(folder: Path, memory_mib: int, largest_file: int) -> list[str]:
    arguments = [sys.executable, "-c", ASK, str(folder), str(memory_mib), str(largest_file)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout.strip().split("|")


def test_a_disk_without_room_for_the_tables_is_one_sentence(large: Path) -> None:
    name, code, said, hint = asked(large, 48, 1 << 20)
    assert (name, int(code)) == ("OutOfSpace", ExitCode.INTERRUPTED)
    assert said == f"there is no room left in {tempfile.gettempdir()}: the disk or a quota is full"
    assert hint == "make room, and ask again"


def test_too_little_memory_is_one_sentence(large: Path) -> None:
    name, code, said, _ = asked(large, 8, 1 << 30)
    assert (name, int(code)) == ("OutOfSpace", ExitCode.INTERRUPTED)
    assert said == "the estate takes more memory than there is for it"


def test_a_reader_that_gives_up_for_want_of_room_is_no_bad_file() -> None:
    with pytest.raises(OutOfSpace), told_when_short():
        try:
            raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block")
        except duckdb.Error as error:
            raise UsageError(f"in_zone.csv cannot be read as CSV: {error}") from None


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "No space left on device"), OSError(27, "File too large")])
def test_the_systems_own_errors_are_told_too(error: Exception) -> None:
    with pytest.raises(OutOfSpace), told_when_short():
        raise error


def test_tables_that_cannot_be_kept_for_another_reason_are_told() -> None:
    with pytest.raises(MissingRequirement, match=r"cannot be kept in .*: IO Error: Could not open file"), told_when_short():
        raise duckdb.IOException('IO Error: Could not open file "x": No such file or directory\nmore')


@pytest.mark.parametrize("error", [UsageError("no such node"), OSError(2, "No such file"), duckdb.ParserException("near")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, told_when_short():
        raise error
    assert raised.value is error
