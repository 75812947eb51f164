"""Pairs of faces for verification, drawn as those of LFW were."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from preprocessing.face.settings import check_seed
from taskgan_ext.data.face_pairs import Pair, face_name
from taskgan_ext.errors import ConfigError

DEFAULT_PAIRS = 500
"""Of each kind; that of LFW's development test."""

Faces = Mapping[str, Sequence[int]]


def most_pairs(faces: Faces) -> int:
    """The most pairs that there are of each kind.

    Args:
        faces: identity to the numbers of its pictures.
    """
    counts = [len(numbers) for numbers in faces.values()]
    same = sum(count * (count - 1) // 2 for count in counts)
    different = (sum(counts) ** 2 - sum(count**2 for count in counts)) // 2
    return min(same, different)


def draw_pairs(faces: Faces, num_pairs: int, seed: int) -> list[Pair]:
    """Draw pairs: people uniformly, then pictures of them uniformly, no pair twice.

    So did Huang, Ramesh, Berg and Learned-Miller, "Labeled Faces in the Wild", technical report 07-49,
    University of Massachusetts, Amherst, 2007, section 3.

    Args:
        faces: identity to the numbers of its pictures.
        num_pairs: of each kind.
        seed: of the draws.

    Returns:
        ``num_pairs`` pairs of one person, then as many of two, each kind in the order of names.

    Raises:
        ConfigError: there are not as many pairs, or the seed is negative.
    """
    check_seed(seed)
    most = most_pairs(faces)
    if not 1 <= num_pairs <= most:
        raise ConfigError(
            f"expected a number of pairs of each kind from 1 to {most}, which is all that {len(faces)} "
            f"people with {sum(map(len, faces.values()))} pictures allow, got {num_pairs}"
        )
    rng = np.random.default_rng(seed)
    return [*_draw_same(faces, num_pairs, rng), *_draw_different(faces, num_pairs, rng)]


def _draw_same(faces: Faces, num_pairs: int, rng: np.random.Generator) -> list[Pair]:
    left = {
        identity: list(combinations(sorted(numbers), 2))
        for identity, numbers in sorted(faces.items())
        if len(numbers) > 1
    }
    people = list(left)
    drawn: list[tuple[str, int, int]] = []
    while len(drawn) < num_pairs:
        identity = people[rng.integers(len(people))]
        first, second = left[identity].pop(rng.integers(len(left[identity])))
        drawn.append((identity, first, second))
        if not left[identity]:
            people.remove(identity)
    return [Pair(face_name(who, first), face_name(who, second), True) for who, first, second in sorted(drawn)]


def _draw_different(faces: Faces, num_pairs: int, rng: np.random.Generator) -> list[Pair]:
    people = sorted(faces)
    drawn: set[tuple[str, int, str, int]] = set()
    while len(drawn) < num_pairs:
        one, other = sorted(rng.choice(len(people), 2, replace=False).tolist())
        numbers = [faces[people[place]] for place in (one, other)]
        first, second = (choices[int(rng.integers(len(choices)))] for choices in numbers)
        drawn.add((people[one], first, people[other], second))
    return [
        Pair(face_name(one, first), face_name(other, second), False)
        for one, first, other, second in sorted(drawn)
    ]
