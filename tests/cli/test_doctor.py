import json
import shutil

import pytest

from mithridate.cli.doctor import install_line
from mithridate.cli.probes import Area, _python, probe
from mithridate.model.errors import ExitCode, MithridateError
from mithridate.sandbox.registry import create


def _equipped() -> bool:
    try:
        create("bubblewrap").check()
    except MithridateError:
        return False
    return shutil.which("clang-19") is not None and shutil.which("llvm-symbolizer-19") is not None


def test_without_tools_everything_missing_is_named_with_one_line(mithridate, tmp_path) -> None:  # type: ignore[no-untyped-def]
    done = mithridate("doctor", "--format", "json", PATH=str(tmp_path))
    assert done.returncode == ExitCode.MISSING_REQUIREMENT
    answer = json.loads(done.stdout)
    assert not answer["ready"]
    missing = {p["what"] for p in answer["probes"] if not p["works"]}
    assert {"clang-19", "afl-fuzz", "cmake", "AddressSanitizer"} <= missing
    install = answer["install"].split()
    assert install[:3] == ["sudo", "apt-get", "install"]
    assert {"clang-19", "afl++", "cmake", "libclang-rt-19-dev"} <= set(install)
    assert install.index("clang-19") < install.index("cmake")
    assert "a scan cannot work here yet" in mithridate("doctor", PATH=str(tmp_path)).stdout


@pytest.mark.skipif(not _equipped(), reason="needs bubblewrap, clang-19 and llvm-symbolizer-19")
def test_the_doctor_really_stops_an_overflow_and_drives_a_target() -> None:
    found = {p.what: p for p in probe(create("bubblewrap"))}
    assert found["bubblewrap"].works and found["bubblewrap"].area is Area.SANDBOX
    assert found["AddressSanitizer"].detail == "stopped a write past a buffer and named its line"
    assert found["libFuzzer"].detail == "built a fuzz target and ran it 1000 times"
    assert "19." in found["clang-19"].detail
    assert "clang-19" not in install_line(tuple(found.values()))


def test_the_doctor_tells_what_python_projects_need(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    found = {p.what: p for p in _python(create("bubblewrap") if _equipped() else None)}
    assert found["/usr/bin/python3"].area is Area.PYTHON and found["/usr/bin/python3"].works
    assert found["uv"].works
    monkeypatch.setattr("mithridate.cli.probes.INTERPRETER", str(tmp_path / "python3"))
    missing = {p.what: p for p in _python(None)}[str(tmp_path / "python3")]
    assert not missing.works and install_line((missing,)) == "sudo apt-get install python3"


def test_an_unknown_sandbox_is_bad_input(mithridate) -> None:  # type: ignore[no-untyped-def]
    assert mithridate("doctor", "--sandbox", "cardboard").returncode == ExitCode.USAGE
