"""Where the names of marks on a map stand, so that they cover neither each other nor a mark."""

from collections.abc import Sequence
from itertools import combinations_with_replacement, product

# A name begins beside its mark, so that the whiskers of the mark do not cross it.
SIDES = ("top right", "top left", "bottom right", "bottom left")
WIDTHS = (280.0, 620.0)
"""Pixels of a map's plot on a phone and on a screen: Plotly stretches it, and names keep their size."""
CHARACTER, LINE, MARK = 6.5, 18.0, 9.0
"""Pixels of a character, of a line of text and from the middle of a mark to its name."""
SWEEPS = 4

Box = tuple[float, float, float, float]


def label_sides(points: Sequence[tuple[float, float]], names: Sequence[str], height: float) -> list[str]:
    """Return the side of its mark on which each name stands.

    Args:
        points: Place of each mark as shares of the plot, 0 to 1, from left and from below.
        names: Of the marks, lines parted by `<br>`.
        height: Pixels of the plot.
    """
    sides = [SIDES[0]] * len(points)

    def covered_by(i: int, side_i: str, j: int, side_j: str) -> float:
        tried = [*sides]
        tried[i], tried[j] = side_i, side_j
        return sum(_covered(points, names, tried, each, height) for each in {i, j})

    for _ in range(SWEEPS):
        before = [*sides]
        # Two at a time: of two neighbours, neither may have a free side until the other has moved.
        for i, j in combinations_with_replacement(range(len(points)), 2):
            choices = [(side, side) for side in SIDES] if i == j else product(SIDES, SIDES)
            sides[i], sides[j] = min(choices, key=lambda two: covered_by(i, two[0], j, two[1]))
        if sides == before:
            break
    return sides


def _covered(
    points: Sequence[tuple[float, float]], names: Sequence[str], sides: Sequence[str], i: int, height: float
) -> float:
    """Return how much of the i-th name is covered or outside, on a phone and on a screen together."""
    covered = 0.0
    for width in WIDTHS:
        boxes = [
            _name_box(point, name, side, width, height)
            for point, name, side in zip(points, names, sides, strict=True)
        ]
        marks = [
            (x * width - MARK, y * height - MARK, x * width + MARK, y * height + MARK) for x, y in points
        ]
        mine = boxes[i]
        others = [*(box for j, box in enumerate(boxes) if j != i), *marks]
        outside = (mine[2] - mine[0]) * (mine[3] - mine[1]) - _shared(mine, (0, 0, width, height))
        covered += outside + sum(_shared(mine, other) for other in others)
    return covered


def _name_box(point: tuple[float, float], name: str, side: str, width: float, height: float) -> Box:
    lines = name.split("<br>")
    wide, high = max(map(len, lines)) * CHARACTER, len(lines) * LINE
    x, y = point[0] * width, point[1] * height
    left = x + MARK if side.endswith("right") else x - MARK - wide
    low = y + MARK if side.startswith("top") else y - MARK - high
    return left, low, left + wide, low + high


def _shared(one: Box, other: Box) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(high, 0.0)
