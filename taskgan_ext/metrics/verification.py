"""Verification of faces: is it the same person, judged by the distance of two embeddings?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.data.face_pairs import Pair
from taskgan_ext.data.subject_bootstrap import MIN_SUBJECTS, draw_subjects, interval_of
from taskgan_ext.metrics.roc import area_under_curve, weighted_areas

DRAWS_AT_ONCE = 200
"""Bounds the memory: a draw holds a weight for each pair, and a list may have thousands."""


@dataclass(frozen=True)
class IndexedPairs:
    """Pairs of faces by the rows of a matrix of embeddings.

    Attributes:
        first: row of the first face, shape ``(P,)``.
        second: row of the second face, shape ``(P,)``.
        same: whether both show one person, shape ``(P,)``.
        subjects: index of the person, 0 to n - 1, for each row of the matrix, shape ``(N,)``.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    same: NDArray[np.bool_]
    subjects: NDArray[np.intp]


def index_pairs(pairs: Sequence[Pair], cases: Sequence[str], subjects: Sequence[str]) -> IndexedPairs:
    """Find the faces of pairs among cases.

    Args:
        pairs: pairs by name of the case; those with a face that is not there are left out.
        cases: name of each row of the embeddings.
        subjects: person of each row.

    Returns:
        The pairs by row, in their order.
    """
    row = {case: number for number, case in enumerate(cases)}
    there = [pair for pair in pairs if {pair.first, pair.second} <= row.keys()]
    found = [(row[pair.first], row[pair.second], pair.same) for pair in there]
    table = np.array(found, dtype=np.intp).reshape(-1, 3)
    _, index = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    return IndexedPairs(table[:, 0], table[:, 1], table[:, 2].astype(bool), index)


def same_kind_scores(embeddings: NDArray[np.float32], pairs: IndexedPairs) -> NDArray[np.float64]:
    """Minus the Euclidean distance of the two images of each pair.

    Args:
        embeddings: of length one, shape ``(N, E)``.
        pairs: P pairs of rows.

    Returns:
        -2 (opposite) to 0 (equal), shape ``(1, P)``.
    """
    return -_distance(embeddings[pairs.first], embeddings[pairs.second])[None]


def cross_scores(
    embeddings: NDArray[np.float32], references: NDArray[np.float32], pairs: IndexedPairs
) -> NDArray[np.float64]:
    """Minus the Euclidean distance of a probe from the reference of the other face of its pair.

    The order of the two in a list means nothing, so each is the probe once.

    Args:
        embeddings: of the probes, length one, shape ``(N, E)``.
        references: of the gallery, the same faces, shape ``(N, E)``.
        pairs: P pairs of rows.

    Returns:
        -2 (opposite) to 0 (equal), shape ``(2, P)``.
    """
    return -np.stack(
        [
            _distance(embeddings[pairs.first], references[pairs.second]),
            _distance(embeddings[pairs.second], references[pairs.first]),
        ]
    )


def area_with_interval(
    scores: NDArray[np.float64], pairs: IndexedPairs, minus: NDArray[np.float64] | None = None
) -> tuple[float, float, float]:
    """Area under the curve of a verification, or the difference of two, with its 95 % confidence interval.

    Args:
        scores: K scores of each pair, shape ``(K, P)``.
        pairs: P pairs.
        minus: scores of another arm for the same pairs, whose area is subtracted, draw by draw.

    Returns:
        Area or difference, lower and upper end. The ends are NaN for fewer than 3 people, and where all draws
        are equal, as for pairs that are separated without an error: they cannot tell how sure that is.
    """
    area, draws = _area(scores, pairs), area_draws(scores, pairs)
    if minus is not None:
        area, draws = area - _area(minus, pairs), draws - area_draws(minus, pairs)
    low, high = interval_of(draws) if len(draws) and np.ptp(draws) > 0 else (float("nan"), float("nan"))
    return area, low, high


def area_draws(scores: NDArray[np.float64], pairs: IndexedPairs) -> NDArray[np.float64]:
    """Areas under the curve as people are drawn anew.

    Pairs with a person in common are not independent, so a draw takes people with replacement, not pairs (the
    pigeonhole bootstrap: Owen, Ann Appl Stat 1 (2007), 386-411). A pair of one person counts as often as the
    person is drawn, a pair of two as often as one is drawn times the other; where few pairs have a person in
    common that makes intervals somewhat too wide. Draws for the same pairs belong together, so that two arms
    can be compared draw by draw.

    Args:
        scores: K scores of each pair, shape ``(K, P)``.
        pairs: P pairs.

    Returns:
        Areas, at most NUM_DRAWS: without the draws in which one kind of pair is absent; none for fewer than 3
        people.
    """
    first, second = pairs.subjects[pairs.first], pairs.subjects[pairs.second]
    people, index = np.unique(np.concatenate([first, second]), return_inverse=True)
    if len(people) < MIN_SUBJECTS:
        return np.empty(0)
    first, second = np.split(index, 2)
    drawn = draw_subjects(len(people))
    times, flat = len(scores), scores.ravel()
    parts = []
    for part in np.split(drawn, range(DRAWS_AT_ONCE, len(drawn), DRAWS_AT_ONCE)):
        counts = _counts(part)
        weights = (counts[:, first] * np.where(pairs.same, 1, counts[:, second])).astype(np.float64)
        parts.append(weighted_areas(flat, np.tile(pairs.same, times), np.tile(weights, (1, times))))
    areas = np.concatenate(parts)
    return areas[np.isfinite(areas)]


def _counts(drawn: NDArray[np.int64]) -> NDArray[np.intp]:
    """How often each of n is drawn, for draws of shape ``(D, n)``."""
    offsets = drawn.shape[1] * np.arange(len(drawn))[:, None]
    return np.bincount((drawn + offsets).ravel(), minlength=drawn.size).reshape(drawn.shape)


def _area(scores: NDArray[np.float64], pairs: IndexedPairs) -> float:
    return area_under_curve(scores.ravel(), np.tile(pairs.same, len(scores)))


def _distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """From the difference of the vectors: one minus their cosine loses the small distances."""
    return np.linalg.norm(first.astype(np.float64) - second.astype(np.float64), axis=1)
