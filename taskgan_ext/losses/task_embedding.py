"""Eq. 3 on embeddings: T takes the restored face for the face of the target."""

from torch import Tensor

from taskgan_ext.data.embedding import HasFeatures, embedding_of


def task_embedding_loss(restored: HasFeatures, reference: HasFeatures) -> Tensor:
    r"""Eq. 3 on embeddings, ``|| e(x^) - e(x) ||^2`` with ``|| e || = 1``, a variant that the paper lacks.

    The paper verifies faces by this distance. Unlike the probabilities of the identities that T learnt from,
    it tells apart any two people, also those of whom there is one image, and it needs no property. Each
    restored image is paired with its own target, whose embedding is detached.

    The norm is the sum over the elements of the embedding, not their mean: two minus twice the cosine,
    whatever the length of the embedding; 2 for embeddings at right angles.

    Args:
        restored: T(x^).
        reference: T(x), the same shapes.

    Returns:
        The mean over the batch, a scalar from 0 to 4.

    Raises:
        ValueError: the shapes differ.
    """
    found, wanted = embedding_of(restored), embedding_of(reference).detach()
    if found.shape != wanted.shape:
        raise ValueError(
            f"task loss on embeddings: expected one shape, got {tuple(found.shape)} of the restored and "
            f"{tuple(wanted.shape)} of the reference images"
        )
    return (found - wanted).square().sum(dim=1).mean()
