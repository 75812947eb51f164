from typing import Any

import pytest
import torch
from monai.inferers import SlidingWindowInferer
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from taskgan_ext.errors import ConfigError
from taskgan_ext.inferers.padding import PaddingInferer
from taskgan_ext.inferers.slice_stacks import SliceStackInferer
from taskgan_ext.networks.conditional_unet_generator import ConditionalUNetGenerator
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.unet_generator import UNetGenerator

IMAGE, CLASSES, VALUES = 4, 3, 2
LOG_TIMES = torch.tensor([1.5, -4.0])
both = pytest.mark.parametrize("conditioning", ["film", "heads"])


def small(asleep: bool = False, **settings: Any) -> ConditionalUNetGenerator:
    """A small network; its FiLM does something unless it is asleep, as at the start."""
    sizes = {"image_channels": IMAGE, "num_classes": CLASSES, "num_values": VALUES, "channels": (4, 6, 8)}
    network = ConditionalUNetGenerator(**{**sizes, "num_dropout_levels": 1, **settings})
    initialise(network, 3, std=0.2)
    if network.film is not None and not asleep:
        for parameter in network.film.levels.parameters():
            nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(4))
    return network.eval()


def degraded(batch: int = 2, size: tuple[int, ...] = (16, 24)) -> Tensor:
    return torch.randn(batch, IMAGE, *size, generator=torch.Generator().manual_seed(2))


def ask(image: Tensor, *contrasts: int, times: Tensor = LOG_TIMES) -> Tensor:
    """Append the planes of a contrast for each image."""
    one_hot = torch.eye(CLASSES)[list(contrasts)]
    condition = torch.cat([one_hot, times.expand(len(contrasts), -1)], dim=1)
    planes = condition.reshape(*condition.shape, *[1] * (image.ndim - 2)).expand(-1, -1, *image.shape[2:])
    return torch.cat([image, planes], dim=1)


@both
def test_each_image_gets_the_contrast_it_asks_for(conditioning: str) -> None:
    network, image = small(conditioning=conditioning), degraded(1)
    alone = [network(ask(image, contrast)) for contrast in range(CLASSES)]
    together = network(ask(image.expand(CLASSES, -1, -1, -1), *range(CLASSES)))
    torch.testing.assert_close(together, torch.cat(alone))
    assert min((alone[0] - other).abs().max() for other in alone[1:]) > 0.01


@both
def test_contrast_and_times_work_as_they_should(conditioning: str) -> None:
    network, image = small(conditioning=conditioning), degraded(1)
    other_times = network(ask(image, 1, times=LOG_TIMES + 0.5))
    assert torch.equal(other_times, network(ask(image, 1))) == (conditioning == "heads")


def test_film_starts_as_the_unet_whatever_the_contrast_and_can_leave_it() -> None:
    network, image = small(asleep=True), degraded(1)
    for contrast in range(CLASSES):
        torch.testing.assert_close(network(ask(image, contrast)), network.unet(image))
    network(ask(image, 0)).sum().backward()
    assert all(level.weight.grad.any() for level in network.film.levels)


def test_film_reaches_the_features_of_every_decoder_level() -> None:
    network = small()
    seen: list[Tensor] = []
    for level in network.unet.decoder:
        level.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    image = degraded(1)
    network(ask(image, 0))
    network(ask(image, 1))
    for one, other in zip(seen[: len(seen) // 2], seen[len(seen) // 2 :], strict=True):
        assert (one - other).abs().amax(dim=(0, 2, 3)).min() > 0


@both
@pytest.mark.parametrize("activation", ["none", "softplus"])
def test_residual_is_the_channel_of_the_contrast(conditioning: str, activation: str) -> None:
    network = small(
        conditioning=conditioning, residual_channels=[2, None, 0], output_activation=activation, asleep=True
    )
    nn.init.zeros_(network.unet.decoder[-1].conv.weight)
    nn.init.zeros_(network.unet.decoder[-1].conv.bias)
    image = degraded(3)
    found = network(ask(image, 2, 1, 0))
    expected = torch.stack([image[0, 0], torch.zeros(16, 24), image[2, 2]])[:, None]
    torch.testing.assert_close(found, softplus(expected) if activation == "softplus" else expected)


def test_levels_and_their_names_are_those_of_the_unet() -> None:
    settings = {"channels": (4, 6, 8), "num_dropout_levels": 1, "upsample": "nearest", "norm": "instance"}
    network, unet = small(**settings), UNetGenerator(2, IMAGE, 1, **settings).eval()
    unet.load_state_dict(network.unet.state_dict(), strict=True)
    asleep = small(**settings, asleep=True)
    torch.testing.assert_close(asleep(ask(degraded(), 0, 1)), unet(degraded()))
    assert network.size_multiple == unet.size_multiple == 8


def test_running_average_of_a_network_at_rest_is_that_network() -> None:
    network, image = small(residual_channels=[3, 2, 1]), ask(degraded(3), 0, 1, 2)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.99), use_buffers=True)
    for _ in range(5):
        average.update_parameters(network)
    torch.testing.assert_close(average.eval()(image), network(image))


@both
def test_padded_image_keeps_its_contrast(conditioning: str) -> None:
    network = small(conditioning=conditioning)
    image = ask(degraded(size=(13, 21)), 0, 2)
    restored = PaddingInferer()(image, network)
    assert restored.shape == (2, 1, 13, 21)
    by_hand = nn.functional.pad(degraded(size=(13, 21)), (0, 3, 0, 3), mode="replicate")
    torch.testing.assert_close(restored, network(ask(by_hand, 0, 2))[..., :13, :21])


@both
def test_inferers_for_slices_and_windows_run_it_unchanged(conditioning: str) -> None:
    network, volume = small(conditioning=conditioning), ask(degraded(1, (13, 16, 5)), 1)
    restored = SliceStackInferer(batch_size=2)(volume, network)
    assert restored.shape == (1, 1, 13, 16, 5)
    expected = PaddingInferer()(volume[..., 3], network)
    torch.testing.assert_close(restored[..., 3], expected)
    windows = SlidingWindowInferer(roi_size=(16, 16), overlap=0.5)
    assert windows(ask(degraded(1, (32, 16)), 1), network).shape == (1, 1, 32, 16)


@both
def test_exported_program_accepts_another_size(conditioning: str) -> None:
    network, free = small(conditioning=conditioning, residual_channels=[0, 1, None]), torch.export.Dim.DYNAMIC
    shapes = ((free, torch.export.Dim.STATIC, free, free),)
    program = torch.export.export(network, (ask(degraded(), 0, 1),), dynamic_shapes=shapes).module()
    image = ask(degraded(3, (40, 32)), 2, 1, 0)
    torch.testing.assert_close(program(image), network(image))


@both
def test_gradients_are_those_of_finite_differences(conditioning: str) -> None:
    network = small(
        conditioning=conditioning,
        channels=(2, 2),
        num_values=0,
        residual_channels=[0, 1, 2],
        output_activation="softplus",
    ).double()
    image = ask(degraded(1, (4, 4)), 1, times=torch.zeros(0)).double().requires_grad_()
    assert torch.autograd.gradcheck(network, (image,))


def test_image_without_its_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="4 channels of the image and 5 planes of the condition, got 4"):
        small()(degraded())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"conditioning": "planes"}, "conditioning: expected one of 'film', 'heads', got 'planes'"),
        ({"norm": "layer"}, "norm: expected one of"),
        ({"residual_channels": [0, 1]}, r"expected 3 channels of the image, 0 to 3 .* got \[0, 1\]"),
        ({"residual_channels": [0, 1, 4]}, "residual_channels: expected 3 channels"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_wrong_setting_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        small(**settings)
