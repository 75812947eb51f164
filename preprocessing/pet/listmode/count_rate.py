"""Counts over time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAX_BINS = 1 << 14


class CountRate:
    """Counts of prompts and delayeds in bins of time, in bounded memory.

    The bins are 1 ms wide at first; each time that a scan outgrows them, two become one.

    Attributes:
        width_ms: width of a bin.
        resolution_ms: how well the times of the events are known; finer curves would show gaps.
    """

    def __init__(self) -> None:
        self.width_ms = self.resolution_ms = 1
        self._counts = np.zeros((2, _MAX_BINS), np.int64)
        self._num_bins = 0

    def add(
        self,
        time_ms: NDArray[np.integer] | int,
        prompts: NDArray[np.integer] | int,
        delayeds: NDArray[np.integer] | int,
    ) -> None:
        """Count events.

        Args:
            time_ms: time since the start of the scan, ``(n,)`` or one.
            prompts: prompts at that time, of the same shape.
            delayeds: delayeds at that time, of the same shape.
        """
        times = np.atleast_1d(np.asarray(time_ms, np.int64))
        if not times.size:
            return
        last = int(times.max())
        while last // self.width_ms >= _MAX_BINS:
            self._counts[:, : _MAX_BINS // 2] = self._counts[:, ::2] + self._counts[:, 1::2]
            self._counts[:, _MAX_BINS // 2 :] = 0
            self.width_ms *= 2
            self._num_bins = -(-self._num_bins // 2)
        bins = times // self.width_ms
        np.add.at(self._counts[0], bins, np.asarray(prompts))
        np.add.at(self._counts[1], bins, np.asarray(delayeds))
        self._num_bins = max(self._num_bins, last // self.width_ms + 1)

    def curve(self, max_bins: int) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
        """Give the counts in at most so many bins of equal width.

        Args:
            max_bins: at least 1.

        Returns:
            Width of a bin in ms, prompts and delayeds of each bin; the last one may be cut short by the end
            of the scan.
        """
        step = max(1, -(-self._num_bins // max_bins), -(-self.resolution_ms // self.width_ms))
        padded = np.zeros((2, -(-self._num_bins // step) * step), np.int64)
        padded[:, : self._num_bins] = self._counts[:, : self._num_bins]
        prompts, delayeds = padded.reshape(2, -1, step).sum(2)
        return self.width_ms * step, prompts, delayeds

    def to_dict(self, max_bins: int = 60) -> dict[str, Any]:
        """The curve for a JSON report.

        Args:
            max_bins: see :meth:`curve`.
        """
        width, prompts, delayeds = self.curve(max_bins)
        return {"bin_ms": width, "prompts": prompts.tolist(), "delayeds": delayeds.tolist()}
