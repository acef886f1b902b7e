"""The observer's program: `run.py batch DOOR.json INPUT…` runs input documents, `run.py look ROOT` lists what can be entered.

It runs in the target's own interpreter inside the sandbox and needs nothing but the standard library.
Formats: docs/input-document.md.
"""

import sys
from importlib import import_module
from pathlib import Path


def main() -> int:
    """Run the command line; the exit code is 0 when the work was done, 1 when the door could not be opened, 2 for bad usage."""
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [here, *(entry for entry in sys.path if entry not in (here, ""))]
    command_line = import_module("mithridate_observer.command_line")
    sys.path.remove(here)
    return int(command_line.run(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
