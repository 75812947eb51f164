import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, relu, softplus

from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.initialisation import initialise
from taskgan_ext.networks.monte_carlo_dropout import activate_dropout
from taskgan_ext.networks.unet_generator import UNetGenerator


def small(**settings: object) -> UNetGenerator:
    return initialise(
        UNetGenerator(**{"channels": (4, 6, 8), "num_dropout_levels": 1, **settings}), 3, std=0.2
    )


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize(("image_channels", "count"), [(1, 54_408_385), (3, 54_414_531)])
def test_default_has_as_many_parameters_as_pix2pix(image_channels: int, count: int) -> None:
    with torch.device("meta"):
        network = UNetGenerator(in_channels=image_channels, out_channels=image_channels)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_default_levels_follow_the_table_of_the_paper() -> None:
    with torch.device("meta"):
        network = UNetGenerator()
    down = [(level.conv.in_channels, level.conv.out_channels) for level in network.encoder]
    up = [(level.conv.in_channels, level.conv.out_channels) for level in network.decoder]
    assert down == [(1, 64), (64, 128), (128, 256), (256, 512)] + 4 * [(512, 512)]
    assert up == [(512, 512)] + 3 * [(1024, 512)] + [(1024, 256), (512, 128), (256, 64), (128, 1)]
    assert [hasattr(level, "norm") for level in network.encoder] == [False] + 6 * [True] + [False]
    assert [hasattr(level, "norm") for level in network.decoder] == 7 * [True] + [False]
    assert [hasattr(level, "dropout") for level in network.decoder] == 3 * [True] + 5 * [False]
    assert network.size_multiple == 256


def test_default_restores_256_pixels_to_the_same_grid() -> None:
    with torch.device("meta"):
        assert UNetGenerator()(torch.empty(2, 1, 256, 256)).shape == (2, 1, 256, 256)


def test_forward_equals_functional_pix2pix() -> None:
    network, image = small(norm="none", output_activation="tanh").eval(), noise(2, 1, 16, 24)

    def conv(name: str, x: Tensor, transposed: bool = False) -> Tensor:
        layer = network.get_submodule(name)
        function = conv_transpose2d if transposed else conv2d
        return function(x, layer.weight, layer.bias, stride=2, padding=1)

    e1 = conv("encoder.0.conv", image)
    e2 = conv("encoder.1.conv", leaky_relu(e1, 0.2))
    e3 = conv("encoder.2.conv", leaky_relu(e2, 0.2))
    d3 = conv("decoder.0.conv", relu(e3), transposed=True)
    d2 = conv("decoder.1.conv", relu(torch.cat([d3, e2], 1)), transposed=True)
    d1 = conv("decoder.2.conv", relu(torch.cat([d2, e1], 1)), transposed=True)
    torch.testing.assert_close(network(image), torch.tanh(d1))


@pytest.mark.parametrize("upsample", ["transposed", "nearest"])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_every_variant_keeps_the_grid_in_two_and_three_dimensions(norm: str, upsample: str) -> None:
    settings = {"norm": norm, "upsample": upsample, "in_channels": 2, "out_channels": 3}
    assert small(**settings)(noise(2, 2, 16, 32)).shape == (2, 3, 16, 32)
    assert small(**settings, spatial_dims=3)(noise(1, 2, 16, 16, 32)).shape == (1, 3, 16, 16, 32)


def test_nearest_upsampling_leaves_no_checkerboard() -> None:
    network = small(upsample="nearest", norm="none", output_activation="none").eval()
    restored = network(torch.ones(1, 1, 64, 64))[..., 24:40, 24:40]
    assert restored.std() < 1e-6


def test_instance_norm_treats_each_image_alone_while_training() -> None:
    network, image = small(norm="instance", dropout=0.0), noise(3, 1, 32, 32)
    torch.testing.assert_close(network(image)[:1], network(image[:1]))


@pytest.mark.parametrize("size", [(20, 16), (16, 4)])
def test_wrong_size_is_refused_with_size_multiple_and_remedy(size: tuple[int, int]) -> None:
    network = small()
    assert network.size_multiple == 8
    with pytest.raises(ValueError, match=rf"multiples of 8, got \[{size[0]}, {size[1]}\]: pad or crop"):
        network(torch.zeros(1, 1, *size))


@pytest.mark.filterwarnings("ignore:.torch.jit.:DeprecationWarning")
def test_scripted_network_refuses_a_wrong_size_too() -> None:
    with pytest.raises(torch.jit.Error, match=r"multiples of 8, got \[16, 12\]"):
        torch.jit.script(small())(torch.zeros(1, 1, 16, 12))


def test_exported_program_accepts_another_size() -> None:
    network, free = small().eval(), torch.export.Dim.DYNAMIC
    shapes = ((free, torch.export.Dim.STATIC, free, free),)
    program = torch.export.export(network, (noise(2, 1, 16, 24),), dynamic_shapes=shapes).module()
    image = noise(3, 1, 40, 32)
    torch.testing.assert_close(program(image), network(image))


@pytest.mark.parametrize(
    ("activation", "low", "high"), [("tanh", -1, 1), ("sigmoid", 0, 1), ("softplus", 0, float("inf"))]
)
def test_output_stays_in_the_range_of_its_activation(activation: str, low: float, high: float) -> None:
    restored = small(output_activation=activation)(100 * noise(2, 1, 16, 16))
    assert low <= restored.min()
    assert restored.max() <= high


def test_residual_adds_the_chosen_channel_before_the_activation() -> None:
    image = noise(2, 3, 16, 16)
    for activation, function in {"none": lambda x: x, "softplus": softplus}.items():
        network = small(in_channels=3, residual_channel=1, output_activation=activation)
        nn.init.zeros_(network.decoder[-1].conv.weight)
        nn.init.zeros_(network.decoder[-1].conv.bias)
        torch.testing.assert_close(network(image), function(image[:, 1:2]))


def test_dropout_draws_only_when_it_is_active() -> None:
    network, image = small(num_dropout_levels=2), noise(2, 1, 32, 32)
    network.eval()
    assert torch.equal(network(image), network(image))
    statistics = {name: values.clone() for name, values in network.named_buffers()}
    assert activate_dropout(network) is network
    assert not torch.equal(network(image), network(image))
    assert all(torch.equal(values, statistics[name]) for name, values in network.named_buffers())
    assert torch.equal(network.eval()(image), network(image))


@pytest.mark.parametrize("settings", [{"dropout": 0.0}, {"num_dropout_levels": 0}], ids=str)
def test_dropout_cannot_be_activated_where_there_is_none(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="UNetGenerator has none that drops anything"):
        activate_dropout(small(**settings))


def test_gradients_are_those_of_finite_differences() -> None:
    network = (
        small(channels=(2, 2), in_channels=2, residual_channel=0, output_activation="softplus")
        .double()
        .eval()
    )
    image = noise(1, 2, 4, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(network, (image,))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"norm": "layer"}, "norm: expected one of 'batch', 'instance', 'none', got 'layer'"),
        ({"upsample": "cubic"}, "upsample: expected one of"),
        ({"output_activation": "relu"}, "output_activation: expected one of"),
        ({"channels": [8]}, "channels: expected at least 2 positive integers"),
        ({"channels": [8, 0]}, "channels: expected at least 2 positive integers"),
        ({"num_dropout_levels": 3}, "num_dropout_levels: expected 0 to 2"),
        ({"residual_channel": 1}, "residual_channel: expected a channel of the input, 0 to 0, got 1"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_wrong_setting_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        small(**settings)


def test_each_colour_is_the_difference_to_its_own() -> None:
    image = noise(1, 3, 16, 16)
    network = small(in_channels=3, out_channels=3, residual_channel=0, output_activation="none")
    nn.init.zeros_(network.decoder[-1].conv.weight)
    nn.init.zeros_(network.decoder[-1].conv.bias)
    torch.testing.assert_close(network(image), image)
