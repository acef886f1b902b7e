"""A plot of seconds and memory over size, both axes logarithmic, as SVG."""

import math
from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 40, 30, 60
_COLOURS = ("#0b62a8", "#b3541e", "#3c7a3c", "#777777")

Series = tuple[str, Sequence[tuple[float, float]]]


def log_log(title: str, across: str, up: str, series: Sequence[Series]) -> str:
    """An SVG document with one line a series; points are (x, y), both above 0. A dotted line shows growth that is linear."""
    points = [point for _, line in series for point in line]
    low_x, high_x = _decades([x for x, _ in points])
    low_y, high_y = _decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        right = (math.log10(x) - low_x) / (high_x - low_x) * (_WIDTH - _LEFT - _RIGHT)
        above = (math.log10(y) - low_y) / (high_y - low_y) * (_HEIGHT - _TOP - _BOTTOM)
        return round(_LEFT + right, 1), round(_HEIGHT - _BOTTOM - above, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(title)}</text>',
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>',
        f'<text transform="translate(16 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">{escape(up)}</text>',
    ]
    for power in range(low_x, high_x + 1):
        x, bottom = place(10.0**power, 10.0**low_y)
        parts.append(f'<path d="M{x} {_TOP}V{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{10**power:,}</text>')
    for power in range(low_y, high_y + 1):
        left, y = place(10.0**low_x, 10.0**power)
        parts.append(f'<path d="M{left} {y}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>')
    for number, (name, line) in enumerate(series):
        colour = _COLOURS[number % len(_COLOURS)]
        placed = [place(x, y) for x, y in line]
        way = "L".join(f"{x} {y}" for x, y in placed)
        parts.append(f'<path d="M{way}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in placed]
        parts.append(f'<text x="{_LEFT + 10}" y="{_TOP + 16 + 16 * number}" fill="{colour}">{escape(name)}</text>')
    if series:
        (x, y) = series[0][1][-1]
        first = max(10.0**low_x, x * 10.0**low_y / y)
        (ax, ay), (bx, by) = place(first, y * first / x), place(x, y)
        parts.append(f'<path d="M{ax} {ay}L{bx} {by}" stroke="#555" stroke-dasharray="2 4"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
