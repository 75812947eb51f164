"""Apply gradients, and stop a run whose numbers are not finite before it spoils the weights."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from taskgan_ext.engines.distributed import any_process, average_gradients, gather
from taskgan_ext.engines.prepare_batch import case_names
from taskgan_ext.errors import NonFiniteLossError
from taskgan_ext.keys import LOSS


def apply_gradients(network: nn.Module, optimizer: Optimizer, max_norm: float | None) -> Tensor:
    """Average the gradients over the processes and clip them; the caller steps if the norm is finite.

    Args:
        network: its gradients are changed in place.
        optimizer: holds the parameters that are trained.
        max_norm: largest Euclidean norm of all gradients together; ``None`` does not clip.

    Returns:
        The norm before clipping, a scalar.
    """
    average_gradients(network)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    return nn.utils.clip_grad_norm_(parameters, float("inf") if max_norm is None else max_norm)


def refuse_non_finite(values: Mapping[str, Tensor], where: str, batch: Mapping[str, Any]) -> None:
    """Stop the run when a loss or a gradient norm is NaN or infinite, in any process.

    All processes raise the same error; its cases are those of the processes that met such a loss.

    Args:
        values: named scalars.
        where: epoch and iteration, for the message.
        batch: the batch, for the names of its cases.

    Raises:
        NonFiniteLossError: names the values, the place and the cases.
    """
    values = {name: value.detach() for name, value in values.items()}
    finite = torch.isfinite(torch.stack([value.float() for value in values.values()])).all()
    if not any_process(~finite):
        return
    own = {name: float(value) for name, value in values.items() if not torch.isfinite(value)}
    found = gather((own, case_names(batch)))
    # Averaged gradients are spoilt everywhere; the losses tell where it began.
    guilty = [each for each in found if any(name.startswith(LOSS) for name in each[0])] or found
    bad = ", ".join(f"{name} = {value}" for name, value in guilty[0][0].items())
    cases = ", ".join(case for _, names in guilty for case in names)
    raise NonFiniteLossError(
        f"{where}: expected finite losses, got {bad}; cases: {cases or 'unnamed'}. "
        "The weights of the last checkpoint are unharmed. Look at these images, or lower the learning rate"
    )
