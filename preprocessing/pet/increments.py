"""The counts of a scan, split in independent parts that add up to low and full doses.

Two ways give the same distribution. Directly: the part of a segment of length d is ``Poisson(d * expected)``.
By events: an excerpt of the scan is written as a list-mode file, read back and thinned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from preprocessing.pet.dose_plan import is_within
from preprocessing.pet.event_words import is_event, is_prompt
from preprocessing.pet.histogram import add_to_histogram, counts_to_events, events_to_words, sinogram_layout
from preprocessing.pet.listmode.word_file import ListModeHeader, read_header, read_words, write_listmode
from preprocessing.pet.scanner import Scanner
from preprocessing.pet.stack import to_event_order, to_subset_order
from preprocessing.pet.thinning import Interval, event_uniforms, keep_mask, random_key

_CHUNK_WORDS = 1 << 22


@dataclass(frozen=True)
class EventExcerpt:
    """The part of a scan that is written as events.

    Attributes:
        path: the ``.l`` file.
        fraction: share of the full dose, u below ``fraction``.
        duration_ms: length of the scan.
        randoms_per_bin: expected delayeds of a bin at full dose.
    """

    path: Path
    fraction: float
    duration_ms: int
    randoms_per_bin: float


def poisson_increments(
    expected: torch.Tensor, segments: Sequence[Interval], seed: int, subject: str
) -> dict[Interval, torch.Tensor]:
    """Draw the counts of each segment.

    Args:
        expected: expected full-dose prompts, any shape.
        segments: disjoint parts of [0, 1]; each has its own random numbers.
        seed: the user's seed.
        subject: the subject's name.

    Returns:
        Segment to counts (float32 whole numbers of the shape of ``expected``).
    """
    increments = {}
    for segment in segments:
        generator = _generator(f"poisson {segment[0]}-{segment[1]}", seed, subject)
        increments[segment] = torch.poisson(expected * (segment[1] - segment[0]), generator=generator)
    return increments


def listmode_increments(
    expected: torch.Tensor,
    segments: Sequence[Interval],
    excerpt: EventExcerpt,
    scanner: Scanner,
    seed: int,
    subject: str,
) -> tuple[dict[Interval, torch.Tensor], dict[str, Any]]:
    """Write an excerpt of the scan as events, read it back and thin it.

    Args:
        expected: expected full-dose prompts in subset order, see ``preprocessing.pet.stack``.
        segments: disjoint parts of ``[0, excerpt.fraction]``.
        excerpt: the file and what it holds.
        scanner: sampling of the sinograms.
        seed: the user's seed.
        subject: the subject's name.

    Returns:
        Segment to counts, as :func:`poisson_increments` gives them, and the header of the file.
    """
    whole: Interval = (0.0, excerpt.fraction)
    _write_excerpt(expected, excerpt, scanner, seed, subject)
    header = read_header(excerpt.path)
    relative = {
        segment: (segment[0] / excerpt.fraction, min(segment[1] / excerpt.fraction, 1.0))
        for segment in segments
        if is_within(segment, whole)
    }
    histograms = _thinned_histograms(excerpt.path, header, relative, random_key("thin", seed, subject))
    counts = {
        segment: to_subset_order(torch.from_numpy(histogram), scanner.num_subsets).float()
        for segment, histogram in histograms.items()
    }
    return counts, {"name": excerpt.path.name, **header.to_dict()}


def _write_excerpt(
    expected: torch.Tensor, excerpt: EventExcerpt, scanner: Scanner, seed: int, subject: str
) -> None:
    """Draw the events of an excerpt and write them."""
    whole: Interval = (0.0, excerpt.fraction)
    prompts = to_event_order(poisson_increments(expected, [whole], seed, subject)[whole]).int()
    layout = sinogram_layout(scanner, prompts.shape[0])
    prompt_events = counts_to_events(prompts.numpy(), prompts=True)
    del prompts  # sinograms and events of a whole scan are large: one at a time
    mean_delayeds = torch.full(layout.sizes, excerpt.fraction * excerpt.randoms_per_bin)
    delayeds = torch.poisson(mean_delayeds, generator=_generator("delayeds", seed, subject)).int()
    del mean_delayeds
    delayed_events = counts_to_events(delayeds.numpy(), prompts=False)
    del delayeds
    events = np.concatenate([prompt_events, delayed_events])
    del prompt_events, delayed_events

    words = events_to_words(events, excerpt.duration_ms, random_key("event times", seed, subject))
    history: dict[str, Any] = {"subject": subject, "seed": seed, "dose_fraction": excerpt.fraction}
    header = ListModeHeader(scanner.name, layout, excerpt.duration_ms, history=history)
    write_listmode(excerpt.path, words, header)


def _thinned_histograms(
    path: Path, header: ListModeHeader, keep: dict[Interval, Interval], key: int
) -> dict[Interval, np.typing.NDArray[np.int32]]:
    """Read a file once and histogram the prompts of each interval."""
    histograms = {segment: np.zeros(header.layout.sizes, np.int32) for segment in keep}
    num_events = 0
    for words in read_words(path, _CHUNK_WORDS):
        events = words[is_event(words)]
        uniforms = event_uniforms(key, num_events, events.size)
        num_events += events.size
        for segment, interval in keep.items():
            kept = events[keep_mask(uniforms, interval)]
            add_to_histogram(histograms[segment], kept[is_prompt(kept)], header.layout)
    return histograms


def _generator(purpose: str, seed: int, subject: str) -> torch.Generator:
    return torch.Generator().manual_seed(random_key(purpose, seed, subject) % 2**63)
