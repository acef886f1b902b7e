from dataclasses import replace
from types import ModuleType

import pytest

from mithridate.model.finding import Metric
from mithridate.model.run import ModelUse, ResidualRisk
from mithridate.report import words


@pytest.mark.parametrize(
    ("score", "rating"),
    [
        (10.0, "critical"),
        (9.0, "critical"),
        (8.9, "high"),
        (7.0, "high"),
        (6.9, "medium"),
        (4.0, "medium"),
        (3.9, "low"),
        (0.1, "low"),
        (0.0, "none"),
    ],
)
def test_ratings_follow_the_cvss_scale(score: float, rating: str) -> None:
    assert words.rating(score) == rating


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.42, "0.4 s"), (12, "12 s"), (59.7, "1 min"), (200, "3 min 20 s"), (600, "10 min"), (7500, "2 h 5 min"), (7200, "2 h")],
)
def test_durations_read_as_a_person_says_them(seconds: float, told: str) -> None:
    assert words.duration(seconds) == told


@pytest.mark.parametrize(
    ("amount", "told"), [(0, "0 bytes"), (1, "1 byte"), (1023, "1,023 bytes"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB")]
)
def test_sizes_use_binary_units(amount: int, told: str) -> None:
    assert words.size(amount) == told


@pytest.mark.parametrize(("share", "told"), [(0.0, "0%"), (0.5, "50.0%"), (0.99999, "99.9%"), (1.0, "100%")])
def test_almost_all_is_never_told_as_all(share: float, told: str) -> None:
    assert words.percent(share) == told


@pytest.mark.parametrize("chance", [None, 0.0, 1e-12, 1e-7, 1e-5, 0.01, 0.7, 1.0])
@pytest.mark.parametrize("seen", [None, 0.0, 0.7, 1.0])
def test_residual_risk_is_never_told_as_security(chance: float | None, seen: float | None) -> None:
    risk = ResidualRisk(discovery_probability=chance, completeness=seen, basis="")
    told = f"{words.residual_headline(risk)} {words.residual_sentence(risk)}".lower()
    assert not any(word in told for word in ("secure", "safe", "no flaw", "no risk", "complete"))


def test_residual_risk_gives_its_numbers() -> None:
    told = words.residual_sentence(ResidualRisk(discovery_probability=4.2e-7, completeness=0.964, basis=""))
    assert "1 in 2,400,000" in told
    assert "96.4%" in told


def test_metrics_are_spelled_out_and_unknown_ones_kept() -> None:
    assert words.metric_words(Metric(name="UI", value="P", why="")) == ("User interaction", "Passive")
    assert words.metric_words(Metric(name="XX", value="?", why="")) == ("XX", "?")


def test_techniques_tell_what_each_found_alone_and_at_what_cost(sample: ModuleType) -> None:
    uses = [
        ModelUse(role=role, provider=provider, outcomes={"answered": 1}, input_tokens=9, output_tokens=1, eur=eur, seconds=1.0)
        for role, provider, eur in (("hunter", "a", 0.5), ("hunter", "b", 0.25), ("refuter", "a", 4.0))
    ]
    run = replace(sample.report(with_hostile=False), models=tuple(uses))
    told = [(one.name, one.findings, one.alone, round(one.cpu_s, 1), one.eur) for one in words.techniques(run)]
    assert told == [("afl++", 2, 1, 274.1, 0.0), ("libfuzzer", 2, 1, 497.7, 0.0), ("hunter", 0, 0, 0.0, 0.75)]
