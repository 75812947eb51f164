"""Reductions over processes: what each does, and that one process needs none."""

import pytest
import torch
from several_processes import run_ranks
from tiny_training import make_tiny_networks, make_trainer, slice_data, slice_loader
from torch import distributed, nn

from taskgan_ext.data.epoch_sampler import EpochSampler
from taskgan_ext.engines.distributed import (
    any_process,
    average,
    average_buffers,
    average_gradients,
    broadcast,
    gather,
    is_parallel,
    share_of_batch,
    weight_of_share,
)
from taskgan_ext.engines.update import refuse_non_finite
from taskgan_ext.errors import CheckpointError, NonFiniteLossError
from taskgan_ext.handlers.training_checkpoint import TrainingCheckpoint

pytestmark = pytest.mark.skipif(not distributed.is_gloo_available(), reason="torch was built without gloo")


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


def folder_of_one_computer(folder):
    """Rank 1 does not see the checkpoint that rank 0 continues from."""
    network = make_tiny_networks().generator
    own = folder if distributed.get_rank() == 0 else folder / "elsewhere"
    checkpoint = TrainingCheckpoint(own / "state.pt", {"network": network}, {})
    trainer = make_trainer(make_tiny_networks(), slice_loader(slice_data(), num_samples=8))
    return _message(CheckpointError, checkpoint.restore, trainer)


def non_finite(loss, norm, case):
    """Message of a step in which rank 1 has this loss, and all have this norm."""
    rank = distributed.get_rank()
    values = {"loss": torch.tensor(loss if rank == 1 else 0.5), "gradient norm": torch.tensor(norm)}
    return _message(
        NonFiniteLossError, refuse_non_finite, values, "epoch 1", {"case": [f"{case} of rank {rank}"]}
    )


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
        "parallel": (is_parallel(), share_of_batch(6)),
        "odd_batch": _message(ValueError, share_of_batch, 7),
        "weights": [float(weight_of_share(size, "cpu")) for size in (4, 3 - rank)],
        "any": [any_process(torch.tensor(flag)) for flag in (False, rank == 1, True)],
        "gather": gather(f"rank {rank}"),
        "average": tensors,
        "averaged": averaged,
        "broadcast": dict(network.state_dict()),
        "samples": [index.sample for index in sampler],
        "non_finite": [
            non_finite(1.0, 2.0, "good"),
            non_finite(float("nan"), float("nan"), "bad"),
            non_finite(1.0, float("inf"), "steep"),
        ],
        "checkpoint": save_checkpoint(folder),
        "other_folder": folder_of_one_computer(folder),
    }


def _message(kind, function, *arguments):
    try:
        return str(function(*arguments))
    except kind as error:
        return str(error)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    return run_ranks(work, folder, folder)


def test_average_and_broadcast_reach_every_rank(ranks):
    for rank in ranks:
        assert torch.equal(rank["average"][0], torch.full((2, 3), 0.5))
        assert torch.equal(rank["average"][1], torch.tensor([0.0, 0.5]))
        assert [float(value) for value in rank["averaged"]] == [1.0, 2.0]
        assert float(rank["broadcast"]["0.weight"]) == 0.0
        assert int(rank["broadcast"]["1.num_batches_tracked"]) == 5


def test_ranks_know_their_place_and_one_another(ranks):
    assert [rank["parallel"] for rank in ranks] == [(True, 3), (True, 3)]
    assert all("2 processes can share evenly, got 7" in rank["odd_batch"] for rank in ranks)
    assert [rank["any"] for rank in ranks] == [[False, True, True]] * 2
    assert [rank["gather"] for rank in ranks] == [["rank 0", "rank 1"]] * 2


def test_share_counts_by_its_samples_and_an_even_one_by_exactly_one(ranks):
    assert [rank["weights"][0] for rank in ranks] == [1.0, 1.0]
    assert [rank["weights"][1] for rank in ranks] == pytest.approx([6 / 5, 4 / 5])


def test_ranks_together_draw_what_one_process_draws_but_for_a_rest_that_is_too_small(ranks):
    sampler = EpochSampler(range(11), num_samples=7)
    sampler.set_epoch(3)
    alone = [index.sample for index in sampler]
    together = [sample for pair in zip(*(rank["samples"] for rank in ranks), strict=True) for sample in pair]
    assert together == alone[:6]


def test_all_ranks_name_the_cases_of_the_one_whose_loss_is_not_finite(ranks):
    good, bad, steep = ranks[0]["non_finite"]
    assert ranks[1]["non_finite"] == [good, bad, steep]
    assert good == "None"
    assert "loss = nan" in bad
    assert "cases: bad of rank 1. " in bad
    assert "gradient norm = inf" in steep
    assert "cases: steep of rank 0, steep of rank 1. " in steep


def test_resumed_run_gives_each_rank_its_own_random_state(ranks):
    assert all(same for same, _ in (rank["checkpoint"] for rank in ranks))
    assert not torch.equal(ranks[0]["checkpoint"][1], ranks[1]["checkpoint"][1])


def test_ranks_that_do_not_see_the_same_checkpoint_are_refused(ranks):
    for rank in ranks:
        assert (
            "found the epochs 1, 0 by rank; the folder must be one that all computers share"
            in (rank["other_folder"])
        )


def test_one_process_is_its_own_group():
    tensor = torch.ones(2)
    average([tensor])
    assert torch.equal(tensor, torch.ones(2))
    assert (is_parallel(), share_of_batch(7), weight_of_share(7, "cpu")) == (False, 7, None)
    assert (any_process(torch.tensor(True)), gather(3)) == (True, [3])
