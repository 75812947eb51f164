"""What the discriminator and the task networks return."""

from typing import NamedTuple

from torch import Tensor


class NetworkOutput(NamedTuple):
    """A decision together with the inner activations that led to it, from one pass.

    The feature losses (eq. 2, and eq. 3 on features) and the decision losses then share the pass. TorchScript
    accepts the type.
    """

    logit: Tensor
    """Decision before the sigmoid or softmax, shape ``(B, K)``."""
    features: list[Tensor]
    """Activations from shallow to deep, each of shape ``(B, C, ...)``."""


class SegmentingOutput(NamedTuple):
    """What a task network returns that may also segment; otherwise a :class:`NetworkOutput`."""

    logit: Tensor
    """Decision before the softmax, shape ``(B, K)``."""
    features: list[Tensor]
    """Activations from shallow to deep, each of shape ``(B, C, ...)``."""
    segmentation: Tensor
    """Decision for every pixel before the sigmoid, shape ``(B, 1, ...)``; empty where it does not segment."""
