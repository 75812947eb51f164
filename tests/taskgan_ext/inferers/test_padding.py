"""A network sees the size it needs; the caller gets the size that was given."""

import pytest
import torch
from monai.data import MetaTensor
from monai.inferers import SlidingWindowInferer
from torch.nn.functional import pad

from taskgan_ext.inferers.padding import PaddingInferer, crop_to, pad_to_multiple


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (1, 5), (3, 4, 5)], ids=str)
def test_cropping_undoes_padding_and_padding_repeats_the_border(size):
    image = torch.rand(2, 3, *size)
    padded, found_size = pad_to_multiple(image, 4)
    assert tuple(found_size) == size
    assert all(length % 4 == 0 for length in padded.shape[2:])
    assert torch.equal(crop_to(padded, found_size), image)
    assert torch.equal(padded[:, :, -1, ..., -1], image[:, :, -1, ..., -1])
    assert padded.max() == image.max()


def test_fitting_size_is_handed_through():
    image = torch.rand(1, 1, 8, 4)
    assert pad_to_multiple(image, 4)[0] is image


def test_odd_size_gives_what_the_network_gives_for_the_padded_image(tiny_networks):
    generator = tiny_networks().generator.eval()
    image = torch.rand(2, 1, 30, 19)
    with torch.no_grad():
        found = PaddingInferer()(image, generator)
        direct = generator(pad(image, (0, 5, 0, 2), mode="replicate"))[..., :30, :19]
    assert torch.equal(found, direct)


def test_network_without_a_multiple_is_run_on_the_image_itself():
    image = torch.rand(1, 1, 7, 5)
    assert torch.equal(PaddingInferer()(image, lambda x: 2 * x), 2 * image)


def test_given_multiple_comes_before_that_of_the_network(tiny_networks):
    shapes = []
    PaddingInferer(multiple=16)(
        torch.rand(1, 1, 17, 16), lambda x: shapes.append(tuple(x.shape)) or tiny_networks().generator(x)
    )
    assert shapes == [(1, 1, 32, 16)]


def test_another_inferer_sees_the_padded_image():
    inferer = PaddingInferer(SlidingWindowInferer(roi_size=(4, 4)), multiple=4)
    image = torch.rand(1, 1, 7, 9)
    torch.testing.assert_close(inferer(image, lambda x: x), image)


def test_meta_data_are_kept(tiny_networks):
    affine = torch.diag(torch.tensor([2.0, 3.0, 4.0, 1.0]))
    image = MetaTensor(torch.rand(1, 1, 7, 9), affine=affine, meta={"scale": 5.0})
    with torch.no_grad():
        found = PaddingInferer()(image, tiny_networks().generator)
    assert found.shape == image.shape
    assert found.meta["scale"] == 5.0
    assert torch.equal(found.affine, image.affine)
