"""A sampler whose order is a function of seed and epoch, so that a resumed run sees the same batches."""

from collections.abc import Iterator, Sequence, Sized
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch.utils.data.distributed import DistributedSampler

from taskgan_ext.errors import DataError


class EpochIndex(NamedTuple):
    """The index of a sample together with the epoch, so that its augmentation can be seeded by both."""

    epoch: int
    sample: int


class EpochSampler(DistributedSampler[EpochIndex]):
    """Shuffle by ``(seed, epoch)`` and share the samples out over the ranks.

    It derives from ``DistributedSampler`` because MONAI's workflows tell the epoch to that class only. With
    one process it is a plain shuffling sampler. The ranks take turns, so that their batches together are the
    batch of one process. No sample is repeated; in the last batch some ranks may have one less than others.

    A last batch of one sample is left out, since normalisation over a batch has no statistics of one; so is
    one of fewer samples than ranks. Where the order is shuffled, those samples come in other epochs.

    Args:
        dataset: what is sampled; only its length is used, and its ``properties`` for ``single_class_epochs``.
        seed: seed of the order.
        num_samples: samples drawn in one epoch over all ranks, without replacement; ``None`` for all of the
            data set, which is also what a smaller one gives.
        single_class_epochs: the first so many epochs show one class each, in turn (the second step of the
            paper's schedule for MR); where the class has too few samples they are repeated.
        shuffle: keep the order of the data set if false.
        batch_size: samples of a step over all ranks; 1, the default, for one of each rank.

    Raises:
        DataError: there are fewer samples than ranks.
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
        if self.epoch_samples < self.num_replicas:
            raise DataError(
                f"expected at least one training sample for each of {self.num_replicas} processes, got "
                f"{self.epoch_samples}; start fewer processes"
            )
        self.total_size = self.epoch_samples - _left_out(self.epoch_samples, batch_size, self.num_replicas)
        self.num_samples = len(range(self.rank, self.total_size, self.num_replicas))

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


def _left_out(num_samples: int, batch_size: int, num_ranks: int) -> int:
    """Samples of a last batch that is too small."""
    batch = max(batch_size, num_ranks)
    last = num_samples % batch
    needed = max(num_ranks, min(batch, 2))
    return last if num_samples > batch and last < needed else 0


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
