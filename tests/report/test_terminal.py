import io
from dataclasses import replace
from types import ModuleType

from rich.console import Console

from mithridate.model.run import RunReport
from mithridate.report.terminal import print_summary


def printed(report: RunReport, *, terminal: bool, width: int = 100) -> str:
    out = io.StringIO()
    print_summary(report, Console(file=out, force_terminal=terminal, width=width, color_system="standard" if terminal else None))
    return out.getvalue()


def test_a_pipe_gets_one_plain_line_a_finding(report: RunReport) -> None:
    lines = printed(report, terminal=False).splitlines()
    rows = [line.split("  ") for line in lines if "  " in line]
    assert len(rows) == len(report.findings)
    assert rows[0][0] == "critical 9.3"
    assert rows[0][2:4] == ["src/chunk.c:134", "tier 4 of 5"]
    assert rows[0][4].startswith("proofs/")
    assert "4 flaws proved, 50 of 50 replays fired" in lines


def test_plain_output_holds_nothing_that_a_terminal_acts_on(report: RunReport) -> None:
    assert all(c.isprintable() or c == "\n" for c in printed(report, terminal=False))


def test_a_terminal_gets_a_coloured_table(report: RunReport) -> None:
    text = printed(report, terminal=True)
    assert "\x1b[" in text
    assert "Severity" in text
    assert "src/palette.c:62" in text


def test_names_of_the_project_neither_style_nor_steer_the_terminal(report: RunReport, sample: ModuleType) -> None:
    hostile = replace(report, findings=(replace(report.findings[0], title=sample.HOSTILE["terminal"]),))
    text = printed(hostile, terminal=True)
    assert "\x1b[2J" not in text and "\x1b]0" not in text and "\x07" not in text
    assert "‹ESC›[2J" in text
    assert "[red]x[/red]" in text


def test_a_narrow_terminal_still_shows_the_whole_proof_path(report: RunReport) -> None:
    only = replace(report, findings=report.findings[:1])
    text = printed(only, terminal=True, width=60).replace("\n", "").replace(" ", "")
    assert report.findings[0].proofs[0].bundle.split("/")[1][:12] in text


def test_nothing_proved_is_said_without_a_claim(empty_report: RunReport) -> None:
    text = printed(empty_report, terminal=False)
    assert "nothing proved" in text
    assert "not a statement that the code is free of flaws" in text


def test_flaky_and_skipped_are_mentioned(report: RunReport) -> None:
    text = printed(report, terminal=False)
    assert "1 candidate did not fire every time" in text
    assert "3 things not examined" in text
