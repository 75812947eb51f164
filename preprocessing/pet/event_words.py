"""The 32-bit words of PETLINK list-mode data: events, time marks and other tags.

======  ==========================================================================
bit 31  0: coincidence; bit 30: 1 prompt, 0 delayed; bits 29-0: bin address
bit 31  1, bits 30-29 zero: time mark; bits 28-0: milliseconds since the start
bit 31  1, bits 30-29 not zero: another tag (dead time, singles, gantry, ...)
======  ==========================================================================

Source: Siemens PETLINK guideline; STIR, ``CListRecordECAT8_32bit.h``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import RefusedListMode

TAG_BIT = np.uint32(1 << 31)
PROMPT_BIT = np.uint32(1 << 30)
ADDRESS_MASK = np.uint32((1 << 30) - 1)
TIME_MARK_MASK = np.uint32((1 << 31) | (1 << 30) | (1 << 29))
TIME_MASK = np.uint32((1 << 29) - 1)

Words = NDArray[np.uint32]
"""Words in the byte order of this machine; files are little-endian."""


def is_event(words: Words) -> NDArray[np.bool_]:
    """Tell coincidences, prompt or delayed, from tags."""
    return words < TAG_BIT


def is_time_mark(words: Words) -> NDArray[np.bool_]:
    """Tell time marks from everything else."""
    return (words & TIME_MARK_MASK) == TAG_BIT


def time_ms(time_marks: Words) -> Words:
    """Return the milliseconds since the start of time marks."""
    return time_marks & TIME_MASK


def time_mark_words(milliseconds: NDArray[np.integer]) -> Words:
    """Make time marks from milliseconds since the start, below 2^29."""
    return milliseconds.astype(np.uint32) | TAG_BIT


def split_by_time(words: Words, time_before: int) -> tuple[NDArray[np.intp], Words]:
    """Cut words at their time marks.

    Args:
        words: events and tags in file order, at least one.
        time_before: time of the last mark before them, in ms.

    Returns:
        Index of the first word of each part, and its time in ms. Every part but perhaps the first begins
        with its time mark.
    """
    marks = np.flatnonzero(is_time_mark(words))
    times = time_ms(words[marks])
    if marks.size and marks[0] == 0:
        return marks, times
    return np.concatenate([[0], marks]), np.concatenate([[np.uint32(time_before)], times])


def is_prompt(events: Words) -> NDArray[np.bool_]:
    """Tell prompts from delayeds; ``events`` must hold coincidences only."""
    return events >= PROMPT_BIT


@dataclass(frozen=True)
class AddressLayout:
    """What the bin address of an event means: the index in an array of known shape, C order.

    Attributes:
        names: one name per dimension, slowest first, for example ``("plane", "view", "bin")``.
        sizes: the length of each dimension.

    Raises:
        ValueError: names and sizes differ in number, or the address does not fit in 30 bits.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.sizes) or not self.sizes:
            raise ValueError(f"expected one name per size, got names {self.names} and sizes {self.sizes}")
        if min(self.sizes) < 1 or self.num_addresses > ADDRESS_MASK:
            raise ValueError(f"expected positive sizes with a product below 2^30, got {self.sizes}")

    @property
    def num_addresses(self) -> int:
        """Number of bins; valid addresses are below it."""
        return prod(self.sizes)

    def decode(self, events: Words, first_event: int = 0) -> tuple[Words, ...]:
        """Split the addresses of events into one index per dimension.

        Args:
            events: coincidences, prompt or delayed.
            first_event: index of ``events[0]`` among the events of its file, for the error message.

        Returns:
            Indices in the order of ``names``.

        Raises:
            RefusedListMode: an address is out of range.
        """
        rest = self.addresses(events, first_event)
        indices: list[Words] = []
        for size in reversed(self.sizes[1:]):
            quotient = rest // np.uint32(size)
            indices.append(rest - quotient * np.uint32(size))
            rest = quotient
        return (rest, *reversed(indices))

    def addresses(self, events: Words, first_event: int = 0) -> Words:
        """Return the addresses of events, checked.

        Args:
            events: coincidences, prompt or delayed.
            first_event: index of ``events[0]`` among the events of its file, for the error message.

        Raises:
            RefusedListMode: an address is out of range.
        """
        addresses = events & ADDRESS_MASK
        if addresses.size and int(addresses.max()) >= self.num_addresses:
            index = int(np.argmax(addresses >= self.num_addresses))
            raise RefusedListMode(
                "address_out_of_range",
                f"event {first_event + index}: expected a bin address below {self.num_addresses} "
                f"({' x '.join(f'{s} {n}' for n, s in zip(self.names, self.sizes, strict=True))}), "
                f"got {int(addresses[index])}; the header belongs to another file or scanner",
            )
        return addresses

    def encode(self, indices: Sequence[NDArray[np.integer]]) -> Words:
        """Return the addresses of one index array per dimension; the inverse of :meth:`decode`."""
        return np.ravel_multi_index(tuple(indices), self.sizes).astype(np.uint32)
