"""Dose reduction by thinning: keep each event of a list-mode file independently with probability p.

A Poisson process thinned with p is a Poisson process of p times the rate, independent of the rejected
events. Prompts and delayeds are thinned alike, before any correction; tags stay where they are.

Each event has one uniform number, given by its index among all events of the file and a key. Keeping
``u < p`` makes doses nested; keeping ``k w <= u < k w + p`` for k = 0, 1, ... makes disjoint, hence
independent, realisations. The numbers come from the counter-based generator Philox (Salmon et al., SC
2011), so the result does not depend on the chunks in which a file is read.
"""

import hashlib
import json

import numpy as np
from numpy.typing import NDArray

from preprocessing.pet.event_words import Words, is_event

Interval = tuple[float, float]
"""Events with ``low <= u < high`` are kept, ``0 <= low <= high <= 1``."""


def random_key(purpose: str, seed: int, subject: str, realisation: int = 0) -> int:
    """Return a 128-bit key: the first half of the SHA-256 of what the random numbers are for.

    Args:
        purpose: for example ``"thin"``; different purposes give independent numbers.
        seed: the user's seed.
        subject: the subject's name.
        realisation: counts repetitions.
    """
    text = json.dumps([purpose, seed, subject, realisation])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def event_uniforms(key: int, first_event: int, num_events: int) -> NDArray[np.uint64]:
    """Return the uniform numbers of consecutive events, as integers u * 2^64.

    Args:
        key: 128-bit key, see :func:`random_key`.
        first_event: index of the first event in its file, prompts and delayeds counted together.
        num_events: how many.
    """
    generator = np.random.Philox(key=key)
    generator.advance(first_event // 4)  # one step of the counter makes four numbers
    skipped = first_event % 4
    return generator.random_raw(skipped + num_events)[skipped:]


def keep_mask(uniforms: NDArray[np.uint64], keep: Interval) -> NDArray[np.bool_]:
    """Tell which events to keep.

    Args:
        uniforms: numbers of :func:`event_uniforms`.
        keep: the interval of u.

    Raises:
        ValueError: ``keep`` is not an interval within [0, 1].
    """
    low, high = keep
    if not 0 <= low <= high <= 1:
        raise ValueError(f"expected an interval with 0 <= low <= high <= 1, got {keep}")
    if low == 1:
        return np.zeros(uniforms.shape, bool)
    if low == 0:
        return uniforms < np.uint64(int(high * 2**64)) if high < 1 else np.ones(uniforms.shape, bool)
    mask = uniforms >= np.uint64(int(low * 2**64))
    if high < 1:
        mask &= uniforms < np.uint64(int(high * 2**64))
    return mask


def thin_words(words: Words, keep: Interval, key: int, first_event: int = 0) -> tuple[Words, int]:
    """Thin a chunk of words; tags stay, in place.

    Args:
        words: events and tags in file order.
        keep: the interval of u to keep; its length is the dose fraction.
        key: 128-bit key, see :func:`random_key`.
        first_event: number of events in the file before this chunk.

    Returns:
        The kept words, and the number of events up to the end of this chunk.
    """
    events = is_event(words)
    num_events = int(np.count_nonzero(events))
    mask = keep_mask(event_uniforms(key, first_event, num_events), keep)
    return select_events(words, events, mask), first_event + num_events


def select_events(words: Words, events: NDArray[np.bool_], mask: NDArray[np.bool_]) -> Words:
    """Drop events; tags stay, in place.

    Args:
        words: events and tags in file order.
        events: which of them are events.
        mask: which events to keep, one for each event.
    """
    kept = ~events
    kept[events] = mask
    return words[kept]
