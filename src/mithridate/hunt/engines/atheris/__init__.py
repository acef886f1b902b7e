"""Atheris: libFuzzer in the interpreter, for the fuzz targets and property tests that a project has.

engine  runs it in the sandbox, and turns what it found into input documents
"""

from mithridate.hunt.engines.atheris.engine import AtherisEngine

__all__ = ["AtherisEngine"]
