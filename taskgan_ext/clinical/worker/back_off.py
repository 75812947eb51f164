"""Pauses that grow, so that what is broken is not asked without end."""

import random


def pause(attempt: int, first: float, most: float, rng: random.Random) -> float:
    """Choose how long to wait after a failed attempt.

    Each pause is twice the one before, less a random part of up to a half, so that several workers do not
    come back at the same moment.

    Args:
        attempt: 1 for the first that failed.
        first: seconds after the first.
        most: seconds that no pause exceeds.
        rng: the source of chance.
    """
    return min(most, first * 2.0 ** min(attempt - 1, 32)) * rng.uniform(0.5, 1.0)
