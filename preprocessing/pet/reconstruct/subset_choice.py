"""How many ordered subsets the counts of a file bear."""

import dataclasses

from preprocessing.pet.reconstruct.line_model import LineModel

PROMPTS_PER_SUBSET = 1000
"""Least prompts of a subset and plane, on average. With fewer, subsets leave out whole parts of the image,
voxels become 0 for good, and the randoms take over the activity."""
_LEAST_SUBSETS_TOF = 4
"""The projector of a subset with time of flight is built in one piece: fewer subsets would need 1 GB for
it."""


def choose_passes(
    nominal: tuple[int, int], num_prompts: int, model: LineModel, *, planar: bool
) -> tuple[int, int]:
    """Return iterations and subsets with the same number of updates, and enough counts in each subset.

    Args:
        nominal: iterations and subsets for plenty of counts.
        num_prompts: prompts in the field of view.
        model: the scanner.
        planar: whether the planar engine is used.
    """
    iterations, subsets = nominal
    per_plane = num_prompts / model.sampling.num_planes
    least = min(_LEAST_SUBSETS_TOF, subsets) if planar and model.sampling.with_tof else 1
    divisors = [d for d in range(least, subsets + 1) if subsets % d == 0]
    borne = [d for d in divisors if per_plane >= d * PROMPTS_PER_SUBSET]
    chosen = max(borne, default=divisors[0])
    return iterations * subsets // chosen, chosen


def with_subsets(model: LineModel, num_subsets: int) -> LineModel:
    """Return the scanner with another number of subsets.

    Args:
        model: the scanner.
        num_subsets: a divisor of its angles.
    """
    scanner = dataclasses.replace(model.sampling.scanner, num_subsets=num_subsets)
    return dataclasses.replace(model, sampling=dataclasses.replace(model.sampling, scanner=scanner))
