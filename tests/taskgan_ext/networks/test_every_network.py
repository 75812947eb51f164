"""What holds for all networks; a new one is tested as soon as it stands in ``SMALL``."""

import io
import json
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import taskgan_ext.networks as networks_package
from taskgan_ext.errors import ConfigError
from taskgan_ext.networks import (
    ConditionalUNetGenerator,
    DenseNetTaskNetwork,
    FaceRecogniser,
    ImageDiscriminator,
    NetworkOutput,
    PatchTaskNetwork,
    ResNetTaskNetwork,
    SegmentingOutput,
    UNetGenerator,
    VGGFace,
    initialise,
)
from taskgan_ext.networks.initialisation import StartsItself

NetworkType = type[nn.Module]
Settings = dict[str, Any]

SMALL: dict[NetworkType, Settings] = {
    UNetGenerator: {"channels": [4, 6, 8], "num_dropout_levels": 1},
    ConditionalUNetGenerator: {
        "channels": [4, 6, 8],
        "num_dropout_levels": 1,
        "num_classes": 2,
        "num_values": 1,
        "residual_channels": [0, None],
        "pixel_width": 4,
    },
    ImageDiscriminator: {"channels": [4, 6, 8]},
    ResNetTaskNetwork: {"block_inplanes": [4, 4, 6, 8], "layers": [1, 1, 1, 1]},
    DenseNetTaskNetwork: {"init_features": 4, "growth_rate": 2, "block_config": [2, 2, 2]},
    PatchTaskNetwork: {"channels": [4, 6, 8], "num_outputs": 1},
    FaceRecogniser: {"channels": [4, 6, 8], "embedding_size": 6},
    VGGFace: {"channels": [4, 4, 6, 6, 8], "hidden": 8, "image_size": 32, "num_outputs": 1},
}
HEADS = {**SMALL[ConditionalUNetGenerator], "conditioning": "heads"}
PICTURES = (FaceRecogniser, VGGFace)  # of two axes, without a setting that says so
NETWORKS = [
    pytest.param(
        network,
        settings if network in PICTURES else {**settings, "spatial_dims": dims},
        id=f"{network.__name__}{variant}-{dims}D",
    )
    for network, settings, variant in (
        *((network, settings, "") for network, settings in SMALL.items()),
        (ConditionalUNetGenerator, HEADS, "-heads"),
    )
    for dims in ((2,) if network in PICTURES else (2, 3))
]
GENERATORS = (UNetGenerator, ConditionalUNetGenerator)
STAGES = [
    pytest.param(ImageDiscriminator, [f"levels.{level}" for level in range(3)], id="ImageDiscriminator"),
    pytest.param(
        ResNetTaskNetwork, [f"backbone.layer{stage}" for stage in (1, 2, 3, 4)], id="ResNetTaskNetwork"
    ),
    pytest.param(DenseNetTaskNetwork, [f"stages.{stage}" for stage in range(3)], id="DenseNetTaskNetwork"),
    pytest.param(PatchTaskNetwork, [f"levels.{level}" for level in range(4)], id="PatchTaskNetwork"),
    pytest.param(FaceRecogniser, [f"stages.{stage}" for stage in range(4)], id="FaceRecogniser"),
    pytest.param(VGGFace, [f"stages.{stage}" for stage in range(7)], id="VGGFace"),
]
every_network = pytest.mark.parametrize(("network_type", "settings"), NETWORKS)
scripts = pytest.mark.filterwarnings("ignore:.torch.jit.:DeprecationWarning")  # MONAI still exports by it


def build(network_type: NetworkType, settings: Settings) -> nn.Module:
    """A small network in evaluation mode, built as a JSON file would, with no part that does nothing yet."""
    network = initialise(network_type(**json.loads(json.dumps(settings))), seed=0, std=0.2).eval()
    generator = torch.Generator().manual_seed(2)
    for part in network.modules():
        if isinstance(part, StartsItself):
            for parameter in part.parameters():
                nn.init.normal_(parameter, std=0.2, generator=generator)
    return network


def image_for(settings: Settings, batch: int = 2) -> Tensor:
    size = (32, 16) if settings.get("spatial_dims", 2) == 2 else (16, 16, 32)
    generator = torch.Generator().manual_seed(1)
    channels = settings.get("in_channels", 1)
    if "num_values" in settings:
        channels = settings.get("image_channels", 1) + settings["num_classes"] + settings["num_values"]
    return torch.randn(batch, channels, *size, generator=generator)


def tensors(output: Tensor | tuple[Tensor, list[Tensor]]) -> list[Tensor]:
    return [output] if isinstance(output, Tensor) else [output[0], *output[1]]


def test_all_networks_of_the_package_are_tested() -> None:
    members = [getattr(networks_package, name) for name in networks_package.__all__]
    assert set(SMALL) == {item for item in members if isinstance(item, type) and issubclass(item, nn.Module)}


@every_network
def test_output_has_batch_channels_and_finite_values(network_type: NetworkType, settings: Settings) -> None:
    channels = {"image_channels" if network_type is ConditionalUNetGenerator else "in_channels": 3}
    network = build(network_type, settings if network_type is VGGFace else {**settings, **channels})
    output = network(image_for({**settings, **channels}))
    assert all(len(values) == 2 and values.isfinite().all() for values in tensors(output))
    if network_type not in GENERATORS:
        assert isinstance(output, NetworkOutput | SegmentingOutput)
        assert output.logit.shape == (2, 1)
        sizes = [values[0, 0].numel() for values in output.features]
        assert sizes == sorted(sizes, reverse=True)


@scripts
@every_network
def test_saved_script_equals_eager(network_type: NetworkType, settings: Settings) -> None:
    network, image = build(network_type, settings), image_for(settings)
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(network), buffer)
    buffer.seek(0)
    scripted = torch.jit.load(buffer)
    for values, expected in zip(tensors(scripted(image)), tensors(network(image)), strict=True):
        torch.testing.assert_close(values, expected)


@scripts
def test_scripting_one_network_does_not_change_the_next() -> None:
    # TorchScript shares the type of containers whose layers have equal names, whatever their order.
    for network_type, settings in [*SMALL.items(), *reversed(SMALL.items())]:
        network, image = build(network_type, settings), image_for(settings)
        scripted = torch.jit.script(network)
        torch.testing.assert_close(tensors(scripted(image))[0], tensors(network(image))[0])


@scripts
@every_network
def test_trace_does_not_warn_and_equals_eager_on_another_size(
    network_type: NetworkType, settings: Settings
) -> None:
    network, image = build(network_type, settings), image_for(settings)
    traced = torch.jit.trace(network, image, strict=False)  # the lists of features have a fixed length
    larger = torch.cat([image, image.flip(2)], dim=2)
    for values, expected in zip(tensors(traced(larger)), tensors(network(larger)), strict=True):
        torch.testing.assert_close(values, expected)


@every_network
def test_state_dict_loads_strictly_and_repeats_the_output(
    network_type: NetworkType, settings: Settings
) -> None:
    network, image = build(network_type, settings), image_for(settings)
    twin = network_type(**settings).eval()
    twin.load_state_dict(network.state_dict(), strict=True)
    assert all(torch.equal(a, b) for a, b in zip(tensors(twin(image)), tensors(network(image)), strict=True))


@every_network
def test_evaluation_does_not_depend_on_the_rest_of_the_batch(
    network_type: NetworkType, settings: Settings
) -> None:
    network, image = build(network_type, settings), image_for(settings, batch=3)
    for alone, together in zip(tensors(network(image[:1])), tensors(network(image)), strict=True):
        torch.testing.assert_close(alone, together[:1], rtol=1e-4, atol=1e-5)


@every_network
def test_gradient_reaches_every_parameter_and_the_image(
    network_type: NetworkType, settings: Settings
) -> None:
    network, image = build(network_type, settings), image_for(settings).requires_grad_()
    sum(values.square().sum() for values in tensors(network(image))).backward()
    assert image.grad is not None
    assert image.grad.abs().sum() > 0
    assert not [name for name, parameter in network.named_parameters() if parameter.grad is None]


@pytest.mark.parametrize(("network_type", "stages"), STAGES)
def test_features_are_the_outputs_of_the_stages_unchanged(
    network_type: NetworkType, stages: list[str]
) -> None:
    settings = SMALL[network_type]
    network, image = build(network_type, settings), image_for(settings)
    seen: list[Tensor] = []
    for stage in stages:
        network.get_submodule(stage).register_forward_hook(lambda _, __, output: seen.append(output.clone()))
    for feature, expected in zip(network(image).features, seen, strict=True):
        assert torch.equal(feature, expected)


@pytest.mark.parametrize(
    ("network_type", "settings"), [item for item in SMALL.items() if item[0] not in PICTURES]
)
def test_unknown_number_of_axes_is_refused(network_type: NetworkType, settings: Settings) -> None:
    with pytest.raises(ConfigError, match="spatial_dims: expected one of 2, 3, got 4"):
        network_type(**{**settings, "spatial_dims": 4})
