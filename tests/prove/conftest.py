import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from mithridate.model.entry import Binary, Boundary, EntryKind, EntryPoint
from mithridate.model.execution import Limits
from mithridate.model.project import Flavour
from mithridate.oracles.suite import Judge
from mithridate.prove.replay import Replayer
from mithridate.sandbox.bubblewrap import Bubblewrap

SOURCE = Path(__file__).parent / "poisons.c"


def build(home: Path, *flags: str, source: Path = SOURCE) -> Binary:
    """Compile the target as the PLAIN flavour does, laid out like a Build; debug information says /src/poisons.c."""
    for name in ("src", "build"):
        (home / name).mkdir(parents=True)
    (home / "src" / "poisons.c").write_bytes(source.read_bytes())
    armed = Judge().arm(None)
    words = ["clang-19", "-O1", "-w", *armed.compile_flags, *armed.link_flags, f"-ffile-prefix-map={home}=", *flags]
    subprocess.run([*words, str(home / "src" / "poisons.c"), "-o", str(home / "build" / "poisons")], check=True)
    return Binary(flavour=Flavour.PLAIN, directory=home, path="/build/poisons", in_process=False)


def entry_for(binary: Binary, *arguments: str, kind: EntryKind = EntryKind.PROGRAM_FILE) -> EntryPoint:
    return EntryPoint(
        id="poisons:@@",
        component="c:.",
        language="c",
        name="poisons",
        kind=kind,
        boundary=Boundary.REAL,
        arguments=arguments or ("@@",),
        suffix=".poison",
        binaries=(binary,),
    )


@dataclass(frozen=True)
class Target:
    entry: EntryPoint
    binary: Binary


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Target:
    binary = build(tmp_path_factory.mktemp("poisons"))
    return Target(entry_for(binary), binary)


@pytest.fixture(scope="session")
def always(target: Target) -> EntryPoint:
    return entry_for(target.binary, "--always", "@@")


@pytest.fixture
def replayer() -> Replayer:
    return Replayer(Bubblewrap(), Judge(), Limits(wall_s=30.0, cpu_s=3.0, memory_bytes=3 << 30, processes=64))


@pytest.fixture
def blobs() -> dict[str, bytes]:
    return {}


@pytest.fixture
def put(blobs: dict[str, bytes]) -> Callable[[bytes], str]:
    def store(data: bytes) -> str:
        digest = sha256(data).hexdigest()
        blobs[digest] = data
        return digest

    return store
