"""A sampler whose order is a function of seed and epoch, so that a resumed run sees the same batches."""

from collections.abc import Iterator, Sequence, Sized
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

    A last batch of one sample is left out: normalisation over a batch has no statistics of one. Where the
    order is shuffled, that sample comes in other epochs.

    Args:
        dataset: what is sampled; only its length is used, and its ``properties`` for ``single_class_epochs``.
        seed: seed of the order.
        num_samples: samples drawn in one epoch over all ranks, without replacement; ``None`` for all of the
            data set, which is also what a smaller one gives.
        single_class_epochs: the first so many epochs show one class each, in turn (the second step of the
            paper's schedule for MR); where the class has too few samples they are repeated.
        shuffle: keep the order of the data set if false.
        batch_size: samples of a step over all ranks; with 1, the default, nothing is left out.

    Raises:
        ValueError: ``num_samples`` is below 1, or the data set does not tell its ``properties``.
    """

    def __init__(
        self,
        dataset: Sized,
        seed: int = 0,
        num_samples: int | None = None,
        single_class_epochs: int = 0,
        shuffle: bool = True,
        batch_size: int = 1,
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
        self.single_class_epochs = single_class_epochs
        self.members: list[list[int]] = []
        if single_class_epochs > 0:
            self.members = _members(getattr(dataset, "properties", None))
        self.epoch_samples = length if num_samples is None else min(num_samples, length)
        self.num_samples = -(-self.epoch_samples // self.num_replicas)
        share = batch_size // self.num_replicas
        if 1 < share < self.num_samples and self.num_samples % share == 1:
            self.num_samples -= 1
        self.total_size = self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[EpochIndex]:
        if 1 <= self.epoch <= self.single_class_epochs:
            pool = self.members[(self.epoch - 1) % len(self.members)]
        else:
            pool = list(range(len(self.dataset)))  # type: ignore[arg-type]
        if self.shuffle:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
            pool = [pool[i] for i in torch.randperm(len(pool), generator=generator).tolist()]
        order = pool[: self.epoch_samples]
        while len(order) < self.total_size:
            order += order[: self.total_size - len(order)]
        return iter(
            [EpochIndex(self.epoch, i) for i in order[self.rank : self.total_size : self.num_replicas]]
        )

    def __len__(self) -> int:
        return self.num_samples


def _members(properties: Sequence[float | str] | None) -> list[list[int]]:
    """Samples of each class, in the order of the classes."""
    if not properties:
        raise ValueError(
            "single_class_epochs: expected a data set that tells the 'properties' of its samples"
        )
    members: dict[float | str, list[int]] = {}
    for number, value in enumerate(properties):
        members.setdefault(value, []).append(number)
    return [members[value] for value in sorted(members)]
