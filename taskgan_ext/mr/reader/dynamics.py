"""Which dynamic of an MDME acquisition a DICOM image belongs to."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.mr.reader.grid import rank_times
from taskgan_ext.mr.reader.mr_images import seconds_of

DELAY_TAGS = ("InversionTime", "TriggerTime")
"""Where scanners keep the delay, by preference; which of them do is not standardised."""
SAME_DELAY_S = 1e-3

Group = tuple[int, ...]


@dataclass(frozen=True)
class Dynamics:
    """Dynamics of images.

    Attributes:
        index: for every image the number of its dynamic.
        delays: of the dynamics in s, ascending; ``None`` where the headers tell only their order.
        labels: of the dynamics, for messages.
    """

    index: tuple[int, ...]
    delays: tuple[float, ...] | None
    labels: tuple[str, ...]


def find_dynamics(files: Sequence[DicomFile], groups: Sequence[Group]) -> Dynamics:
    """Tell the dynamics by the header: by a delay, by a temporal position, or by the order of the images.

    Args:
        files: MR images.
        groups: for every image what it shares with just those that differ from it in the dynamic: slice,
            echo and component.

    Returns:
        The dynamics; without delays in the order of the temporal positions or of the acquisition.
    """
    for tag in DELAY_TAGS:
        times = _shared_values(files, groups, partial(_time, tag))
        if times is not None:
            index, delays = rank_times(times, SAME_DELAY_S)
            labels = tuple(f"TD {1000 * delay:g} ms" for delay in delays)
            return Dynamics(tuple(map(int, index)), delays, labels)
    places = _shared_values(files, groups, lambda file: file.number("TemporalPositionIdentifier"))
    if places is not None:
        index, found = rank_times(places, 1.0)
        return Dynamics(
            tuple(map(int, index)), None, tuple(f"temporal position {place:g}" for place in found)
        )
    return _by_order(files, groups)


def _shared_values(
    files: Sequence[DicomFile], groups: Sequence[Group], value_of: Callable[[DicomFile], float | None]
) -> list[float] | None:
    """Values that tell dynamics: every image has one, and most groups have the same two or more of them.

    A trigger time that differs from slice to slice times something else. Only most groups, because what a
    broken series lacks or has twice is better named by its time.
    """
    values = [value_of(file) for file in files]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    rounded = np.round(np.array(known) / SAME_DELAY_S).astype(np.int64).tolist()
    sets: dict[Group, set[int]] = defaultdict(set)
    for group, value in zip(groups, rounded, strict=True):
        sets[group].add(value)
    usual, count = Counter(map(frozenset, sets.values())).most_common(1)[0]
    return known if len(usual) > 1 and 2 * count > len(sets) else None


def _time(tag: str, file: DicomFile) -> float | None:
    return seconds_of(file, tag)


def _by_order(files: Sequence[DicomFile], groups: Sequence[Group]) -> Dynamics:
    members: dict[Group, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        members[group].append(number)
    index = [0] * len(files)
    for images in members.values():
        # Instance numbers start again in every series of an export that splits the acquisition.
        ordered = sorted(
            images,
            key=lambda k: (files[k].number("SeriesNumber") or 0, files[k].number("InstanceNumber") or 0),
        )
        for rank, number in enumerate(ordered):
            index[number] = rank
    return Dynamics(tuple(index), None, tuple(f"dynamic {rank + 1}" for rank in range(max(index) + 1)))
