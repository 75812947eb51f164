"""Where images lie, by hand-computed triples."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgan_ext.dicom.geometry import lps_to_ras, stack_of
from taskgan_ext.dicom.image_files import read_images
from taskgan_ext.errors import RefusedSeries

Pet = Callable[..., Path]


def test_left_and_back_become_negative() -> None:
    """1 mm to the left, 2 mm to the back, 3 mm up."""
    lps = np.eye(4)
    lps[:3, 3] = [1, 2, 3]
    np.testing.assert_array_equal(lps_to_ras(lps) @ [0, 0, 0, 1], [-1, -2, 3, 1])


@given(st.lists(st.floats(-1e3, 1e3), min_size=12, max_size=12))
def test_there_and_back_again_is_the_same_affine(numbers: list[float]) -> None:
    affine = np.vstack([np.reshape(numbers, (3, 4)), [0, 0, 0, 1]])
    np.testing.assert_array_equal(lps_to_ras(lps_to_ras(affine)), affine)


def test_an_axial_voxel_lies_where_the_header_says(pet: Pet) -> None:
    """The first is at RAS (20, 30, -10), the third column 4 mm to the left, the second slice 3 mm up."""
    stack = stack_of(read_images(pet()).files)
    np.testing.assert_allclose(stack.affine @ [0, 0, 0, 1], [20, 30, -10, 1], atol=1e-9)
    np.testing.assert_allclose(stack.affine @ [2, 1, 1, 1], [16, 28, -7, 1], atol=1e-9)
    assert stack.shape == (10, 9, 5)
    assert stack.positions == pytest.approx((-10, -7, -4, -1, 2))


def test_several_images_of_a_slice_make_one_stack_where_they_are_wanted(pet: Pet) -> None:
    files = read_images(pet()).files
    twice = [files[index] for index in (3, 0, 1, 1, 2, 4, 3)]
    assert stack_of(twice).slice_of == (3, 0, 1, 1, 2, 4, 3)
    with pytest.raises(RefusedSeries, match="slice_duplicate"):
        stack_of(twice, one_each=True)


def test_two_slices_make_a_stack_and_one_does_not(pet: Pet) -> None:
    files = read_images(pet()).files
    assert stack_of(files[:2]).shape == (10, 9, 2)
    with pytest.raises(RefusedSeries, match="at least two slices"):
        stack_of(files[:1])
