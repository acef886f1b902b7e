"""The explorer in a real browser, opened from disk without a network. Skipped, and says so, where Chromium, Playwright or the
graph library is absent."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.report.estate.answers import answer, hostile, large

from mithridate.model.estate import Answer, AttackGraph
from mithridate.report.estate import explorer
from mithridate.report.estate.library import library

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no chromium on PATH: install it to check the explorer in a browser"),
    pytest.mark.skipif(library() is None, reason="no graph library: scripts/fetch-web.sh brings it"),
]

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-background-networking"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    """Opens an answer's page; in the end no page may have said anything on its console or asked for anything."""
    said: list[str] = []
    contexts = []

    def open_(made: Answer, *, graph_library: str | None = None, **options: Any) -> Any:
        file = tmp_path / f"paths{len(contexts)}.html"
        file.write_text(explorer.render(made, graph_library=graph_library), encoding="utf-8")
        context = browser.new_context(offline=True, **{"viewport": {"width": 1440, "height": 1000}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("request", lambda request: request.url == file.as_uri() or said.append(f"asked for {request.url}"))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert said == []


def details(page: Any) -> str:
    return str(page.locator("#details").inner_text())


def test_a_path_is_walked_by_keyboard_and_its_evidence_is_shown(opened: Opened) -> None:
    page = opened(answer())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the paths"
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "step":
            break
    assert page.evaluate("document.activeElement.textContent").startswith("software:nginx 1.18 on host:web")
    page.keyboard.press("ArrowDown")
    shown = details(page)
    assert "Step 2 of 4" in shown
    assert "host:web keeps the key of account:svc-app: the attacker reads it." in shown
    assert "stores_key(host:web, account:svc-app)" in shown
    assert "inferred in hosts.csv:17" in shown
    assert "ATT&CK T1552.004" in shown
    assert "confidence 100%" in shown
    assert page.locator('.step[aria-current="step"]').count() == 1
    assert page.locator("#said").inner_text().startswith("Step 2 of 4: host:web keeps the key")
    page.keyboard.press("End")
    assert "Step 4 of 4" in details(page)
    page.keyboard.press("ArrowDown")
    assert "Step 4 of 4" in details(page)
    page.keyboard.press("Home")
    assert "Step 1 of 4" in details(page)
    assert "web.nessus:212" in details(page)


def test_the_focus_can_be_seen_wherever_the_tabulator_goes(opened: Opened) -> None:
    page = opened(answer())
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name, width = page.evaluate(
            "[document.activeElement.id || document.activeElement.tagName, getComputedStyle(document.activeElement).outlineWidth]"
        )
        if name == "BODY":
            break
        assert width != "0px", name
        seen.append(name)
    assert {"query", "kind", "pack", "technique", "paths-only", "after-cut", "tab-graph", "mode", "group", "fit", "graph"} <= set(
        seen
    )


def test_the_graph_is_walked_by_keyboard(opened: Opened) -> None:
    page = opened(answer())
    page.focus("#graph")
    page.keyboard.press("ArrowDown")
    assert page.locator("#details-title").inner_text() == "zone:internet"
    page.keyboard.press("ArrowDown")
    assert page.locator("#details-title").inner_text() == "zone:dmz"
    page.keyboard.press("ArrowDown")
    assert page.locator("#details-title").inner_text() == "host:web"
    assert page.locator("#said").inner_text() == "host:web"
    assert "Stopped by" in details(page)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "details"


def test_the_cut_is_toggled_and_what_is_left_is_told(opened: Opened) -> None:
    page = opened(answer())
    assert page.locator("#what-if").is_hidden()
    drawn = page.locator("#graph").screenshot()
    page.get_by_role("button", name="After the cut").click()
    told = page.locator("#what-if").inner_text()
    assert told == "After 1 action: no shown path leads to data:payments, host:hsm any more."
    assert page.locator("#said").inner_text() == told
    assert page.get_by_role("button", name="After the cut").get_attribute("aria-pressed") == "true"
    assert all(box.is_checked() for box in page.get_by_label("Patch software:nginx 1.18 on host:web").all())
    page.wait_for_timeout(300)
    assert page.locator("#graph").screenshot() != drawn
    page.get_by_role("tab", name="List").click()
    assert page.locator("#rows tr", has_text="in the cut").all_inner_texts()[0].startswith("software:nginx 1.18 on host:web")
    assert page.locator("#rows tr", has_text="in the cut").count() == 1
    assert page.locator("#rows .gone").count() == 10  # all but the three ways as far as host:web
    page.get_by_role("button", name="After the cut").click()
    assert page.locator("#what-if").is_hidden()
    assert page.locator("#rows .gone").count() == 0


def test_any_action_can_be_tried(opened: Opened) -> None:
    page = opened(answer())
    page.get_by_label("Forbid zone:dmz to reach zone:lan").check()
    assert page.get_by_role("button", name="After the cut").get_attribute("aria-pressed") == "false"
    assert "no shown path leads to" in page.locator("#what-if").inner_text()
    page.get_by_role("tab", name="List").click()
    gone = page.locator("#rows .gone").all_inner_texts()
    assert any("logs in to host:db" in row for row in gone)
    assert not any("keeps the key" in row for row in gone)


def test_filters_narrow_the_graph_and_the_list(opened: Opened) -> None:
    page = opened(answer())
    page.get_by_role("tab", name="List").click()
    assert page.locator("#rows tr").count() == 13
    page.get_by_label("Technique").select_option("T1210")
    assert page.locator("#rows tr").count() == 2
    assert page.locator("#shown").inner_text().startswith("2 of 13 ways")
    page.get_by_label("Technique").select_option("")
    page.get_by_label("Pack").select_option("credentials")
    assert page.locator("#rows tr").count() == 2
    page.get_by_label("Pack").select_option("")
    page.locator("#kind").select_option("data")
    assert page.locator("#rows tr").count() == 2
    page.locator("#kind").select_option("")
    page.get_by_label("Filter by text").fill("CVE-2031-1001")
    playwright.expect(page.locator("#rows tr")).to_have_count(1)
    assert page.locator("#said").inner_text().startswith("1 of 13 ways")
    page.get_by_label("Filter by text").fill("")
    playwright.expect(page.locator("#rows tr")).to_have_count(13)


def test_a_row_of_the_list_opens_the_same_details_as_the_graph(opened: Opened) -> None:
    page = opened(answer())
    page.get_by_role("tab", name="List").click()
    page.get_by_role("button", name="host:web keeps the key of account:svc-app").last.click()
    assert "inferred in hosts.csv:17" in details(page)
    page.get_by_role("button", name="code(host:web)").first.click()
    assert page.locator("#details-title").inner_text() == "host:web"


def test_a_second_path_is_chosen_and_the_first_one_closes(opened: Opened) -> None:
    page = opened(answer())
    page.locator("#path-1 summary").click()
    playwright.expect(page.locator("#said")).to_have_text("Path to host:hsm shown")
    assert page.locator("#path-0").get_attribute("open") is None
    assert page.locator("#path-0 .step").first.is_hidden()


def test_groups_are_expanded_and_collapsed_and_neighbours_come_out(opened: Opened) -> None:
    page = opened(large(200))
    page.get_by_label("Group by").select_option("zone")
    page.get_by_label("Filter by text").fill("floor3")
    playwright.expect(page.locator("#shown")).to_contain_text("40 of 613 ways")
    page.get_by_label("Filter by text").fill("")
    playwright.expect(page.locator("#shown")).to_contain_text("All of 613 ways")
    page.get_by_role("tab", name="List").click()
    page.get_by_role("button", name="software:reader 9 on host:pc0003 is attacked.").click()
    page.locator("#details").get_by_role("button", name="access(host:pc0003)").click()
    assert page.locator("#details-title").inner_text() == "20 host nodes in floor3"
    page.locator("#details").get_by_role("button", name="host:pc0013").click()
    assert page.locator("#details-title").inner_text() == "host:pc0013"
    page.locator("#details").get_by_role("button", name="net(zone:floor3)").click()
    assert page.locator("#details-title").inner_text() == "zone:floor3"
    page.get_by_role("button", name="Expand neighbours").click()
    assert page.locator("#said").inner_text() == "Neighbours expanded, 18 elements more"
    page.get_by_role("tab", name="Graph").click()
    page.get_by_role("button", name="Collapse groups").click()
    before = re.fullmatch(r"Groups collapsed, (\d+) elements drawn", page.locator("#said").inner_text())
    assert before is not None
    page.get_by_role("tab", name="List").click()
    page.get_by_role("button", name="software:reader 9 on host:pc0003 is attacked.").click()
    page.locator("#details").get_by_role("button", name="access(host:pc0003)").click()
    page.get_by_role("button", name="Expand this group").click()
    assert page.locator("#said").inner_text() == f"host nodes in floor3 expanded, {int(before[1]) + 19} elements drawn"


def test_thousands_open_in_a_few_seconds_in_few_elements(opened: Opened) -> None:
    made = large(1000)
    assert len(made.graph.instances) > 3000
    started = time.monotonic()
    page = opened(made)
    assert time.monotonic() - started < 8
    page.focus("#graph")
    page.keyboard.press("ArrowDown")
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    page.get_by_label("Group by").select_option("none")
    playwright.expect(page.locator("#shown")).to_contain_text("All of 3,013 ways")
    assert time.monotonic() - started < 20


def test_the_tree_of_a_screen_reader_has_names_for_everything(opened: Opened) -> None:
    page = opened(answer())
    for role, name in (
        ("heading", "1 of 3 goals can be reached, 1 more only by unknown flaws"),
        ("link", "Skip to the paths"),
        ("region", "How it happens"),
        ("region", "Paths, step by step"),
        ("application", "Graph of attack paths"),
        ("tablist", "Graph or list"),
        ("tabpanel", "Graph"),
        ("searchbox", "Filter by text"),
        ("combobox", "Technique"),
        ("button", "After the cut"),
        ("button", "Zoom in"),
        ("region", "Details"),
        ("checkbox", "Forbid zone:dmz to reach zone:lan on tcp 1 to 65535"),
    ):
        assert page.get_by_role(role, name=name).count() >= 1, (role, name)
    unnamed = page.evaluate(
        """[...document.querySelectorAll("button, input, select")].filter((e) => e.offsetParent
             && !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length)).map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    snapshot = page.locator("main").aria_snapshot()
    assert 'application "Graph of attack paths"' in snapshot
    assert 'tab "Graph" [selected]' in snapshot


def test_without_the_library_the_list_stands_in_for_the_graph(opened: Opened) -> None:
    page = opened(answer(), graph_library="")
    assert page.locator("#no-library").is_visible()
    assert page.locator("#graph").is_hidden()
    assert page.locator("#rows tr").count() == 13
    page.locator("#path-0 .step").nth(2).click()
    assert "directory.json:4" in details(page)
    page.get_by_role("button", name="After the cut").click()
    assert page.locator("#rows .gone").count() > 0


def test_hostile_names_do_nothing_and_can_be_seen(opened: Opened) -> None:
    page = opened(hostile())
    assert page.title().startswith("Attack paths: 1 of 3 goals")
    page.focus("#graph")
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.locator("#path-0 .step").first.click()
    page.get_by_role("tab", name="List").click()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 3
    assert "‹U+202E›" in details(page)


def test_light_dark_narrow_and_print_are_painted(opened: Opened, tmp_path: Path) -> None:
    light = opened(answer(), color_scheme="light").locator("#explorer").screenshot()
    dark = opened(answer(), color_scheme="dark").locator("#explorer").screenshot()
    narrow = opened(answer(), viewport={"width": 400, "height": 800})
    assert light != dark
    assert min(len(light), len(dark)) > 20_000
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 400
    narrow.emulate_media(media="print")
    assert narrow.locator(".stage").is_hidden()
    assert narrow.get_by_text("inferred in hosts.csv:17").first.is_visible()
    assert narrow.locator("#path-1").get_by_text("unknown_flaw(host:hsm)").is_visible()


def test_nodes_are_dragged_and_the_wheel_zooms_once_the_graph_is_entered(opened: Opened) -> None:
    page = opened(answer())
    graph = page.locator("#graph")
    graph.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    still = graph.screenshot()
    box = graph.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.wheel(0, 5)
    page.wait_for_timeout(300)
    assert graph.screenshot() == still
    page.mouse.click(box["x"] + 20, box["y"] + 20)
    assert page.evaluate("document.activeElement.id") == "graph"
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(300)
    zoomed = graph.screenshot()
    assert zoomed != still
    page.keyboard.press("0")
    page.wait_for_timeout(300)
    page.keyboard.press("ArrowDown")
    assert page.locator("#details-title").inner_text() == "zone:internet"
    fitted = graph.screenshot()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 80, steps=5)
    page.mouse.up()
    page.wait_for_timeout(300)
    assert graph.screenshot() != fitted


def test_an_estate_where_nothing_is_reached_says_so(opened: Opened) -> None:
    made = answer()
    cut = replace(made.cut, goals=(), actions=(), cost=0.0, lower_bound=0.0)
    best = replace(made.best, actions=(), protected=(), costs=())
    nothing = replace(made, goals=made.goals[2:], cut=cut, best=best, graph=AttackGraph(atoms=(), instances=(), left_out=0))
    page = opened(nothing)
    assert page.get_by_role("heading", level=1).inner_text() == "None of 1 goal can be reached"
    assert page.get_by_text("No path leads to a goal.").is_visible()
    assert page.get_by_text("Nothing is reached, so there is nothing to cut.").is_visible()
    assert page.get_by_role("button", name="After the cut").count() == 0
    page.focus("#graph")
    page.keyboard.press("ArrowDown")


def test_the_colours_are_switched_by_a_button(opened: Opened) -> None:
    page = opened(answer(), color_scheme="light")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
