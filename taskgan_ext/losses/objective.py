"""Eq. 4: what the generator minimises."""

import math
from dataclasses import dataclass

from torch import Tensor

from taskgan_ext.errors import ConfigError
from taskgan_ext.keys import LOSS_GAN, LOSS_PIXEL, LOSS_TASK


@dataclass(frozen=True)
class TaskGANObjective:
    """Eq. 4 of Task-GAN, ``L = L_pixel + lambda L_GAN + mu L_task``, minimised over G.

    All terms are means, so the weights depend neither on the image size nor on the batch size; the paper
    names no values. D and T do not minimise it: each has its own loss (see
    :func:`~taskgan_ext.losses.adversarial.discriminator_loss`).

    Attributes:
        lambda_gan: lambda; 0 trains without D.
        mu_task: mu; 0 trains without T, the paper's "GAN without Task-net".
        pixel_weight: weight of the pixel loss, 1 in the paper.

    Raises:
        ConfigError: a weight is negative or not finite.
    """

    lambda_gan: float
    mu_task: float
    pixel_weight: float = 1.0

    def __post_init__(self) -> None:
        for name in ("lambda_gan", "mu_task", "pixel_weight"):
            weight = getattr(self, name)
            if not 0 <= weight < math.inf:
                raise ConfigError(f"{name}: expected a finite weight of at least 0, got {weight}")

    @property
    def uses_discriminator(self) -> bool:
        """Whether G needs D: lambda is positive."""
        return self.lambda_gan > 0

    @property
    def uses_task_network(self) -> bool:
        """Whether G needs T: mu is positive."""
        return self.mu_task > 0

    def __call__(
        self, loss_pixel: Tensor, loss_gan: Tensor | None = None, loss_task: Tensor | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Weigh the terms of a batch.

        Args:
            loss_pixel: eq. 1, a scalar.
            loss_gan: eq. 2, a scalar; may be missing if lambda is 0.
            loss_task: eq. 3, a scalar; may be missing if mu is 0.

        Returns:
            The total with gradient, and the given terms by their names in :mod:`taskgan_ext.keys`, without
            weight and gradient. A term of weight 0 is reported and not added, so it cannot spoil the total.

        Raises:
            ValueError: a term of positive weight is missing.
        """
        weighted = (
            (LOSS_PIXEL, self.pixel_weight, loss_pixel),
            (LOSS_GAN, self.lambda_gan, loss_gan),
            (LOSS_TASK, self.mu_task, loss_task),
        )
        total = loss_pixel.new_zeros(())
        terms: dict[str, Tensor] = {}
        for name, weight, term in weighted:
            if term is None:
                if weight > 0:
                    raise ValueError(f"objective: expected {name}, since its weight is {weight}, got None")
                continue
            terms[name] = term.detach()
            if weight > 0:
                total = total + weight * term
        return total, terms
