"""The Python that runs the project: the one of the system, which every sandbox sees."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import uv

from mithridate.languages.python.observer import INTERPRETER
from mithridate.model.errors import ToolchainMissing

_TIMEOUT_S = 60.0
_ASK = """import json, platform, sys, sysconfig
print(json.dumps([platform.python_version(), sys.implementation.cache_tag, sysconfig.get_platform()]))"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """`version` is the full one ("3.11.2"); `identity` decides which compiled modules it loads. `uv` is the host's program."""

    version: str
    identity: str
    uv: Path
    versions: Mapping[str, str]


def find_interpreter() -> Interpreter:
    """Raises ToolchainMissing with the line that installs what is absent."""
    if not Path(INTERPRETER).is_file():
        raise ToolchainMissing(
            f"Python code runs with {INTERPRETER}, which is not there.", "sudo apt install python3 python3-dev"
        )
    program = uv_program()
    if program is None:
        raise ToolchainMissing("uv, which prepares Python environments, is not there.", "pip install uv")
    # Isolated: neither the environment nor a folder of the caller decides what this imports.
    asked = subprocess.run([INTERPRETER, "-I", "-c", _ASK], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    try:
        version, tag, platform = json.loads(asked.stdout)
    except ValueError:
        raise ToolchainMissing(f"{INTERPRETER} does not run: {asked.stderr[-200:]}", "sudo apt install python3") from None
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    versions = {"python": f"Python {version}", "uv": answer.stdout.strip()}
    return Interpreter(version=version, identity=f"{version} {tag} {platform}", uv=program, versions=versions)


def uv_program() -> Path | None:
    """uv's program: the one that was installed with us, else the first on the PATH."""
    try:
        return Path(uv.find_uv_bin())
    except FileNotFoundError:
        found = shutil.which("uv")
        return Path(found) if found else None
