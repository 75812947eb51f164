"""Eq. 2: the restored images look to the discriminator as real ones do."""

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from taskgan_ext.errors import ConfigError
from taskgan_ext.losses.global_batch import global_batch_mean
from taskgan_ext.losses.precision import full_precision

MatchPer = Literal["batch", "sample"]


def feature_matching_loss(
    real_features: Sequence[Tensor],
    restored_features: Sequence[Tensor],
    per: MatchPer = "batch",
    layers: Sequence[int] = (2,),
) -> Tensor:
    r"""Eq. 2 of Task-GAN, ``L_GAN = || E_x f(x) - E_x~ f(G(x~)) ||^2``, averaged over features and layers.

    The features are the elements of an activation map, so the norm is the mean over channels and positions;
    lambda of eq. 4 then depends neither on the image size nor on the width of the layer (a deviation: the
    paper's norm is a sum).

    The paper takes expectations, which a batch estimates by its mean: ``per="batch"`` matches the mean
    activations, over all processes if there are several. With one image per batch that compares each restored
    image with its own target; ``per="sample"`` does so for any batch, ``mean_b || f(x_b) - f(x^_b) ||^2``,
    and constrains more.

    Eq. 2 moves only G. The real features are detached, and D learns from its own loss
    (:func:`~taskgan_ext.losses.adversarial.discriminator_loss`), since a D that minimised eq. 2 would let f
    collapse.

    Args:
        real_features: f(x), activations of D, each of shape ``(B, C, ...)``.
        restored_features: f(x^), the same shapes.
        per: ``"batch"`` or ``"sample"``.
        layers: which activations to match; 2 is the third, negative numbers count from the deepest.

    Returns:
        A scalar, zero if the (mean) activations agree.

    Raises:
        ConfigError: ``per`` is unknown, or a layer does not exist.
        ValueError: the shapes of real and restored features differ.
    """
    _check_match(per, layers)
    terms = []
    for layer in layers:
        real, restored = _layer(real_features, layer), _layer(restored_features, layer)
        if real.shape != restored.shape:
            raise ValueError(
                f"feature matching: expected features of one shape in layer {layer}, "
                f"got {tuple(real.shape)} real and {tuple(restored.shape)} restored"
            )
        # The difference of the means is the mean of the differences.
        difference = full_precision(restored) - full_precision(real.detach())
        if per == "batch":
            difference = global_batch_mean(difference)
        terms.append(difference.square().mean())
    return torch.stack(terms).mean()


class FeatureMatchingLoss(torch.nn.Module):
    """:func:`feature_matching_loss` with its layers.

    Args:
        layers: which activations of D to match.
        per: match ``"batch"`` means (the paper) or each ``"sample"``.

    Raises:
        ConfigError: ``per`` is unknown or there are no layers.
    """

    def __init__(self, layers: Sequence[int] = (2,), per: MatchPer = "batch") -> None:
        super().__init__()
        _check_match(per, layers)
        self.layers = tuple(layers)
        self.per: MatchPer = per

    def forward(self, real_features: Sequence[Tensor], restored_features: Sequence[Tensor]) -> Tensor:
        """Compute eq. 2 for the activations f(x) and f(x^) of one pass each."""
        return feature_matching_loss(real_features, restored_features, self.per, self.layers)


def _check_match(per: str, layers: Sequence[int]) -> None:
    if per not in get_args(MatchPer):
        raise ConfigError(f"per: expected 'batch' or 'sample', got {per!r}")
    if not layers:
        raise ConfigError("layers: expected at least one layer to match, got none")


def _layer(features: Sequence[Tensor], layer: int) -> Tensor:
    if not -len(features) <= layer < len(features):
        raise ConfigError(f"layers: expected layers of a network that shows {len(features)}, got {layer}")
    return features[layer]
