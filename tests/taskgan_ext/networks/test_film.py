import torch
from torch import Tensor, nn

from taskgan_ext.networks.film import FiLM, modulate


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_modulation_starts_as_the_identity_and_can_leave_it() -> None:
    film = FiLM(4, [3, 5])
    for width, modulation in zip([3, 5], film(noise(2, 4)), strict=True):
        features = noise(2, width, 6, 4)
        assert torch.equal(modulate(features, modulation), features)
    sum(modulation.sum() for modulation in film(noise(2, 4))).backward()
    assert all(level.weight.grad.any() and level.bias.grad.any() for level in film.levels)


def test_modulation_scales_and_shifts_each_channel_of_each_image() -> None:
    scale, shift, features = noise(2, 3), noise(2, 3, seed=1), noise(2, 3, 4, 5, 6, seed=2)
    found = modulate(features, torch.cat([scale, shift], dim=1))
    for image in range(2):
        for channel in range(3):
            expected = (1 + scale[image, channel]) * features[image, channel] + shift[image, channel]
            torch.testing.assert_close(found[image, channel], expected)


def test_gradients_are_those_of_finite_differences() -> None:
    film = FiLM(2, [2], embedding_size=3).double()
    nn.init.normal_(film.levels[0].weight, generator=torch.Generator().manual_seed(3))
    features, condition = (noise(2, 2, *size).double().requires_grad_() for size in ((3, 3), ()))
    assert torch.autograd.gradcheck(lambda x, c: modulate(x, film(c)[0]), (features, condition))
