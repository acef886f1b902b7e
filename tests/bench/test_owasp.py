from pathlib import Path

from bench.injection.owasp import mithridate

APPLICATION = """
from testcode.BenchmarkTest00001 import answer

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer(environ.get("QUERY_STRING", ""))]
"""
CASE = """
import hashlib

def answer(text):
    return hashlib.md5(text.encode()).hexdigest().encode()
"""


def test_a_scan_of_a_suite_is_tallied_by_the_case_on_the_stack(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    (suite / "testcode").mkdir(parents=True)
    (suite / "testcode" / "__init__.py").touch()
    (suite / "app.py").write_text(APPLICATION)
    (suite / "testcode" / "BenchmarkTest00001.py").write_text(CASE)
    tally = mithridate(suite, tmp_path, budget_s=6)
    assert ("BenchmarkTest00001", "hash") in tally.said
