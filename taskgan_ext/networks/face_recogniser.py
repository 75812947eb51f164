"""A small network that recognises faces, for a T that is trained on the identities at hand."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import linear, normalize

from taskgan_ext.errors import ConfigError
from taskgan_ext.networks.constructor_settings import require_widths
from taskgan_ext.networks.image_size import require_minimum_size
from taskgan_ext.networks.network_output import NetworkOutput


class FaceRecogniser(nn.Module):
    """Recognise who an image shows, ``T(x)``, by the angle between embeddings.

    VGG-Face in small, for cohorts without published weights: stages of one 3x3 convolution, batch
    normalisation, ReLU and 2x2 max pooling, one fully connected layer and 128 numbers that stand for a face.
    The logits are ``scale`` times the cosine between the embedding and a learned direction for each identity
    (Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition", CVPR 2018), so that what is
    learnt is what :func:`~taskgan_ext.data.embedding.embedding_of` compares. Train it by
    :func:`~taskgan_ext.losses.task_regression.task_cross_entropy_loss` with a margin. It has 228,776
    parameters for one channel, and 128 more for each identity.

    It normalises over the batch: a T that is frozen while G trains must be in ``eval()``, or the restored
    images would shift its statistics.

    Args:
        in_channels: 1 for grey, 3 for RGB.
        num_outputs: number of identities to learn from; weights that are loaded bring their own.
        channels: width of each stage; an axis of the image is at least ``2 ** len(channels)`` long. Four
            stages suit images of 64 x 64.
        map_size: rows and columns that the last map is averaged down to. Where in the face something is,
            matters; from a finer map, places are learnt by heart, and people in photographs told apart less
            well after training on simulated ones.
        embedding_size: length of the embedding.
        scale: factor of the cosine; a softmax over K identities cannot be sure of one by cosines alone.

    Raises:
        ConfigError: a setting is out of its range.
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_outputs: int = 1,
        channels: Sequence[int] = (24, 48, 96, 128),
        map_size: int = 2,
        embedding_size: int = 128,
        scale: float = 16.0,
    ) -> None:
        super().__init__()
        widths = require_widths("channels", channels)
        if map_size < 1:
            raise ConfigError(f"map_size: expected at least 1, got {map_size}")
        if not scale > 0:
            raise ConfigError(f"scale: expected a factor above 0, got {scale}")
        self.scale = scale
        self.minimum_size = 2 ** len(widths)
        self.stages = nn.ModuleList(
            _stage(before, width) for before, width in zip((in_channels, *widths), widths, strict=False)
        )
        self.stages.append(
            nn.Sequential(
                OrderedDict(
                    map=nn.AdaptiveAvgPool2d(map_size),
                    flatten=nn.Flatten(),
                    fc=nn.Linear(widths[-1] * map_size**2, embedding_size, bias=False),
                    # Centres the embeddings: the angle between vectors of positive numbers says little.
                    norm=nn.BatchNorm1d(embedding_size, affine=False),
                )
            )
        )
        self.identities = nn.Linear(embedding_size, num_outputs, bias=False)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:  # noqa: ANN401  # nn.Module's signature
        """Take as many identities as the weights have: whom T has learnt is a matter of its own training."""
        found = state_dict.get(f"{prefix}identities.weight")
        if found is not None and found.shape[1:] == self.identities.weight.shape[1:]:
            # In place, so that an optimiser that holds the parameter goes on doing so.
            self.identities.weight.data = self.identities.weight.data.new_zeros(found.shape)
            self.identities.out_features = len(found)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, image: Tensor) -> NetworkOutput:
        """Recognise a batch of faces.

        Args:
            image: in [0, 1], shape ``(B, in_channels, H, W)``.

        Returns:
            The logits, from minus to plus ``scale``, shape ``(B, num_outputs)``, the maps of the stages after
            pooling, and the embedding before normalisation to length one, shape ``(B, embedding_size)``.

        Raises:
            ValueError: a spatial axis is shorter than ``2 ** len(channels)``.
        """
        require_minimum_size(image, self.minimum_size)
        features: list[Tensor] = []
        activation = image
        for stage in self.stages:
            activation = stage(activation)
            features.append(activation)
        cosine = linear(normalize(activation), normalize(self.identities.weight))
        return NetworkOutput(self.scale * cosine, features)


def _stage(before: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(before, width, kernel_size=3, padding=1, bias=False),
            norm=nn.BatchNorm2d(width),
            relu=nn.ReLU(),
            pool=nn.MaxPool2d(2),
        )
    )
