"""A sampler that shares cases out over the processes of a validation, each to one of them."""

from collections.abc import Iterator, Sized

import torch.distributed as dist
from torch.utils.data import Sampler


class CaseSampler(Sampler[int]):
    """Every process validates its part of the cases, in their order; none is left out or repeated.

    Metrics that are gathered over the processes are then those of one process, whether or not the parts are
    equally long. Where there are fewer cases than processes, each takes all of them: an engine cannot run on
    none, and means over equal parts stay what they are.

    Args:
        dataset: what is sampled; only its length is used.
    """

    def __init__(self, dataset: Sized) -> None:
        parallel = dist.is_available() and dist.is_initialized()
        rank, size = (dist.get_rank(), dist.get_world_size()) if parallel else (0, 1)
        length = len(dataset)
        self.cases = range(rank, length, size) if length >= size else range(length)

    def __iter__(self) -> Iterator[int]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)
