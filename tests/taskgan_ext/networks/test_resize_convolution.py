"""Every pixel repeated, then convolved, in one step."""

import pytest
import torch
from torch.nn.functional import interpolate

from taskgan_ext.networks.resize_convolution import ResizeConvolution


@pytest.mark.parametrize("size", [(5, 8), (4, 3, 6)])
@pytest.mark.parametrize("bias", [True, False])
def test_it_equals_a_convolution_of_the_enlarged_image(size: tuple[int, ...], bias: bool) -> None:
    layer = ResizeConvolution(len(size), 3, 4, bias=bias).double()
    image = torch.rand(2, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(layer(image), layer.kernel(interpolate(image, scale_factor=2)))


def test_its_weights_get_the_gradient_of_the_enlarged_image_too() -> None:
    layer, image = ResizeConvolution(2, 3, 4).double(), torch.rand(2, 3, 6, 8, dtype=torch.float64)
    found, wanted = (
        torch.autograd.grad(result.square().sum(), layer.kernel.weight)[0]
        for result in (layer(image), layer.kernel(interpolate(image, scale_factor=2)))
    )
    torch.testing.assert_close(found, wanted)
