"""A volume is restored slice by slice, as in training."""

import pytest
import torch
from monai.data import MetaTensor

from taskgan_ext.data.slice_dataset import slice_stack
from taskgan_ext.inferers.slice_stacks import SliceStackInferer


@pytest.fixture
def volume():
    affine = torch.diag(torch.tensor([2.0, 3.0, 4.0, 1.0], dtype=torch.float64))
    generator = torch.Generator().manual_seed(0)
    return MetaTensor(torch.rand(2, 1, 9, 13, 7, generator=generator), affine=affine, meta={"scale": 5.0})


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_network_that_gives_the_centre_returns_the_input(volume, batch_size):
    found = SliceStackInferer(stack=3, batch_size=batch_size, multiple=8)(volume, lambda x: x[:, 1:2])
    assert torch.equal(found.as_tensor(), volume.as_tensor())


@pytest.mark.parametrize("stack", [1, 3])
@pytest.mark.parametrize("size", [(16, 24), (9, 13)], ids=["fitting", "odd"])
def test_volume_equals_slices_restored_one_by_one(tiny_networks, volume, stack, size):
    generator = tiny_networks(in_channels=stack).generator.eval()
    inferer = SliceStackInferer(stack=stack, batch_size=4)
    plain = torch.nn.functional.interpolate(volume.as_tensor(), size=(*size, 7))
    with torch.no_grad():
        found = inferer(plain, generator)
        assert found.shape == plain.shape
        for case in range(2):
            for index in range(7):
                one = slice_stack(plain[case], index, stack)[None]
                extra = [-length % 8 for length in size]
                one = torch.nn.functional.pad(one, (0, extra[1], 0, extra[0]), mode="replicate")
                direct = generator(one)[0, :, : size[0], : size[1]]
                torch.testing.assert_close(found[case, ..., index], direct, rtol=1e-5, atol=1e-6)


def test_meta_data_are_kept_and_channels_may_differ(volume):
    found = SliceStackInferer()(volume, lambda x: torch.cat([x, x], dim=1))
    assert found.shape == (2, 2, 9, 13, 7)
    assert found.meta["scale"] == 5.0
    assert torch.equal(found.affine, volume.affine)


def test_half_precision_of_the_network_does_not_reach_the_result(volume):
    found = SliceStackInferer()(volume, lambda x: x.to(torch.bfloat16))
    assert found.dtype == torch.float32


def test_arguments_reach_the_network(volume):
    found = SliceStackInferer()(volume, lambda x, factor: factor * x, factor=2)
    torch.testing.assert_close(found.as_tensor(), 2 * volume.as_tensor())
