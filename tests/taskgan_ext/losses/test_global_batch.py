"""Two processes must train like one with the whole batch."""

from pathlib import Path

import pytest
import torch
from torch import distributed, multiprocessing

from taskgan_ext.losses.feature_matching import feature_matching_loss
from taskgan_ext.losses.global_batch import global_batch_mean

WORLD_SIZE = 2
PARTS = (slice(0, 3), slice(3, 5))  # batches of different sizes


def loss_and_gradient(part: slice) -> tuple[torch.Tensor, torch.Tensor]:
    """Matching loss of a part of a fixed batch, and the gradient of the parameter that restored it."""
    generator = torch.Generator().manual_seed(0)
    real, degraded = torch.randn(2, 5, 3, 4, generator=generator, dtype=torch.float64)
    parameter = torch.linspace(0.5, 1.5, 4, dtype=torch.float64).requires_grad_()
    loss = feature_matching_loss([real[part]], [torch.tanh(degraded[part] * parameter)], "batch", [0])
    loss.backward()
    assert parameter.grad is not None
    return loss.detach(), parameter.grad


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=WORLD_SIZE
    )
    loss, gradient = loss_and_gradient(PARTS[rank])
    distributed.all_reduce(gradient)
    torch.save(
        (loss, gradient / WORLD_SIZE), f"{folder}/{rank}.pt"
    )  # the mean, as DistributedDataParallel forms it
    distributed.destroy_process_group()


@pytest.mark.skipif(not distributed.is_gloo_available(), reason="torch was built without gloo")
def test_batch_matching_of_two_processes_equals_that_of_one(tmp_path: Path) -> None:
    loss, gradient = loss_and_gradient(slice(None))
    multiprocessing.spawn(work, args=(str(tmp_path),), nprocs=WORLD_SIZE)
    for rank in range(WORLD_SIZE):
        found_loss, found_gradient = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(found_loss, loss)
        torch.testing.assert_close(found_gradient, gradient)


def test_one_process_averages_its_own_batch() -> None:
    values = torch.arange(6.0).reshape(3, 2)
    assert torch.equal(global_batch_mean(values), torch.tensor([2.0, 3.0]))
