"""The readers of estates under a fuzzer that is guided by their own lines: whatever a file holds, it is read or refused.

    pip install --target ATHERIS atheris
    PYTHONPATH=ATHERIS python -m bench.estate.fuzz_readers [--seconds S] [--reader NAME …] [--keep DIR]

Each reader has a process of its own for so many seconds and begins with the samples of its tests. An input counts against it when
an exception leaves it that is no UsageError of one line, when it takes ten seconds, or two gibibytes. Prints runs, reach,
and finds; ends with 1 when there were any.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from bench.machine import described
from mithridate.estate.readers.registry import READERS
from mithridate.model.errors import UsageError

_SECONDS_OF_ONE = 10
_MEBIBYTES = 2048
_LONGEST = 20_000
_ANEW = 200
"""Runs after which the facts are thrown away."""
_NAMES = {"csv": "service.csv", "table": "hosts.csv", "mulval": "a.P", "yaml": "a.yaml", "terraform": "a.tfstate"}
"""Readers that go by a file's name; the others go by what is in it."""
_OF_TESTS = {
    "csv_tables": ("table", "csv"),
    "by_hand": ("yaml",),
    "bills": ("cyclonedx-xml", "spdx-tag"),
    "packet_filters": ("iptables", "nftables"),
}
"""Whose samples a file of tests holds, where it is not called after its reader."""


def samples() -> dict[str, list[bytes]]:
    """By reader, what its tests have it read."""
    found: dict[str, list[bytes]] = {}
    documents: dict[str, tuple[str, Any]] = _tests("interface").DOCUMENTS
    for name, (_, document) in documents.items():
        found.setdefault(name.split()[0], []).append(json.dumps(document).encode())
    for name in ("nmap", "nessus", "openvas", "mulval", "csv_tables", "by_hand", "bills", "packet_filters"):
        texts = [value.encode() for key, value in vars(_tests(name)).items() if key.isupper() and isinstance(value, str)]
        for reader in _OF_TESTS.get(name, (name,)):
            found.setdefault(reader, []).extend(texts)
    return found


def _tests(name: str) -> ModuleType:
    return import_module(f"tests.estate.readers.test_{name}")


def fuzz(name: str, seconds: int, corpus: Path) -> None:
    """Be the fuzzer of one reader; does not return."""
    atheris: Any = import_module("atheris")
    for loaded in [module for module in sys.modules if module.startswith("mithridate.estate")]:
        del sys.modules[loaded]  # so that they are loaded again, watched
    with atheris.instrument_imports(include=["mithridate.estate.readers"]):
        from mithridate.estate.readers import registry
    from mithridate.estate.facts import FactBase
    from mithridate.estate.rules.rulebase import own_pack, own_packs, rulebase

    rules = rulebase([own_pack(pack) for pack in own_packs()])
    path = Path(tempfile.mkdtemp(prefix="fuzz-")) / _NAMES.get(name, "a.json")
    bases: list[FactBase] = []
    runs = 0

    def once(data: bytes) -> None:
        nonlocal runs
        if runs % _ANEW == 0:
            for base in bases:
                base.__exit__(None, None, None)
            bases[:] = [FactBase(rules, memory_bytes=256 << 20, threads=1).__enter__()]
        runs += 1
        path.write_bytes(data)
        try:
            registry.read(path, bases[0], name)
        except UsageError as error:
            assert str(error) and "\n" not in str(error), "no sentence"

    options = [
        f"-max_total_time={seconds}",
        f"-timeout={_SECONDS_OF_ONE}",
        f"-rss_limit_mb={_MEBIBYTES}",
        f"-max_len={_LONGEST}",
        f"-artifact_prefix={corpus}/found-",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], once)
    atheris.Fuzz()


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each reader")
    parser.add_argument("--reader", action="append", choices=[r.name for r in READERS], help="only these")
    parser.add_argument("--keep", type=Path, help="where inputs go; default: nowhere")
    parser.add_argument("--fuzz", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.fuzz:
        fuzz(given.fuzz, given.seconds, given.keep)
    known = samples()
    print(described())
    print("| reader | samples | runs | reached | found |\n|---|---|---|---|---|")
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        for name in given.reader or [r.name for r in READERS]:
            corpus = (given.keep or Path(work)) / name
            corpus.mkdir(parents=True, exist_ok=True)
            for number, sample in enumerate(known.get(name, [])):
                (corpus / f"sample-{number}").write_bytes(sample)
            command = [
                sys.executable,
                "-m",
                __spec__.name,
                "--fuzz",
                name,
                "--seconds",
                str(given.seconds),
                "--keep",
                str(corpus),
            ]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
            runs = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
            if runs is None:
                print(done.stderr[-2000:], file=sys.stderr)
                return 2
            reached = re.findall(r"cov: (\d+) ft: (\d+)", done.stderr)
            raised = re.findall(r"^(\w+(?:\.\w+)*(?:Error|Exception)[^\n]*)", done.stderr, re.MULTILINE)
            found = [path.name for path in corpus.glob("found-*")]
            bad += bool(found)
            told = f"{len(found)}: {raised[0] if raised else found[0]}" if found else "nothing"
            at = f"{reached[-1][0]} ({reached[-1][1]})" if reached else ""
            print(f"| {name} | {len(known.get(name, []))} | {runs[1]} | {at} | {told} |", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
