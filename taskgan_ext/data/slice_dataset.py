"""Slices of cached volumes, alone (2D) or with their neighbours as channels (2.5D)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from monai.data import CacheDataset
from monai.transforms import Compose, Transform
from torch import Tensor
from torch.utils.data import Dataset

from taskgan_ext.data.epoch_sampler import EpochIndex
from taskgan_ext.data.label_items import complete_label_pairs
from taskgan_ext.data.plain_tensor import plain_tensor
from taskgan_ext.data.targets import merge_targets
from taskgan_ext.errors import DataError
from taskgan_ext.keys import CASE, IMAGE, LABEL, MASK, PROPERTY, SUBJECT


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
    keys (property, subject) are handed through, and ``case`` names subject and slice. Items of the data list
    that share their ``image`` (the contrasts of one acquisition) are loaded together, and each target is a
    sample of its own. What only some of the items have is left out, since samples are batched together.

    Indexed by an ``EpochIndex`` (see ``EpochSampler``), the augmentation is seeded by seed, epoch and index:
    the same sample is made by any worker, rank or resumed run. Indexed by an integer it uses its own state.

    Attributes:
        properties: y of every sample.

    Args:
        data: items of a data list, or pairs of files as MONAI Label gives them; or another
            ``SliceDataset``, whose volumes in memory are used.
        transform: deterministic transform of a volume item; ``None`` with volumes of another data set.
        augment: random transform of a slice item, or ``None``.
        stack: odd number of neighbouring slices that ``image`` holds as channels (1 = 2D).
        slices: first and last slice that are used (inclusive), ``None`` for all.
        min_mask: leave out slices in which ``mask`` covers a smaller share of the pixels.
        keys: the volumes that an item holds slices of, ``None`` for all.
        seed: seed of the augmentation.
        cache_rate: share of the volumes kept in memory.

    Raises:
        ValueError: ``stack`` is even.
        DataError: ``slices`` lies outside a volume, or there is no ``mask`` for ``min_mask``.
    """

    def __init__(  # noqa: PLR0913  # wired from JSON by keyword
        self,
        data: "Sequence[dict[str, Any]] | SliceDataset",
        transform: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        augment: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        *,
        stack: int = 1,
        slices: Sequence[int] | None = None,
        min_mask: float = 0.0,
        keys: Sequence[str] | None = None,
        seed: int = 0,
        cache_rate: float = 1.0,
    ) -> None:
        if stack < 1 or stack % 2 == 0:
            raise ValueError(f"expected an odd number of slices in a stack, got {stack}")
        self.targets: list[list[dict[str, Any]]]
        self.volumes: CacheDataset
        if isinstance(data, SliceDataset):
            self.targets, self.volumes = data.targets, data.volumes
        else:
            merged, self.targets = merge_targets(complete_label_pairs(data))
            # copy_cache off: volumes are only read here, so copying a volume for each slice would be wasted.
            # One thread: MONAI's NibabelReader keeps the names of a list of files in itself, and a second one
            # that shares it cuts the list short without a word.
            self.volumes = CacheDataset(
                merged,
                Compose([*_steps(transform), _SliceMajor()]),
                cache_rate=cache_rate,
                num_workers=1,
                copy_cache=False,
            )
        self.augment = None if augment is None else Compose([augment])
        self.stack = stack
        self.keys = keys
        self.seed = seed
        self.index = [
            (case, position, target)
            for case in range(len(self.targets))
            for position in self._slices_of(case, slices, min_mask)
            for target in range(len(self.targets[case]))
        ]
        self.partial = self._partial_keys()
        self.properties = [self.targets[case][target].get(PROPERTY) for case, _, target in self.index]

    def _slices_of(self, case: int, slices: Sequence[int] | None, min_mask: float) -> list[int]:
        volumes = self.volumes[case]
        depth = next(value.shape[-1] for value in volumes.values() if _is_volume(value))
        first, last = (0, depth - 1) if slices is None else slices
        if not 0 <= first <= last < depth:
            raise DataError(
                f"{self._name(case)}: expected slices {first}..{last} to lie within 0..{depth - 1}"
            )
        chosen = list(range(first, last + 1))
        if min_mask > 0:
            if MASK not in volumes:
                raise DataError(f"{self._name(case)}: expected a mask to choose slices by, found none")
            share = (plain_tensor(volumes[MASK])[0] > 0).double().mean(dim=(0, 1))
            chosen = [position for position in chosen if share[position] >= min_mask]
        return chosen

    def _partial_keys(self) -> set[str]:
        """Keys that some samples have and others lack."""
        keys = [
            target.keys() | self.volumes[case].keys()
            for case, targets in enumerate(self.targets)
            for target in targets
        ]
        return set().union(*keys) - set.intersection(*map(set, keys))

    def _name(self, case: int) -> str:
        return str(self.targets[case][0].get(SUBJECT, case))

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: int | EpochIndex) -> dict[str, Any]:
        number = index.sample if isinstance(index, EpochIndex) else index
        case, position, target = self.index[number]
        # What is not a volume differs between the targets of an image.
        item: dict[str, Any] = dict(self.targets[case][target])
        for key, value in self.volumes[case].items():
            if not _is_volume(value):
                item.setdefault(key, value)
            elif self.keys is None or key in self.keys:
                cut = slice_stack(plain_tensor(value), position, self.stack if key == IMAGE else 1)
                item[key] = cut[target : target + 1] if key == LABEL and len(self.targets[case]) > 1 else cut
        for key in self.partial:
            item.pop(key, None)
        item[CASE] = f"{item.get(CASE, item.get(SUBJECT, case))} slice {position}"
        if self.augment is None:
            return item
        if isinstance(index, EpochIndex):
            sequence = np.random.SeedSequence([self.seed, index.epoch, index.sample])
            self.augment.set_random_state(seed=int(sequence.generate_state(1)[0]))
        return self.augment(item)


class _SliceMajor(Transform):
    """Lay volumes out slice by slice in memory: cutting a slice out of the last axis would read all of it."""

    def __call__(self, item: dict[str, Any]) -> dict[str, Any]:
        return {
            key: plain_tensor(value).movedim(-1, 0).contiguous().movedim(0, -1)
            if _is_volume(value)
            else value
            for key, value in item.items()
        }


def _steps(transform: Callable[[dict[str, Any]], dict[str, Any]] | None) -> Sequence[Any]:
    """Take a chain apart: within another chain, MONAI would count it as random and not cache its result."""
    if isinstance(transform, Compose):
        return transform.transforms
    return [] if transform is None else [transform]


def _is_volume(value: Any) -> bool:  # noqa: ANN401  # items hold anything
    return isinstance(value, Tensor) and value.ndim == 4
