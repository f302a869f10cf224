# SPDX-License-Identifier: Apache-2.0
"""Draws lines over time as an SVG: panels below each other, each with its own scale from 0."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 900, 150, 64, 16, 34, 46
COLORS = ("#1f6feb", "#d1242f", "#8250df", "#1a7f37")
STYLE = ("text{font:12px sans-serif;fill:#24292f}.title{font-weight:bold}"
         ".grid{stroke:#d0d7de}.line{fill:none;stroke-width:1.4}")


def nice_top(largest):
    """A round number that is no smaller."""
    if largest <= 0:
        return 1
    unit = 10 ** math.floor(math.log10(largest))
    return next(step * unit for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * unit >= largest)


def minutes_apart(minutes):
    return next((step for step in (0.5, 1, 2, 5, 10, 15) if minutes / step <= 10), 30)


class Panel:
    """`lines`: points (minute, value) by name."""

    def __init__(self, title, lines):
        self.title = title
        self.lines = lines

    def svg(self, top, minutes):
        highest = nice_top(max((y for line in self.lines.values() for _, y in line), default=0))

        def place(x, y):
            return (LEFT + x / minutes * (WIDTH - LEFT - RIGHT),
                    top + HEIGHT * (1 - y / highest))

        parts = [f'<text class="title" x="{LEFT}" y="{top - 12}">{escape(self.title)}</text>']
        parts += [grid_line(place, minutes, highest * share) for share in (0, 0.5, 1)]
        tick = minutes_apart(minutes)
        for number in range(int(minutes / tick) + 1):
            x, y = place(number * tick, 0)
            parts.append(f'<text x="{x:.0f}" y="{y + 16:.0f}" text-anchor="middle">'
                         f'{number * tick:g} min</text>')
        at = WIDTH - RIGHT
        for color, (name, points) in reversed(list(zip(COLORS, self.lines.items()))):
            text = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
            parts.append(f'<polyline class="line" stroke="{color}" points="{text}"/>')
            parts.append(f'<text x="{at}" y="{top - 12}" text-anchor="end" style="fill:{color}">'
                         f'{escape(name)}</text>')
            at -= 8 * len(name) + 16
        return "\n".join(parts)


def grid_line(place, minutes, value):
    left, y = place(0, value)
    right, _ = place(minutes, value)
    return (f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{left - 6}" y="{y + 4:.0f}" text-anchor="end">{value:g}</text>')


def draw(panels, minutes):
    """The text of an SVG file."""
    height = TOP + len(panels) * (HEIGHT + GAP)
    drawn = [panel.svg(TOP + number * (HEIGHT + GAP), minutes)
             for number, panel in enumerate(panels)]
    return "\n".join([
        "<!-- SPDX-License-Identifier: Apache-2.0 -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">',
        f"<style>{STYLE}</style>", f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        *drawn, "</svg>", ""])
