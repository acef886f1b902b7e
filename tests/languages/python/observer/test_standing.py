"""How things stand at a line: what is counted, and what is told of values without asking them."""

from pathlib import Path
from typing import Any

import pytest

from tests.languages.python.observer.running import Batch, batch, call, document, tree

LIBRARY = """
import threading
import other

class Trap(type):
    @property
    def __name__(cls):
        raise SystemExit(7)

class Odd(metaclass=Trap):
    def __getattribute__(self, name):
        raise SystemExit(7)

    def __repr__(self):
        raise SystemExit(7)

class Text(str):
    __repr__ = __str__ = __len__ = __getitem__ = Odd.__repr__

class Octets(bytes):
    __repr__ = __len__ = __getitem__ = Odd.__repr__

class Number(int):
    __repr__ = __str__ = bit_length = Odd.__repr__

class Real(float):
    __repr__ = __str__ = Odd.__repr__

class Row(list):
    __repr__ = __len__ = __iter__ = Odd.__repr__

class Table(dict):
    __repr__ = __len__ = __iter__ = Odd.__repr__

def hostile(_):
    odd, text, octets = Odd(), Text("it's"), Octets(b"x")
    number, real, row, table = Number(5), Real(0.5), Row([1, 2]), Table(a=1)
    return None  # hostile

def plain(n):
    __hidden__ = yes = True
    no = None
    short, long = "s" * 120, "s" * 121
    brief, more = b"b" * 120, b"b" * 121
    small, large = -(1 << 479), 1 << 480
    several = {1, 2, 3}
    return n  # plain

def locals_without_end(_):
    NAMES
    return 0  # many

def loop(n):
    for i in range(int(n)):
        i += 1  # loop
    return i

def aside(n):
    made = threading.Thread(target=loop, args=(n,))
    made.start()
    made.join()

def elsewhere(n):
    return other.same(n)
""".replace("NAMES", "; ".join(f"n{n} = {n}" for n in range(40)))
FUNCTIONS = ("hostile", "plain", "locals_without_end", "loop", "aside", "elsewhere")


def line_of(words: str) -> int:
    return next(n for n, line in enumerate(LIBRARY.splitlines(), start=1) if line.endswith(words))


def looked(folder: Path, function: str, words: str, *arguments: Any, options: tuple[str, ...] = ()) -> Batch:
    """Documents with a call of `function` each, with an eye on the line that ends with `words`."""
    line = line_of(words)
    same = "\n" * (line - 2) + "def same(n):\n    return n\n"  # code on the very line, in another file
    root = tree(folder / "lib", lib=LIBRARY, other=same)
    door = {"kind": "call", "targets": [f"lib:{name}" for name in FUNCTIONS]}
    documents = [document(call(f"lib:{function}", each)) for each in arguments]
    return batch(root, door, documents, "--each", "10", "--at", f"/src/lib.py:{line}", *options)


def told(done: Batch, run: int = 0) -> list[dict[str, Any]]:
    assert done.ended(run)["ended"] == "done", done.errors
    return [record["at"] for record in done.records if record.get("run") == run and "at" in record]


def test_values_are_told_without_running_their_code(tmp_path: Path) -> None:
    first, times = told(looked(tmp_path, "hostile", "# hostile", ""))
    assert times == {"times": 1}
    assert first["frames"] == [{"file": "/src/lib.py", "line": line_of("# hostile"), "function": "hostile"}]
    assert {name: text for name, text in first["locals"].items() if name != "_"} == {
        "odd": "a Odd",
        "text": '"it\'s"',
        "octets": "b'x'",
        "number": "5",
        "real": "0.5",
        "row": "list of 2",
        "table": "dict of 1",
    }


def test_long_values_are_cut_and_their_length_is_told(tmp_path: Path) -> None:
    first, _ = told(looked(tmp_path, "plain", "# plain", 3))
    assert first["locals"] == {
        "n": "3",
        "yes": "True",
        "no": "None",
        "short": repr("s" * 120),
        "long": repr("s" * 120) + "… (121 long)",
        "brief": repr(b"b" * 120),
        "more": repr(b"b" * 120) + "… (121 long)",
        "small": str(-(1 << 479)),
        "large": "an int of 481 bits",
        "several": "set of 3",
    }


def test_of_very_many_variables_the_first_are_told(tmp_path: Path) -> None:
    first, _ = told(looked(tmp_path, "locals_without_end", "# many", ""))
    assert list(first["locals"]) == ["_", *(f"n{n}" for n in range(23))]


@pytest.mark.parametrize("together", [1, 3])
@pytest.mark.parametrize("function", ["loop", "aside"])
def test_each_document_is_counted_by_itself_in_all_threads_and_to_an_end(function: str, together: int, tmp_path: Path) -> None:
    done = looked(tmp_path, function, "# loop", 3, 2, 12_000, options=("--together", str(together)))
    assert [told(done, run)[1:] for run in range(3)] == [[{"times": 3}], [{"times": 2}], [{"times": 1_000}]]
    assert [told(done, run)[0]["locals"] for run in range(2)] == [{"n": "3", "i": "0"}, {"n": "2", "i": "0"}]


def test_the_same_line_of_another_file_is_not_it(tmp_path: Path) -> None:
    assert told(looked(tmp_path, "elsewhere", "# loop", 3)) == [{"times": 0}]
