"""Slices of cached volumes, alone (2D) or with their neighbours as channels (2.5D)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from monai.data import CacheDataset
from monai.transforms import Compose
from torch import Tensor
from torch.utils.data import Dataset

from taskgan_ext.data.epoch_sampler import EpochIndex
from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.errors import DataError
from taskgan_ext.keys import CASE, IMAGE, SUBJECT


def slice_stack(volume: Tensor, index: int, stack: int) -> Tensor:
    """Cut a slice with its neighbours on either side; the first and last slice are repeated at the ends.

    Args:
        volume: shape ``(C, X, Y, Z)``.
        index: slice on the last axis.
        stack: odd number of slices.

    Returns:
        Shape ``(stack * C, X, Y)``, slices in axial order.
    """
    around = torch.arange(index - stack // 2, index + stack // 2 + 1).clamp(0, volume.shape[-1] - 1)
    return volume[..., around].movedim(-1, 0).flatten(0, 1)


class SliceDataset(Dataset[dict[str, Any]]):
    """Axial slices of paired volumes, one item a slice; no step reads a file once the cache is filled.

    Volumes are loaded and normalised once by ``transform``. An item holds, for every key with a volume of
    shape ``(C, X, Y, Z)``, its slice ``(C, X, Y)``; ``image`` holds the stack ``(stack * C, X, Y)``. Other
    keys (property, subject) are handed through, and ``case`` names subject and slice.

    Indexed by an ``EpochIndex`` (see ``EpochSampler``), the augmentation is seeded by seed, epoch and index:
    the same sample is made by any worker, rank or resumed run. Indexed by an integer it uses its own state.

    Args:
        data: items of a data list.
        transform: deterministic transform of a volume item.
        augment: random transform of a slice item, or ``None``.
        stack: odd number of neighbouring slices that ``image`` holds as channels (1 = 2D).
        slices: first and last slice that are used (inclusive), ``None`` for all.
        seed: seed of the augmentation.
        cache_rate: share of the volumes kept in memory.
        num_workers: threads that fill the cache.

    Raises:
        ValueError: ``stack`` is even.
        DataError: ``slices`` lies outside a volume.
    """

    def __init__(
        self,
        data: Sequence[dict[str, Any]],
        transform: Callable[[dict[str, Any]], dict[str, Any]],
        augment: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        *,
        stack: int = 1,
        slices: Sequence[int] | None = None,
        seed: int = 0,
        cache_rate: float = 1.0,
        num_workers: int = 2,
    ) -> None:
        if stack < 1 or stack % 2 == 0:
            raise ValueError(f"expected an odd number of slices in a stack, got {stack}")
        # copy_cache off: volumes are only read here, so copying a volume for each slice would be wasted.
        self.volumes = CacheDataset(
            data,
            transform,
            cache_rate=cache_rate,
            num_workers=num_workers,
            copy_cache=False,
        )
        self.augment = None if augment is None else Compose([augment])
        self.stack = stack
        self.seed = seed
        self.index = [(case, index) for case in range(len(data)) for index in self._slices_of(case, slices)]

    def _slices_of(self, case: int, slices: Sequence[int] | None) -> range:
        depth = next(value.shape[-1] for value in self.volumes[case].values() if _is_volume(value))
        first, last = (0, depth - 1) if slices is None else slices
        if not 0 <= first <= last < depth:
            subject = self.volumes.data[case].get(SUBJECT, case)
            raise DataError(f"{subject}: expected slices {first}..{last} to lie within 0..{depth - 1}")
        return range(first, last + 1)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: int | EpochIndex) -> dict[str, Any]:
        number = index.sample if isinstance(index, EpochIndex) else index
        case, position = self.index[number]
        item: dict[str, Any] = {}
        for key, value in self.volumes[case].items():
            if _is_volume(value):
                item[key] = slice_stack(plain_tensor(value), position, self.stack if key == IMAGE else 1)
            else:
                item[key] = value
        item[CASE] = f"{item.get(CASE, item.get(SUBJECT, case))} slice {position}"
        if self.augment is None:
            return item
        if isinstance(index, EpochIndex):
            sequence = np.random.SeedSequence([self.seed, index.epoch, index.sample])
            self.augment.set_random_state(seed=int(sequence.generate_state(1)[0]))
        return self.augment(item)


def _is_volume(value: Any) -> bool:  # noqa: ANN401  # items hold anything
    return isinstance(value, Tensor) and value.ndim == 4
