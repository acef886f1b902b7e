"""Where the observer and the interpreter that runs it are, outside and inside the sandbox."""

from collections.abc import Mapping
from pathlib import Path

INTERPRETER = "/usr/bin/python3"
"""The system's Python, which every sandbox sees under the same name."""

RUNTIME = Path(__file__).parent / "runtime"
"""The observer: package data, shown read-only inside the sandbox."""
OBSERVER = "/opt/mithridate-python"
ENTRANCE = f"{OBSERVER}/run.py"
OWN = ".mithridate"
"""Below the build directory: our own files, which nothing inside the sandbox could write."""

USER_BASE = f"/build/{OWN}/user"
"""Holds a user's site-packages for the interpreter: a link to the environment. Unlike PYTHONPATH it comes after the standard
library, as installed packages do, and its .pth files are read."""

ENVIRONMENT: Mapping[str, str] = {
    "HOME": "/tmp",
    "PYTHONUSERBASE": USER_BASE,
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
"""What every process of the target finds: the same hashes and encodings in each run, and no threads of numerical libraries, which
they start when they are imported: a process that has some cannot be forked, and each run would import everything anew."""
