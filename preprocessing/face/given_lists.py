"""Who is in training and who in test, as a user's lists of pairs and people say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from preprocessing.collect import DEFAULT_FRACTIONS, split_subjects
from preprocessing.face.face_files import several_or_one
from preprocessing.face.people_list import read_people
from preprocessing.face.problems import Problems
from preprocessing.face.source_faces import composed
from taskgan_ext.data.face_pairs import Pair, face_name, read_pair_lines, split_face_name
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.keys import TEST, TRAINING, VALIDATION

Faces = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class ListFiles:
    """The lists that a user gives, each a file or ``None``.

    Attributes:
        pairs_train: pairs of people to train with.
        pairs_test: pairs of people to test with.
        people_train: people to train with; without it all who are not in test.
        people_test: people to test with; without it those of the test pairs.

    Raises:
        ConfigError: there is a list for training and none for test.
    """

    pairs_train: Path | None = None
    pairs_test: Path | None = None
    people_train: Path | None = None
    people_test: Path | None = None

    def __post_init__(self) -> None:
        if (self.pairs_train or self.people_train) and not (self.pairs_test or self.people_test):
            raise ConfigError(
                "expected --pairs-test or --people-test beside the list for training: without it nobody can "
                "say who must stay out of training"
            )

    def paths(self) -> dict[str, Path]:
        """Name of the list to its file, of those that are given."""
        return {name: path for name, path in vars(self).items() if path is not None}


@dataclass(frozen=True)
class GivenSections:
    """What the lists make of a set of faces.

    Attributes:
        sections: section to its identities.
        pairs: section to its pairs, where a list gives some.
        notices: what a user should know, one text each.
    """

    sections: Mapping[str, list[str]]
    pairs: Mapping[str, list[Pair]]
    notices: list[str] = field(default_factory=list)


@dataclass
class _Named:
    """People whom lists name, with the first place of each, and pairs."""

    places: dict[str, str] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)


def read_given_lists(files: ListFiles, faces: Faces, seed: int) -> GivenSections:
    """Read the lists and divide people among sections.

    Validation is taken from training; where possible from people in none of its pairs, so that these stay as
    they are.

    Args:
        files: the lists, at least one for test.
        faces: identity to the numbers of its pictures.
        seed: decides who is in validation.

    Raises:
        DataError: a list is malformed, names a picture that is not there, or somebody is in training and in
            test; says all of that with the numbers of the lines.
    """
    problems = Problems("lists of pairs and people")
    pairs_train = _read_pairs(files.pairs_train, faces, problems)
    pairs_test = _read_pairs(files.pairs_test, faces, problems)
    people_train = _read_people(files.people_train, faces, problems)
    people_test = _read_people(files.people_test, faces, problems)
    test = people_test.places | pairs_test.places
    training = people_train.places | pairs_train.places
    for identity in sorted(training.keys() & test.keys()):
        problems.add(f"{training[identity]}: {identity} is in test too ({test[identity]})")
    problems.check()
    pool = sorted(
        people_train.places | pairs_train.places if files.people_train else faces.keys() - test.keys()
    )
    notices = []
    left_out = len(faces) - len(pool) - len(test)
    if left_out:
        notices.append(f"{left_out} people are in no list and were left out")
    sections = {**_hold_back(pool, pairs_train.places, faces, seed), TEST: sorted(test)}
    kept = _inside(pairs_train.pairs, set(sections[TRAINING]))
    if len(kept) < len(pairs_train.pairs):
        notices.append(
            f"{len(kept)} of {len(pairs_train.pairs)} training pairs were kept: people of the others are in "
            "validation, or one kind would outnumber the other"
        )
    pairs = {TRAINING: kept, TEST: pairs_test.pairs}
    return GivenSections(sections, {name: found for name, found in pairs.items() if found}, notices)


def _hold_back(pool: list[str], in_pairs: Mapping[str, str], faces: Faces, seed: int) -> dict[str, list[str]]:
    share = DEFAULT_FRACTIONS[VALIDATION] / (DEFAULT_FRACTIONS[VALIDATION] + DEFAULT_FRACTIONS[TRAINING])
    wanted = round(share * len(pool))
    free = [identity for identity in pool if identity not in in_pairs]
    candidates = free if len(free) >= wanted else pool
    strata = several_or_one({identity: faces[identity] for identity in candidates})
    share = wanted / max(len(candidates), 1)
    held = split_subjects(strata, {TRAINING: 1 - share, VALIDATION: share}, seed)[VALIDATION]
    return {TRAINING: sorted(set(pool) - set(held)), VALIDATION: held}


def _inside(pairs: Sequence[Pair], identities: set[str]) -> list[Pair]:
    """Pairs of these people, as many of each kind."""
    of_people = [
        pair
        for pair in pairs
        if {split_face_name(name)[0] for name in (pair.first, pair.second)} <= identities
    ]
    kinds = [[pair for pair in of_people if pair.same is same] for same in (True, False)]
    count = min(map(len, kinds))
    return [pair for kind in kinds for pair in kind[:count]]


def _read_pairs(path: Path | None, faces: Faces, problems: Problems) -> _Named:
    named = _Named()
    if path is None:
        return named
    try:
        lines = read_pair_lines(path)
    except DataError as error:
        problems.add(str(error))
        return named
    for line, pair in lines.items():
        names = []
        for name in (pair.first, pair.second):
            identity, number = split_face_name(composed(name))
            names.append(face_name(identity, number))
            named.places.setdefault(identity, f"{path} line {line}")
            if number not in faces.get(identity, ()):
                problems.add(f"{path} line {line}: expected a picture {names[-1]}, found none")
        named.pairs.append(Pair(names[0], names[1], pair.same))
    kinds = [sum(pair.same is same for pair in named.pairs) for same in (True, False)]
    if kinds[0] != kinds[1]:
        problems.add(f"{path}: expected as many pairs of one person as of two, got {kinds[0]} and {kinds[1]}")
    return named


def _read_people(path: Path | None, faces: Faces, problems: Problems) -> _Named:
    named = _Named()
    if path is None:
        return named
    try:
        lines = read_people(path)
    except DataError as error:
        problems.add(str(error))
        return named
    for line, person in lines.items():
        identity = composed(person.name)
        place = named.places.setdefault(identity, f"{path} line {line}")
        if place != f"{path} line {line}":
            problems.add(f"{path} line {line}: {identity} is in {place} already")
        found = len(faces.get(identity, ()))
        if found != person.images:
            problems.add(
                f"{path} line {line}: expected {person.images} pictures of {identity}, found {found}"
            )
    return named
