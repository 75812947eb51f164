"""Two processes train like one with the whole batch."""

import pytest
import torch
from several_processes import NUM_RANKS, run_ranks
from tiny_training import make_tiny_networks, make_trainer, slice_data, slice_loader, step_losses
from torch import distributed, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from taskgan_ext.data.epoch_sampler import EpochSampler
from taskgan_ext.engines.distributed import (
    average,
    average_buffers,
    average_gradients,
    broadcast,
    is_parallel,
    local_device,
    share_of_batch,
)
from taskgan_ext.engines.task_network_trainer import TaskNetworkTrainer
from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint
from taskgan_ext.losses.feature_matching import FeatureMatchingLoss

GLOBAL_BATCH = 8
NUM_STEPS = 3
NORMS = ("none", "instance")

pytestmark = pytest.mark.skipif(not distributed.is_gloo_available(), reason="torch was built without gloo")


def train(norm):
    """Weights of G and D after three steps on the same global batches, and the losses of the epoch."""
    data = slice_data(dtype=torch.float64)
    # Every process starts from weights of its own; the trainer must give all those of rank 0.
    networks = make_tiny_networks(
        seed=10 * distributed.get_rank() if is_parallel() else 0, dtype=torch.float64, norm=norm
    )
    loader = slice_loader(data, share_of_batch(GLOBAL_BATCH), num_samples=NUM_STEPS * GLOBAL_BATCH)
    losses = step_losses(matching=FeatureMatchingLoss(layers=(1,), per="batch"))
    trainer = make_trainer(networks, loader, losses, max_gradient_norm=0.5)
    trainer.run()
    return {
        "weights": [list(network.state_dict().values()) for network in networks],
        "metrics": dict(trainer.state.metrics),
    }


def train_task_network():
    """Weights and statistics of T, which has batch normalisation, after an epoch."""
    network = make_tiny_networks().task_network
    loader = slice_loader(slice_data(), share_of_batch(GLOBAL_BATCH))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    TaskNetworkTrainer("cpu", 1, loader, network, optimizer).run()
    return dict(network.state_dict())


def train_average():
    """Running average of a G with batch normalisation after an epoch."""
    networks = make_tiny_networks(norm="batch")
    average_network = AveragedModel(
        networks.generator, multi_avg_fn=get_ema_multi_avg_fn(0.5), use_buffers=True
    )
    loader = slice_loader(slice_data(), share_of_batch(GLOBAL_BATCH))
    make_trainer(networks, loader, ema=average_network).run()
    return dict(average_network.module.state_dict())


def save_checkpoint(folder):
    """Resume of a run of two processes: the generators of each rank come back."""
    networks = make_tiny_networks(dropout=0.5)
    torch.manual_seed(distributed.get_rank())

    def checkpoint():
        state = {"network": networks.generator}
        return TrainingCheckpoint(folder / "state.pt", state, {"model": networks.generator})

    data = slice_data()
    make_trainer(networks, slice_loader(data, num_samples=8), handlers=[checkpoint()]).run()
    wanted = torch.rand(3)
    distributed.barrier()
    make_trainer(networks, slice_loader(data, num_samples=8), handlers=[checkpoint()]).run()
    return torch.equal(torch.rand(3), wanted), wanted


def work(folder):
    """Everything that a rank must do; one start of two processes serves all tests."""
    rank = distributed.get_rank()
    tensors = [torch.full((2, 3), float(rank)), torch.arange(2.0) * rank]
    average(tensors)
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    nn.init.constant_(network[0].weight, float(rank))
    network[1].running_mean.fill_(4.0 * rank)
    network[1].num_batches_tracked.fill_(rank + 5)
    network[0].weight.grad = torch.full((1, 1), 2.0 * rank)
    average_gradients(network)
    average_buffers(network)
    averaged = [network[0].weight.grad.clone(), network[1].running_mean.clone()]
    broadcast(network)
    sampler = EpochSampler(range(11), num_samples=7)
    sampler.set_epoch(3)
    return {
        "parallel": (is_parallel(), local_device().type, share_of_batch(6)),
        "odd_batch": _message(share_of_batch, 7),
        "average": tensors,
        "averaged": averaged,
        "broadcast": dict(network.state_dict()),
        "samples": [index.sample for index in sampler],
        "train": {norm: train(norm) for norm in NORMS},
        "task": train_task_network(),
        "ema": train_average(),
        "checkpoint": save_checkpoint(folder),
    }


def _message(function, argument):
    try:
        return str(function(argument))
    except ValueError as error:
        return str(error)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    return run_ranks(work, folder, folder)


@pytest.mark.parametrize("norm", NORMS)
def test_weights_after_three_steps_equal_those_of_one_process(ranks, norm):
    alone = train(norm)
    for rank in ranks:
        for found, wanted in zip(rank["train"][norm]["weights"], alone["weights"], strict=True):
            for one, other in zip(found, wanted, strict=True):
                torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("norm", NORMS)
def test_losses_of_the_epoch_equal_those_of_one_process(ranks, norm):
    alone = train(norm)["metrics"]
    for rank in ranks:
        assert rank["train"][norm]["metrics"] == pytest.approx(alone, rel=1e-6)


@pytest.mark.parametrize("network", ["task", "ema"])
def test_ranks_end_an_epoch_with_the_same_weights_and_statistics(ranks, network):
    for name, value in ranks[0][network].items():
        torch.testing.assert_close(ranks[1][network][name], value, rtol=0, atol=0, msg=name)


def test_average_and_broadcast_reach_every_rank(ranks):
    for rank in ranks:
        assert torch.equal(rank["average"][0], torch.full((2, 3), 0.5))
        assert torch.equal(rank["average"][1], torch.tensor([0.0, 0.5]))
        assert [float(value) for value in rank["averaged"]] == [1.0, 2.0]
        assert float(rank["broadcast"]["0.weight"]) == 0.0
        assert int(rank["broadcast"]["1.num_batches_tracked"]) == 5


def test_ranks_know_their_place(ranks):
    assert [rank["parallel"] for rank in ranks] == [(True, "cpu", 3), (True, "cpu", 3)]
    assert all("2 processes can share evenly, got 7" in rank["odd_batch"] for rank in ranks)


def test_ranks_together_draw_what_one_process_draws(ranks):
    sampler = EpochSampler(range(11), num_samples=7)
    sampler.set_epoch(3)
    alone = [index.sample for index in sampler]
    together = [sample for pair in zip(*(rank["samples"] for rank in ranks), strict=True) for sample in pair]
    assert together[:7] == alone
    assert together[7:] == alone[:1]
    assert len(ranks) == NUM_RANKS


def test_resumed_run_gives_each_rank_its_own_random_state(ranks):
    assert all(same for same, _ in (rank["checkpoint"] for rank in ranks))
    assert not torch.equal(ranks[0]["checkpoint"][1], ranks[1]["checkpoint"][1])


def test_one_process_is_its_own_group():
    tensor = torch.ones(2)
    average([tensor])
    assert torch.equal(tensor, torch.ones(2))
    assert (is_parallel(), share_of_batch(7)) == (False, 7)
