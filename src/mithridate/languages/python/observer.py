"""Where the observer and the interpreter that runs it are, outside and inside the sandbox."""

from collections.abc import Mapping
from pathlib import Path

INTERPRETER = "/usr/bin/python3"
"""The system's Python, which every sandbox sees under the same name."""

RUNTIME = Path(__file__).parent / "runtime"
"""The observer: package data, shown read-only inside the sandbox."""
OBSERVER = "/opt/mithridate-python"
ENTRANCE = f"{OBSERVER}/run.py"
ENVIRONMENT: Mapping[str, str] = {"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
"""What every process of the target finds: the same hashes and encodings in each run."""
