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


def test_told_the_class_every_feature_depends_on_it() -> None:
    network = ImageDiscriminator(channels=(4, 4, 4), num_classes=3)
    image = torch.rand(1, 1, 16, 16).expand(2, -1, -1, -1)
    output = network(image, torch.tensor([0, 2]))
    assert all((features[0] != features[1]).any() for features in output.features)
    assert output.logit[0] != output.logit[1]
    same = network(image, torch.tensor([[1], [1]]))
    assert torch.equal(same.logit[0], same.logit[1])


@pytest.mark.parametrize("dims", [2, 3])
def test_class_is_read_from_planes_beside_the_image(dims: int) -> None:
    network = ImageDiscriminator(spatial_dims=dims, in_channels=2, channels=(4, 4), num_classes=3)
    plain = ImageDiscriminator(spatial_dims=dims, in_channels=5, channels=(4, 4))
    plain.load_state_dict(network.state_dict(), strict=True)
    image = torch.rand(2, 2, *[8] * dims)
    planes = torch.zeros(2, 3, *[8] * dims)
    planes[0, 2] = planes[1, 0] = 1
    torch.testing.assert_close(
        network(image, torch.tensor([2, 0])).logit, plain(torch.cat([image, planes], dim=1)).logit
    )


def test_class_is_ignored_by_a_network_that_judges_the_image_alone() -> None:
    network, image = ImageDiscriminator(channels=(4, 4)), torch.rand(2, 1, 8, 8)
    assert torch.equal(network(image, torch.tensor([0.2, 7.0])).logit, network(image).logit)


@pytest.mark.parametrize(
    ("prop", "message"),
    [
        (None, "expected the property of each image, one of 3 classes, got None"),
        (torch.tensor([0]), r"for each of 2 images, got torch.int64 of shape \[1\]"),
        (torch.tensor([0.0, 1.0]), "as integer for each of 2 images, got torch.float32"),
        (torch.tensor([0, 3]), "a class index from 0 to 2"),
        (torch.tensor([-1, 0]), "a class index from 0 to 2"),
    ],
    ids=["missing", "too few", "fractional", "too high", "negative"],
)
def test_class_that_does_not_fit_is_refused(prop: torch.Tensor | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageDiscriminator(channels=(4, 4), num_classes=3)(torch.rand(2, 1, 8, 8), prop)


@pytest.mark.filterwarnings("ignore:.torch.jit.:DeprecationWarning")
def test_script_that_is_told_the_class_equals_eager() -> None:
    network, image = ImageDiscriminator(channels=(4, 4), num_classes=3), torch.rand(2, 1, 8, 8)
    prop = torch.tensor([2, 1])
    torch.testing.assert_close(torch.jit.script(network)(image, prop).logit, network(image, prop).logit)
