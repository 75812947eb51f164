"""What holds for all networks; a new one is tested as soon as it stands in ``NETWORKS``."""

import io
import json
from typing import Any

import pytest
import torch
from taskgan_ext.errors import ConfigError
from torch import Tensor, nn

import taskgan_ext.networks as networks_package
from taskgan_ext.networks import (
    DenseNetTaskNetwork,
    ImageDiscriminator,
    NetworkOutput,
    ResNetTaskNetwork,
    UNetGenerator,
    initialise,
)

SMALL: dict[type[nn.Module], dict[str, Any]] = {
    UNetGenerator: {"channels": [4, 6, 8], "num_dropout_levels": 1},
    ImageDiscriminator: {"channels": [4, 6, 8]},
    ResNetTaskNetwork: {"block_inplanes": [4, 4, 6, 8], "layers": [1, 1, 1, 1]},
    DenseNetTaskNetwork: {"init_features": 4, "growth_rate": 2, "block_config": [2, 2, 2]},
}
NETWORKS = [
    pytest.param(
        network, {**settings, "spatial_dims": spatial_dims}, id=f"{network.__name__}-{spatial_dims}D"
    )
    for network, settings in SMALL.items()
    for spatial_dims in (2, 3)
]
every_network = pytest.mark.parametrize(("network_type", "settings"), NETWORKS)
scripts = pytest.mark.filterwarnings("ignore:.torch.jit.:DeprecationWarning")  # MONAI still exports by it


def build(network_type: type[nn.Module], settings: dict[str, Any]) -> nn.Module:
    """A small network in evaluation mode, built as a JSON file would."""
    return initialise(network_type(**json.loads(json.dumps(settings))), seed=0, std=0.2).eval()


def image_for(settings: dict[str, Any], batch: int = 2) -> Tensor:
    size = (32, 16) if settings["spatial_dims"] == 2 else (16, 16, 32)
    return torch.randn(
        batch, settings.get("in_channels", 1), *size, generator=torch.Generator().manual_seed(1)
    )


def tensors(output: Tensor | tuple[Tensor, list[Tensor]]) -> list[Tensor]:
    return [output] if isinstance(output, Tensor) else [output[0], *output[1]]


def test_all_networks_of_the_package_are_tested() -> None:
    members = [getattr(networks_package, name) for name in networks_package.__all__]
    assert set(SMALL) == {
        member for member in members if isinstance(member, type) and issubclass(member, nn.Module)
    }


@every_network
def test_output_has_batch_channels_and_finite_values(
    network_type: type[nn.Module], settings: dict[str, Any]
) -> None:
    output = build(network_type, {**settings, "in_channels": 3})(image_for({**settings, "in_channels": 3}))
    assert all(len(values) == 2 and values.isfinite().all() for values in tensors(output))
    if network_type is not UNetGenerator:
        assert isinstance(output, NetworkOutput)
        assert output.logit.shape == (2, 1)
        sizes = [values.shape[2] for values in output.features]
        assert sizes == sorted(sizes, reverse=True)


@scripts
@every_network
def test_saved_script_equals_eager(network_type: type[nn.Module], settings: dict[str, Any]) -> None:
    network, image = build(network_type, settings), image_for(settings)
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(network), buffer)
    buffer.seek(0)
    scripted = torch.jit.load(buffer)
    for values, expected in zip(tensors(scripted(image)), tensors(network(image)), strict=True):
        torch.testing.assert_close(values, expected)


@scripts
@every_network
def test_trace_does_not_warn_and_equals_eager_on_another_size(
    network_type: type[nn.Module], settings: dict[str, Any]
) -> None:
    network, image = build(network_type, settings), image_for(settings)
    traced = torch.jit.trace(network, image, strict=False)  # the lists of features have a fixed length
    larger = torch.cat([image, image.flip(2)], dim=2)
    for values, expected in zip(tensors(traced(larger)), tensors(network(larger)), strict=True):
        torch.testing.assert_close(values, expected)


@every_network
def test_state_dict_loads_strictly_and_repeats_the_output(
    network_type: type[nn.Module], settings: dict[str, Any]
) -> None:
    network, image = build(network_type, settings), image_for(settings)
    twin = network_type(**settings).eval()
    twin.load_state_dict(network.state_dict(), strict=True)
    assert all(torch.equal(a, b) for a, b in zip(tensors(twin(image)), tensors(network(image)), strict=True))


@every_network
def test_evaluation_does_not_depend_on_the_rest_of_the_batch(
    network_type: type[nn.Module], settings: dict[str, Any]
) -> None:
    network, image = build(network_type, settings), image_for(settings, batch=3)
    for alone, together in zip(tensors(network(image[:1])), tensors(network(image)), strict=True):
        torch.testing.assert_close(alone, together[:1], rtol=1e-4, atol=1e-5)


@every_network
def test_gradient_reaches_every_parameter_and_the_image(
    network_type: type[nn.Module], settings: dict[str, Any]
) -> None:
    network, image = build(network_type, settings), image_for(settings).requires_grad_()
    sum(values.square().sum() for values in tensors(network(image))).backward()
    assert image.grad is not None
    assert image.grad.abs().sum() > 0
    assert not [name for name, parameter in network.named_parameters() if parameter.grad is None]


@every_network
def test_features_are_not_changed_by_later_layers(
    network_type: type[nn.Module], settings: dict[str, Any]
) -> None:
    network, image = build(network_type, settings), image_for(settings)
    seen: list[Tensor] = []
    for layer in network.modules():
        layer.register_forward_hook(
            lambda _layer, _inputs, output: seen.extend(x.clone() for x in tensors(output))
        )
    for feature in tensors(network(image)):
        assert any(
            feature.shape == values.shape and torch.equal(feature, values)
            for values in seen[: -len(seen) // 4]
        )


@every_network
def test_unknown_number_of_axes_is_refused(network_type: type[nn.Module], settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="spatial_dims: expected one of 2, 3, got 4"):
        network_type(**{**settings, "spatial_dims": 4})
