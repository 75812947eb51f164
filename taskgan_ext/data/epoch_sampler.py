"""A sampler whose order is a function of seed and epoch, so that a resumed run sees the same batches."""

from collections.abc import Iterator, Sized
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch.utils.data.distributed import DistributedSampler


class EpochIndex(NamedTuple):
    """The index of a sample together with the epoch, so that its augmentation can be seeded by both."""

    epoch: int
    sample: int


class EpochSampler(DistributedSampler[EpochIndex]):
    """Shuffle by ``(seed, epoch)`` and share the samples out over the ranks.

    It derives from ``DistributedSampler`` because MONAI's workflows tell the epoch to that class only. With
    one process it is a plain shuffling sampler. Every rank gets the same number of samples; the few that
    are missing for that are repeated from the start of the epoch's order.

    Args:
        dataset: what is sampled; only its length is used.
        seed: seed of the order.
        num_samples: samples drawn in one epoch over all ranks, without replacement; ``None`` for all of the
            data set, which is also what a smaller one gives.
        shuffle: keep the order of the data set if false.

    Raises:
        ValueError: ``num_samples`` is below 1.
    """

    def __init__(
        self, dataset: Sized, seed: int = 0, num_samples: int | None = None, shuffle: bool = True
    ) -> None:
        length = len(dataset)
        if num_samples is not None and num_samples < 1:
            raise ValueError(f"expected at least 1 sample in an epoch, got {num_samples}")
        parallel = dist.is_available() and dist.is_initialized()
        super().__init__(
            dataset,  # type: ignore[arg-type]  # only its length is used
            num_replicas=dist.get_world_size() if parallel else 1,
            rank=dist.get_rank() if parallel else 0,
            shuffle=shuffle,
            seed=seed,
        )
        self.epoch_samples = length if num_samples is None else min(num_samples, length)
        self.num_samples = -(-self.epoch_samples // self.num_replicas)
        self.total_size = self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[EpochIndex]:
        length = len(self.dataset)  # type: ignore[arg-type]
        if self.shuffle:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
            order = torch.randperm(length, generator=generator).tolist()
        else:
            order = list(range(length))
        order = order[: self.epoch_samples]
        while len(order) < self.total_size:
            order += order[: self.total_size - len(order)]
        return iter(
            [EpochIndex(self.epoch, i) for i in order[self.rank : self.total_size : self.num_replicas]]
        )

    def __len__(self) -> int:
        return self.num_samples
