"""The sample run, for every test of this room."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from mithridate.model.run import RunReport


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    """The module sample.py beside this file; tests are no package, so it is loaded by path."""
    spec = importlib.util.spec_from_file_location("report_sample", Path(__file__).with_name("sample.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def report(sample: ModuleType) -> RunReport:
    """A run with four findings, one of them from a project that attacks its reader."""
    made = sample.report()
    assert isinstance(made, RunReport)
    return made


@pytest.fixture
def empty_report(sample: ModuleType) -> RunReport:
    """A run that proved nothing."""
    made = sample.empty_report()
    assert isinstance(made, RunReport)
    return made


@pytest.fixture
def web_report(report: RunReport) -> RunReport:
    """A run over Python code: three findings from input documents, and one observed fact that scores highest of all."""
    spec = importlib.util.spec_from_file_location("report_web_sample", Path(__file__).with_name("web_sample.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    made = module.report(report)
    assert isinstance(made, RunReport)
    return made
