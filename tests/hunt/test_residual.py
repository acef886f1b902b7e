import pytest

from mithridate.hunt.residual import residual_risk
from mithridate.model.search import Species


def test_nothing_counted_is_nothing_claimed() -> None:
    risk = residual_risk([Species()])
    assert (risk.discovery_probability, risk.completeness) == (None, None)


def test_the_estimates_are_good_turing_and_chao2() -> None:
    risk = residual_risk([Species(samples=10_000, singletons=20, doubletons=10, observed=480)])
    assert risk.discovery_probability == pytest.approx(20 / 10_000)
    assert risk.completeness == pytest.approx(480 / (480 + 20 * 20 / (2 * 10)))


def test_having_seen_everything_twice_is_never_called_secure() -> None:
    risk = residual_risk([Species(samples=5_000, singletons=0, doubletons=0, observed=100)])
    assert risk.discovery_probability == pytest.approx(1 / 5_000)
    assert risk.completeness == 1.0


def test_the_engine_with_most_samples_speaks_and_few_samples_are_said() -> None:
    risk = residual_risk([Species(samples=10, singletons=9, doubletons=1, observed=20), Species()])
    assert "few samples" in risk.basis
