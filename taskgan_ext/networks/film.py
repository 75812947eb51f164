"""Feature-wise linear modulation: what a network is asked for scales and shifts its features."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from taskgan_ext.networks.initialisation import draw_normal


class FiLM(nn.Module):
    """Turn a condition into a scale and a shift for every channel of several levels of a network.

    Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", AAAI 2018. A linear layer embeds
    the condition (for a one-hot class that is a learned vector per class), SiLU lets its parts interact, and
    one linear layer per level makes scale and shift from the embedding. Those start at zero, so that the
    modulation starts as the identity, and the embedding starts at order one, so that they move from there at
    the pace of the optimiser.

    Args:
        condition_size: numbers that describe the condition, of order one.
        channels: channels of each modulated level.
        embedding_size: width of the embedding.
    """

    def __init__(self, condition_size: int, channels: Sequence[int], embedding_size: int = 32) -> None:
        super().__init__()
        self.embedding = nn.Linear(condition_size, embedding_size)
        self.activation = nn.SiLU()
        self.levels = nn.ModuleList(nn.Linear(embedding_size, 2 * width) for width in channels)
        self.draw_start(torch.default_generator)

    def draw_start(self, generator: torch.Generator) -> None:
        """Start as the identity; see :func:`~taskgan_ext.networks.initialisation.initialise`.

        Args:
            generator: draws the embedding.
        """
        draw_normal(self.embedding.weight, 0.0, 1.0, generator)
        nn.init.zeros_(self.embedding.bias)
        for parameter in self.levels.parameters():
            nn.init.zeros_(parameter)

    def forward(self, condition: Tensor) -> list[Tensor]:
        """Compute the modulation of a batch.

        Args:
            condition: shape ``(B, condition_size)``.

        Returns:
            For each level the scales, less one, and then the shifts of its channels, shape
            ``(B, 2 * channels)``.
        """
        embedding = self.activation(self.embedding(condition))
        return [level(embedding) for level in self.levels]


def modulate(features: Tensor, modulation: Tensor) -> Tensor:
    """Scale and shift the channels of each image.

    Args:
        features: shape ``(B, C, ...)``.
        modulation: scales, less one, and then shifts, shape ``(B, 2 * C)``.

    Returns:
        ``(1 + scale) * features + shift``.
    """
    scale, shift = modulation.reshape(modulation.shape + (1,) * (features.ndim - 2)).chunk(2, dim=1)
    return (1 + scale) * features + shift
