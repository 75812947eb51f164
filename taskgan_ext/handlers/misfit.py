"""Say in a few words how the weights of a file differ from those that a network has."""

from collections.abc import Mapping

from torch import Tensor, nn


def describe_misfit(network: nn.Module, weights: Mapping[str, Tensor]) -> str:
    """Compare names and shapes.

    Args:
        network: that the weights should fit.
        weights: a state dict of tensors.

    Returns:
        How many tensors differ, which is the first, and what that means most often; empty where all fit.
    """
    own = {name: tensor.shape for name, tensor in network.state_dict().items() if isinstance(tensor, Tensor)}
    found = {name: tensor.shape for name, tensor in weights.items() if isinstance(tensor, Tensor)}
    wrong = [name for name in {**own, **found} if own.get(name) != found.get(name)]
    if not wrong:
        return ""
    first = wrong[0]
    return (
        f"{len(wrong)} of {len(own)} tensors differ, first {first}: expected {_shape(own, first)}, found "
        f"{_shape(found, first)}; they are of another network definition, or of another bundle"
    )


def _shape(shapes: Mapping[str, tuple[int, ...]], name: str) -> str:
    return f"({', '.join(map(str, shapes[name]))})" if name in shapes else "none"
