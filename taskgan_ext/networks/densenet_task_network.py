"""A task network of another architecture, for the judge that took no part in the training of G."""

from collections.abc import Sequence

from monai.networks.nets import DenseNet
from torch import Tensor, nn

from taskgan_ext.networks.constructor_settings import require_choice, require_widths
from taskgan_ext.networks.network_output import NetworkOutput


class DenseNetTaskNetwork(nn.Module):
    """Predict the property y of an image with densely connected blocks.

    G is trained to satisfy T, so T cannot tell whether the property survived; in the paper's own Table 3 it
    errs on 0/10 for every method. The judge is therefore a network of another kind, trained by itself.
    MONAI's DenseNet (Huang et al., "Densely Connected Convolutional Networks", CVPR 2017), small by default:
    140,446 parameters.

    Args:
        spatial_dims: 2 for slices, 3 for volumes.
        in_channels: channels of the image.
        num_outputs: 1 for a yes-or-no property (sigmoid), else the number of classes (softmax).
        init_features: width of the first convolution.
        growth_rate: channels that each layer adds.
        block_config: number of layers in each block; an axis of the image is at least
            ``2 ** (len(block_config) + 1)`` long.
        dropout: probability with which the output of a layer is dropped.

    Raises:
        ConfigError: a setting is out of its range.
    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 1,
        num_outputs: int = 1,
        init_features: int = 24,
        growth_rate: int = 12,
        block_config: Sequence[int] = (4, 4, 4, 4),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        require_choice("spatial_dims", spatial_dims, (2, 3))
        blocks = require_widths("block_config", block_config)
        net = DenseNet(
            spatial_dims=spatial_dims,
            in_channels=in_channels,
            out_channels=num_outputs,
            init_features=init_features,
            growth_rate=growth_rate,
            block_config=blocks,
            dropout_prob=dropout,
        )
        stem = [net.features.conv0, net.features.norm0, net.features.relu0, net.features.pool0]
        self.stages = nn.ModuleList()
        for number in range(1, len(blocks) + 1):
            entry = stem if number == 1 else [net.features.get_submodule(f"transition{number - 1}")]
            self.stages.append(nn.Sequential(*entry, net.features.get_submodule(f"denseblock{number}")))
        # The activation belongs to the head in MONAI, and works in place there, which would change a feature.
        self.stages[-1].add_module("norm", net.features.norm5)
        self.stages[-1].add_module("activation", nn.ReLU())
        self.head = nn.Sequential(net.class_layers.pool, net.class_layers.flatten, net.class_layers.out)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Predict the property of a batch.

        Args:
            image: reference or restored image, shape ``(B, in_channels, H, W)`` or
                ``(B, in_channels, H, W, D)``.

        Returns:
            The logits, shape ``(B, num_outputs)``, and the output of each block, the last one after
            normalisation and ReLU.
        """
        features: list[Tensor] = []
        activation = image
        for stage in self.stages:
            activation = stage(activation)
            features.append(activation)
        return NetworkOutput(self.head(activation), features)
