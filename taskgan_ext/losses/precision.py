"""The precision in which losses are formed."""

import torch
from torch import Tensor


def full_precision(values: Tensor) -> Tensor:
    """Lift half-precision values to float32; float32 and float64 stay as they are.

    Differences of activations are small against the activations and would be lost in half precision.

    Args:
        values: any floating tensor.

    Returns:
        The values in at least float32, in the same graph.
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))
