"""Every image is tried before the first one is used."""

import pytest

from taskgan_ext.data.check_items import check_items
from taskgan_ext.errors import DataError


def items(*images):
    return [{"image": image, "contrast": number} for number, image in enumerate(images)]


def test_each_image_is_tried_once():
    tried = []
    check_items(items("a", "b", "a", "c", "b"), lambda item: tried.append(item["image"]))
    assert sorted(tried) == ["a", "b", "c"]


def test_items_stay_as_they_were():
    given = items("a", "b")
    check_items(given, dict.clear)
    assert given == items("a", "b")


def test_what_is_wrong_with_the_last_is_said():
    def transform(item):
        if item["image"] == "c":
            raise DataError("c is broken")

    with pytest.raises(DataError, match="c is broken"):
        check_items(items("a", "b", "c"), transform)


def test_a_single_image_is_not_loaded_twice():
    check_items(items("a", "a"), lambda _: pytest.fail("loaded"))
