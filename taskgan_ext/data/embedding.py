"""The vector that stands for a face, the same in losses and in measures."""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import normalize


class HasFeatures(Protocol):
    """What a network returns that shows its activations."""

    @property
    def features(self) -> list[Tensor]:
        """Activations from shallow to deep, each of shape ``(B, C, ...)``."""


def embedding_of(output: HasFeatures) -> Tensor:
    """Take the embedding of each image: the last features, averaged over the image, at length one.

    VGG-Face compares its fc7 in this way (Parkhi, Vedaldi and Zisserman, "Deep Face Recognition", BMVC 2015).
    The squared Euclidean distance of two embeddings is twice one minus their cosine, from 0 to 4.

    Args:
        output: of a task network or a judge; its last features have shape ``(B, E)`` or ``(B, E, ...)``.

    Returns:
        Vectors of length one, shape ``(B, E)``, in at least float32, in the graph of the features; zeros
        where all features are zero.
    """
    features = output.features[-1]
    values = features.to(torch.promote_types(features.dtype, torch.float32))
    if values.ndim > 2:
        values = values.flatten(2).mean(dim=2)
    return normalize(values, dim=1)
