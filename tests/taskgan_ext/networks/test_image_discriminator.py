import pytest
import torch
from torch import nn

from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.image_discriminator import ImageDiscriminator


def test_default_has_six_halvings_and_eleven_million_parameters() -> None:
    with torch.device("meta"):
        network = ImageDiscriminator()
        output = network(torch.empty(2, 1, 256, 256))
    assert sum(parameter.numel() for parameter in network.parameters()) == 11_148_737
    assert [tuple(values.shape[1:]) for values in output.features] == [
        (64, 128, 128),
        (128, 64, 64),
        (256, 32, 32),
        (512, 16, 16),
        (512, 8, 8),
        (512, 4, 4),
    ]
    assert output.logit.shape == (2, 1)


def test_smallest_image_leaves_one_pixel() -> None:
    with torch.device("meta"):
        assert ImageDiscriminator()(torch.empty(1, 1, 64, 64)).features[-1].shape == (1, 512, 1, 1)


def test_too_small_image_is_refused_with_size_minimum_and_remedy() -> None:
    with pytest.raises(ValueError, match=r"at least 8 on each axis, got \[16, 7\]: use larger patches"):
        ImageDiscriminator(channels=(4, 4, 4))(torch.zeros(1, 1, 16, 7))


def test_one_logit_for_each_class() -> None:
    assert ImageDiscriminator(channels=(4, 4), num_outputs=6)(torch.zeros(3, 1, 16, 16)).logit.shape == (3, 6)


def test_logit_is_the_mean_of_the_judged_patches() -> None:
    network, image = ImageDiscriminator(channels=(4, 4)), torch.rand(2, 1, 16, 24)
    output = network(image)
    torch.testing.assert_close(output.logit, network.head(output.features[-1]).mean(dim=(2, 3)))


@pytest.mark.parametrize(("norm", "kind"), [("batch", nn.BatchNorm2d), ("instance", nn.InstanceNorm2d)])
def test_first_level_is_never_normalised(norm: str, kind: type[nn.Module]) -> None:
    levels = ImageDiscriminator(channels=(4, 4, 4), norm=norm).levels
    assert [any(isinstance(layer, kind) for layer in level) for level in levels] == [False, True, True]
    assert [level.conv.bias is None for level in levels] == [False, True, True]


def test_default_judges_each_image_alone_while_training() -> None:
    network, image = ImageDiscriminator(channels=(4, 4)), torch.rand(3, 1, 16, 16)
    torch.testing.assert_close(network(image).logit[:1], network(image[:1]).logit)


def test_unknown_norm_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"norm: expected one of .*, got 'spectral'"):
        ImageDiscriminator(norm="spectral")
