"""Plots: well-formed, and the points lie where their values say."""

from xml.etree import ElementTree

from bench.estate.plot import log_log


def circles(document: str) -> list[tuple[float, float]]:
    found = ElementTree.fromstring(document).iter("{http://www.w3.org/2000/svg}circle")
    return [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in found]


def test_equal_ratios_are_equal_steps_and_larger_values_lie_higher() -> None:
    points = circles(log_log("a < b", "hosts", "seconds", [("all", [(10.0, 1.0), (100.0, 10.0), (1000.0, 100.0)])]))
    (ax, ay), (bx, by), (cx, cy) = points
    assert ax < bx < cx and ay > by > cy
    assert abs((bx - ax) - (cx - bx)) < 0.3 and abs((ay - by) - (by - cy)) < 0.3


def test_one_point_is_a_plot_too() -> None:
    assert len(circles(log_log("one", "x", "y", [("only", [(10.0, 1.0)])]))) == 1
