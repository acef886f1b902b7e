"""A hunter of given skill: what it knows is found, and its lies are not."""

from pathlib import Path

from bench.models import planted
from bench.models.skill import Row, plot, rows


def test_recall_rises_with_skill_and_precision_does_not_fall_with_lies(tmp_path: Path) -> None:
    made = list(rows(tmp_path, skills=(0.5, 0.25), lies=(2.0,), budget_s=2))
    assert [(row.true, row.recall) for row in made] == [(4, 0.5), (2, 0.25)]
    assert [row.precision for row in made] == [1.0, 1.0]
    assert [row.claims for row in made] == [12, 6]


def test_the_words_open_what_they_are_said_to() -> None:
    assert len({planted.word(n) for n in range(planted.FLAWS)}) == planted.FLAWS
    assert all(len(planted.word(n)) == 8 for n in range(planted.FLAWS))


def test_the_plot_has_a_line_for_each_rate_of_lies() -> None:
    made = [
        Row(skill=skill, lies=lies, claims=1, found=1, true=1, recall=skill, precision=1.0, seconds=1.0)
        for lies in (0.0, 2.0)
        for skill in (0.5, 0.25)
    ]
    told = list(plot(made))
    assert '    x-axis "skill" [0.25, 0.50]' in told
    assert told.count("    line [0.25, 0.50]") == 2
