"""The discriminator's own loss."""

from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from taskgan_ext.errors import ConfigError
from taskgan_ext.losses.precision import full_precision

DiscriminatorLossKind = Literal["bce", "lsgan", "hinge"]


def discriminator_loss(
    real_logit: Tensor, restored_logit: Tensor, kind: DiscriminatorLossKind = "bce"
) -> Tensor:
    """Reward D for telling real from restored images, ``BCE(D(x), 1) + BCE(D(x^), 0)``.

    Deviation: read literally, eq. 4 of Task-GAN would train all networks on eq. 2, under which D's features
    would collapse; D plays the game of Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, and G
    answers with eq. 2 alone. The two means are added, not averaged (pix2pix halves the sum).

    Args:
        real_logit: D(x) before the sigmoid, any shape that starts with the batch.
        restored_logit: D(x^), of images detached from G unless G's gradient is wanted.
        kind: ``"bce"``; ``"lsgan"``, squared distance to 1 and 0 (Mao et al., ICCV 2017); or ``"hinge"``,
            distance to the margins 1 and -1 (Lim and Ye, arXiv:1705.02894).

    Returns:
        A scalar; for an undecided D 2 log 2 (bce, logits 0), 1/2 (lsgan, logits 1/2) or 2 (hinge, logits 0).

    Raises:
        ConfigError: ``kind`` is unknown.
    """
    real, restored = full_precision(real_logit), full_precision(restored_logit)
    match kind:
        case "bce":
            return softplus(-real).mean() + softplus(restored).mean()
        case "lsgan":
            return (real - 1).square().mean() + restored.square().mean()
        case "hinge":
            return relu(1 - real).mean() + relu(1 + restored).mean()
    raise ConfigError(_unknown_kind(kind))


class DiscriminatorLoss(torch.nn.Module):
    """:func:`discriminator_loss` of one kind.

    Args:
        kind: ``"bce"``, ``"lsgan"`` or ``"hinge"``.

    Raises:
        ConfigError: ``kind`` is unknown.
    """

    def __init__(self, kind: DiscriminatorLossKind = "bce") -> None:
        super().__init__()
        if kind not in get_args(DiscriminatorLossKind):
            raise ConfigError(_unknown_kind(kind))
        self.kind: DiscriminatorLossKind = kind

    def forward(self, real_logit: Tensor, restored_logit: Tensor) -> Tensor:
        """Compute the loss for the logits D(x) and D(x^)."""
        return discriminator_loss(real_logit, restored_logit, self.kind)


def _unknown_kind(kind: object) -> str:
    return f"kind: expected one of {', '.join(map(repr, get_args(DiscriminatorLossKind)))}, got {kind!r}"
