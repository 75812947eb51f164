"""The task network T for PET: a ResNet-18 with one logit."""

from collections.abc import Sequence

from monai.networks.nets import ResNet
from torch import Tensor, nn

from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.constructor_settings import require_choice, require_widths
from taskgan_ext.networks.network_output import NetworkOutput


class ResNetTaskNetwork(nn.Module):
    """Predict the property y of an image, ``T(x)``, and show the features of the four stages.

    MONAI's ResNet with basic blocks and the stem of He et al., "Deep Residual Learning for Image
    Recognition", CVPR 2016: a 7x7 convolution of stride 2 and max pooling. With the defaults this is the
    ResNet-18 of the paper: 11,170,753 parameters for one channel and one output. Like it, it normalises over
    the batch: a T that is frozen while G trains must be in ``eval()``, or the restored images would shift its
    statistics.

    Args:
        spatial_dims: 2 for slices, 3 for volumes.
        in_channels: channels of the image.
        num_outputs: 1 for a yes-or-no property (sigmoid), else the number of classes (softmax).
        block_inplanes: width of each of the four stages.
        layers: number of residual blocks in each stage.
        stem_stride: stride of the first convolution; 1 keeps detail in small images.

    Raises:
        ConfigError: a setting is out of its range.
    """

    def __init__(
        self,
        spatial_dims: int = 2,
        in_channels: int = 1,
        num_outputs: int = 1,
        block_inplanes: Sequence[int] = (64, 128, 256, 512),
        layers: Sequence[int] = (2, 2, 2, 2),
        stem_stride: int = 2,
    ) -> None:
        super().__init__()
        require_choice("spatial_dims", spatial_dims, (2, 3))
        widths = require_widths("block_inplanes", block_inplanes, minimum_levels=4)
        num_blocks = require_widths("layers", layers, minimum_levels=4)
        if len(widths) != 4 or len(num_blocks) != 4:
            raise ConfigError(
                "block_inplanes and layers: expected four numbers each, one per stage, "
                f"got {list(widths)} and {list(num_blocks)}"
            )
        self.backbone = ResNet(
            block="basic",
            layers=list(num_blocks),
            block_inplanes=list(widths),
            spatial_dims=spatial_dims,
            n_input_channels=in_channels,
            conv1_t_stride=stem_stride,
            num_classes=num_outputs,
            bias_downsample=False,
        )

    def forward(self, image: Tensor) -> NetworkOutput:
        """Predict the property of a batch.

        Args:
            image: reference or restored image, shape ``(B, in_channels, H, W)`` or
                ``(B, in_channels, H, W, D)``.

        Returns:
            The logits, shape ``(B, num_outputs)``, and the activations after each of the four stages.
        """
        net = self.backbone
        stem = net.maxpool(net.act(net.bn1(net.conv1(image))))
        first = net.layer1(stem)
        second = net.layer2(first)
        third = net.layer3(second)
        fourth = net.layer4(third)
        logit = net.fc(net.avgpool(fourth).flatten(1))
        return NetworkOutput(logit, [first, second, third, fourth])
