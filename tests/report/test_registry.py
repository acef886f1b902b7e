import pytest

from mithridate.model.run import RunReport
from mithridate.report.registry import writers


def test_every_format_of_the_command_line_has_a_writer() -> None:
    assert {name: w.filename for name, w in writers().items()} == {
        "json": "results.json",
        "sarif": "results.sarif",
        "html": "report.html",
        "md": "report.md",
    }


@pytest.mark.parametrize("name", ["json", "sarif", "html", "md"])
def test_every_document_can_be_written_as_utf8_and_ends_with_a_newline(
    name: str, report: RunReport, empty_report: RunReport
) -> None:
    for run in (report, empty_report):
        text = writers()[name].render(run)
        text.encode("utf-8")
        assert text.endswith("\n") and not text.endswith("\n\n")


@pytest.mark.parametrize("name", ["json", "sarif", "html", "md"])
def test_no_document_names_a_place_inside_the_sandbox_as_the_owners(name: str, report: RunReport) -> None:
    text = writers()[name].render(report)
    assert "/src/src/" not in text
    assert "/src/tools/" not in text
