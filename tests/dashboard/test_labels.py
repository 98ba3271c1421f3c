"""Names on a map stand beside their marks and not on each other."""

import pytest

from valuegap.dashboard.labels import SIDES, WIDTHS, _name_box, _shared, label_sides

HEIGHT = 450.0
NEIGHBOURS = {
    "Delivery on the promised<br>day": (0.44, 0.75),
    "Help from customer<br>support": (0.38, 0.62),
    "Fairness of the price": (0.2, 0.57),
    "Ease of doing business": (0.35, 0.38),
    "Care and personal<br>attention": (0.26, 0.17),
    "Quality of the products": (0.82, 0.87),
}


@pytest.mark.parametrize("width", WIDTHS, ids=["phone", "screen"])
def test_names_of_neighbours_do_not_overlap(width: float) -> None:
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


def test_a_name_at_the_right_edge_stands_left_of_its_mark() -> None:
    assert label_sides([(0.98, 0.5)], ["Quality"], HEIGHT)[0] in {"top left", "bottom left"}


def test_two_marks_on_one_place_have_their_names_on_different_sides() -> None:
    sides = label_sides([(0.5, 0.5)] * 4, ["A", "B", "C", "D"], HEIGHT)
    assert set(sides) == set(SIDES)
