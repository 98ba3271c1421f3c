"""Names on a map stand beside their marks and not on each other."""

import pytest

from valuegap.dashboard.labels import MARK, SIDES, WIDTHS, _name_box, _shared, label_sides

HEIGHT = 450.0
TOUCHED = MARK**2
"""A quarter of a mark's room: its symbol is smaller."""
NEIGHBOURS = {
    "Quality of the products": (0.816, 0.838),
    "Delivery on the promised<br>day": (0.448, 0.721),
    "Help from customer<br>support": (0.392, 0.607),
    "Fairness of the price": (0.201, 0.569),
    "Ease of doing business": (0.353, 0.385),
    "Care and personal<br>attention": (0.257, 0.181),
}


@pytest.mark.parametrize("width", WIDTHS, ids=["phone", "screen"])
def test_names_of_neighbours_cover_neither_each_other_nor_a_mark(width: float) -> None:
    names, points = list(NEIGHBOURS), list(NEIGHBOURS.values())
    sides = label_sides(points, names, HEIGHT)
    boxes = [
        _name_box(point, name, side, width, HEIGHT)
        for point, name, side in zip(points, names, sides, strict=True)
    ]
    overlaps = {
        (names[i], names[j]) for i in range(len(boxes)) for j in range(i) if _shared(boxes[i], boxes[j]) > 0
    }
    assert overlaps == set()
    struck = {
        (names[i], names[j])
        for i in range(len(boxes))
        for j, (x, y) in enumerate(points)
        if _shared(boxes[i], (x * width - MARK, y * HEIGHT - MARK, x * width + MARK, y * HEIGHT + MARK))
        > TOUCHED
    }
    assert struck == set()


def test_a_name_at_the_right_edge_stands_left_of_its_mark() -> None:
    assert label_sides([(0.98, 0.5)], ["Quality"], HEIGHT)[0] in {"top left", "bottom left"}


def test_two_marks_on_one_place_have_their_names_on_different_sides() -> None:
    sides = label_sides([(0.5, 0.5)] * 4, ["A", "B", "C", "D"], HEIGHT)
    assert set(sides) == set(SIDES)
