import pytest
import torch
from monai.networks.nets import DenseNet

from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.densenet_task_network import DenseNetTaskNetwork
from taskgan_ext.networks.resnet_task_network import ResNetTaskNetwork


def count(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_resnet_is_the_published_resnet_18() -> None:
    with torch.device("meta"):
        published, default = ResNetTaskNetwork(in_channels=3, num_outputs=1000), ResNetTaskNetwork()
        output = default(torch.empty(2, 1, 256, 256))
    assert count(published) == 11_689_512  # ImageNet classification, He et al.
    assert count(default) == 11_170_753
    assert [tuple(values.shape[1:]) for values in output.features] == [
        (64, 64, 64),
        (128, 32, 32),
        (256, 16, 16),
        (512, 8, 8),
    ]


@pytest.mark.parametrize("num_outputs", [1, 6])
def test_resnet_logit_equals_that_of_the_wrapped_network(num_outputs: int) -> None:
    network = ResNetTaskNetwork(block_inplanes=(4, 4, 8, 8), num_outputs=num_outputs).eval()
    image = torch.rand(2, 1, 40, 32)
    output = network(image)
    assert output.logit.shape == (2, num_outputs)
    torch.testing.assert_close(output.logit, network.backbone(image))


def test_resnet_stem_stride_keeps_detail() -> None:
    image, settings = torch.rand(2, 1, 32, 32), {"block_inplanes": (4, 4, 4, 4), "layers": (1, 1, 1, 1)}
    assert ResNetTaskNetwork(**settings, stem_stride=1)(image).features[0].shape[2:] == (16, 16)
    assert ResNetTaskNetwork(**settings)(image).features[0].shape[2:] == (8, 8)


@pytest.mark.parametrize(
    "settings", [{"layers": (2, 2)}, {"block_inplanes": (4, 4, 4, 4, 4)}, {"layers": (1, 1, 1, 0)}], ids=str
)
def test_resnet_of_other_than_four_stages_is_refused(settings: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(ConfigError, match=r"expected (four|at least 4)"):
        ResNetTaskNetwork(**settings)


def test_densenet_logit_equals_that_of_monai() -> None:
    settings = {"init_features": 4, "growth_rate": 2, "block_config": (2, 3)}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = DenseNetTaskNetwork(num_outputs=3, **settings).eval()
        torch.manual_seed(0)
        referee = DenseNet(spatial_dims=2, in_channels=1, out_channels=3, **settings).eval()
    image = torch.rand(2, 1, 32, 40)
    torch.testing.assert_close(network(image).logit, referee(image))
    assert count(network) == count(referee)


def test_densenet_shows_one_feature_per_block_and_is_small() -> None:
    with torch.device("meta"):
        network = DenseNetTaskNetwork()
        output = network(torch.empty(2, 1, 64, 64))
    assert count(network) == 140_446
    assert [values.shape[2] for values in output.features] == [16, 8, 4, 2]
    assert output.logit.shape == (2, 1)
