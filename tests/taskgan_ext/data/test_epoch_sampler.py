"""The order of the samples is a function of seed and epoch, whatever process asks for it."""

import itertools

import pytest
import torch
import torch.distributed as dist
from monai.data import DataLoader
from monai.engines import Trainer
from torch.utils.data import BatchSampler, Dataset

from taskgan_ext.data.epoch_sampler import EpochIndex, EpochSampler
from taskgan_ext.errors import DataError


def drawn(sampler, epoch):
    sampler.set_epoch(epoch)
    indices = list(sampler)
    assert len(indices) == len(sampler)
    assert all(isinstance(index, EpochIndex) and index.epoch == epoch for index in indices)
    return [index.sample for index in indices]


def samplers_of_ranks(num_replicas, monkeypatch, *arguments, **settings):
    """The samplers of all processes of a group; ``test_many_processes`` asks real processes."""
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: num_replicas)
    found = []
    for rank in range(num_replicas):
        monkeypatch.setattr(dist, "get_rank", lambda rank=rank: rank)
        found.append(EpochSampler(*arguments, **settings))
    monkeypatch.undo()
    return found


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_every_epoch_is_a_permutation(epoch):
    assert sorted(drawn(EpochSampler(range(50)), epoch)) == list(range(50))


def test_order_is_a_function_of_seed_and_epoch():
    orders = {
        (seed, epoch): tuple(drawn(EpochSampler(range(50), seed=seed), epoch))
        for seed in (0, 1)
        for epoch in (1, 2, 3)
    }
    assert len(set(orders.values())) == 6
    later = EpochSampler(range(50), seed=1)
    drawn(later, 1)
    torch.manual_seed(5)
    assert tuple(drawn(later, 3)) == orders[1, 3]


def test_unshuffled_order_is_that_of_the_data():
    assert drawn(EpochSampler(range(5), shuffle=False), 3) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("num_replicas", [2, 3, 4])
@pytest.mark.parametrize("num_samples", range(4, 40))
def test_batches_of_the_ranks_together_are_those_of_one_process(num_samples, num_replicas, monkeypatch):
    settings = {"num_samples": num_samples, "batch_size": 12}
    alone = list(BatchSampler(drawn(EpochSampler(range(50), **settings), 2), 12, drop_last=False))
    parts = [
        list(BatchSampler(drawn(sampler, 2), 12 // num_replicas, drop_last=False))
        for sampler in samplers_of_ranks(num_replicas, monkeypatch, range(50), **settings)
    ]
    if num_samples > 12 and len(alone[-1]) < num_replicas:
        alone = alone[:-1]
    together = [sorted(itertools.chain(*batches)) for batches in zip(*parts, strict=True)]
    assert together == [sorted(batch) for batch in alone]


def test_fewer_samples_than_ranks_are_refused(monkeypatch):
    with pytest.raises(DataError, match="each of 3 processes, got 2; start fewer"):
        samplers_of_ranks(3, monkeypatch, range(2), batch_size=6)


def test_num_samples_are_drawn_without_replacement_and_change_with_the_epoch():
    sampler = EpochSampler(range(50), num_samples=8)
    first, second = drawn(sampler, 1), drawn(sampler, 2)
    assert len(set(first)) == len(first) == 8
    assert set(first) != set(second)


def test_small_data_set_is_drawn_whole():
    assert sorted(drawn(EpochSampler(range(5), num_samples=8), 1)) == list(range(5))


def test_epoch_without_samples_is_refused():
    with pytest.raises(ValueError, match="at least 1 sample"):
        EpochSampler(range(50), num_samples=0)


def batch_sizes(sampler, share):
    return [len(batch) for batch in BatchSampler(sampler, share, drop_last=False)]


@pytest.mark.parametrize("length", range(1, 20))
@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_only_a_last_batch_of_one_sample_is_left_out(length, batch_size):
    plain, found = EpochSampler(range(length)), EpochSampler(range(length), batch_size=batch_size)
    single = batch_size > 1 and length > 1 and length % batch_size == 1
    for epoch in (1, 2):
        assert drawn(found, epoch) == drawn(plain, epoch)[: length - single]
    assert 1 not in batch_sizes(found, batch_size) or 1 in (batch_size, length)


def test_what_is_left_out_comes_in_other_epochs():
    sampler = EpochSampler(range(9), batch_size=4)
    assert set(drawn(sampler, 1)) != set(drawn(sampler, 2))


class Indices(Dataset):
    """Gives back the index it is asked for."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return {"epoch": index.epoch, "sample": index.sample}


@pytest.mark.parametrize("num_workers", [0, 2])
def test_engine_tells_the_epoch_to_the_sampler(num_workers):
    data = Indices()
    sampler = EpochSampler(data, seed=3)
    seen = []
    trainer = Trainer(
        "cpu",
        3,
        DataLoader(data, batch_size=5, sampler=sampler, num_workers=num_workers),
        iteration_update=lambda engine, batch: seen.append((engine.state.epoch, batch)),
    )
    trainer.run()
    for epoch in (1, 2, 3):
        batches = [batch for at, batch in seen if at == epoch]
        assert torch.cat([batch["epoch"] for batch in batches]).unique().tolist() == [epoch]
        assert torch.cat([batch["sample"] for batch in batches]).tolist() == drawn(sampler, epoch)
    assert drawn(sampler, 1) != drawn(sampler, 2)
