"""From finished cases to ``datalist.json``: training, validation and test sections, split by subject."""

import math
import os
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.keys import IMAGE, LABEL, PROPERTY, SECTIONS, SUBJECT, TEST, TRAINING, VALIDATION

STRATUM = "stratum"
"""Optional key of an item: what the sections shall have the same mix of, where that is not the property."""
DEFAULT_FRACTIONS: Mapping[str, float] = {TRAINING: 26 / 40, VALIDATION: 4 / 40, TEST: 10 / 40}
"""The paper trains on 30 subjects and tests on 10; four of the 30 are held back for validation."""


def split_subjects(
    strata: Mapping[str, Hashable], fractions: Mapping[str, float] = DEFAULT_FRACTIONS, seed: int = 0
) -> dict[str, list[str]]:
    """Divide subjects among sections so that each section has about the same mix of strata.

    A stratum with at least as many subjects as there are sections is present in every section, even where a
    section becomes larger than its fraction. Rarer strata are dealt out together.

    Args:
        strata: subject to stratum, for example its diagnosis.
        fractions: section to its share of the subjects, adding up to 1; a share of 0 leaves it empty.
        seed: decides which subjects of a stratum go where.

    Returns:
        Section to its subjects in sorted order.

    Raises:
        ConfigError: the fractions are negative or do not add up to 1.
    """
    shares = [fractions.get(section, 0.0) for section in SECTIONS]
    if set(fractions) - set(SECTIONS) or min(shares) < 0 or not math.isclose(sum(shares), 1.0):
        raise ConfigError(
            f"expected fractions of {', '.join(SECTIONS)} that are not negative and add up to 1, "
            f"got {dict(fractions)}"
        )
    sizes = Counter(strata.values())
    num_sections = sum(share > 0 for share in shares)
    groups: dict[tuple[bool, Hashable], list[str]] = {}
    for subject in sorted(strata):
        common = sizes[strata[subject]] >= num_sections
        groups.setdefault((common, strata[subject] if common else None), []).append(subject)
    # Small groups first: what they get must not depend on the room that large ones leave.
    ordered = sorted(groups.values(), key=lambda members: (len(members), members[0]))

    rng = np.random.default_rng(seed)
    result: dict[str, list[str]] = {section: [] for section in SECTIONS}
    for members, counts in zip(ordered, _allot([len(m) for m in ordered], shares), strict=True):
        shuffled = [members[index] for index in rng.permutation(len(members))]
        for section, count in zip(SECTIONS, counts, strict=True):
            result[section] += shuffled[:count]
            shuffled = shuffled[count:]
    return {section: sorted(subjects) for section, subjects in result.items()}


def extend_split(
    existing: Mapping[str, str],
    strata: Mapping[str, Hashable],
    fractions: Mapping[str, float] = DEFAULT_FRACTIONS,
    seed: int = 0,
) -> dict[str, list[str]]:
    """Divide subjects among sections, leaving those that have a section where they are.

    Each new subject goes to the section that lacks most of its stratum.

    Args:
        existing: subject to section, of an earlier split; subjects that are no longer there are dropped.
        strata: subject to stratum, old and new.
        fractions: see ``split_subjects``.
        seed: see ``split_subjects``; also the order in which new subjects are placed.

    Returns:
        Section to its subjects in sorted order.

    Raises:
        ConfigError: the fractions are negative or do not add up to 1.
    """
    old = {subject: section for subject, section in existing.items() if subject in strata}
    if not old:
        return split_subjects(strata, fractions, seed)
    result = {section: [subject for subject in old if old[subject] == section] for section in SECTIONS}
    new = sorted(strata.keys() - old.keys())
    for index in np.random.default_rng(seed).permutation(len(new)):
        stratum = strata[new[index]]
        counts = {name: sum(strata[subject] == stratum for subject in result[name]) for name in SECTIONS}
        total = sum(counts.values()) + 1
        lacking = max(SECTIONS, key=lambda name: fractions.get(name, 0.0) * total - counts[name])
        result[lacking].append(new[index])
    return {section: sorted(subjects) for section, subjects in result.items()}


def collect(
    items: Sequence[Mapping[str, Any]],
    path: str | os.PathLike[str],
    *,
    name: str,
    description: str,
    modality: str,
    property_info: Mapping[str, Any],
    fractions: Mapping[str, float] = DEFAULT_FRACTIONS,
    seed: int = 0,
) -> dict[str, Any]:
    """Split finished items by subject and write the data list.

    Where the property belongs to the subject (a diagnosis), sections are stratified by it; where it varies
    within a subject (the contrast of an MR image), they are not, unless the items have a key ``stratum``.
    Subjects of a data list that is already there stay in their section, so that a cohort can grow without
    moving anyone out of the test.

    Args:
        items: each with ``image``, ``label``, ``property`` and ``subject``; paths relative to the folder of
            ``path``, further keys are kept.
        path: the file to write.
        name: short name of the data set.
        description: one sentence about it.
        modality: for example ``PET``.
        property_info: ``name``, ``type`` and ``classes`` of the property.
        fractions: see ``split_subjects``.
        seed: see ``split_subjects``.

    Returns:
        The written data list.

    Raises:
        ConfigError: the fractions are negative or do not add up to 1.
        DataError: there are no items, an item lacks a key or names a file that does not exist.
    """
    path = Path(path)
    if not items:
        raise DataError(f"{path}: expected at least one finished case, found none; simulate or convert first")
    values: dict[str, set[Hashable]] = {}
    for number, item in enumerate(items):
        _check_item(item, number, path)
        values.setdefault(item[SUBJECT], set()).add(item.get(STRATUM, item[PROPERTY]))
    strata = {subject: found.pop() if len(found) == 1 else None for subject, found in values.items()}
    sections = extend_split(existing_split(path), strata, fractions, seed)
    content: dict[str, Any] = {
        "name": name,
        "description": description,
        "modality": modality,
        PROPERTY: dict(property_info),
    }
    for section, subjects in sections.items():
        members = set(subjects)
        content[section] = [dict(item) for item in items if item[SUBJECT] in members]
    write_json(path, content)
    return content


def existing_split(path: Path) -> dict[str, str]:
    """Say where the subjects of a data list are.

    Args:
        path: the data list; it need not be there.

    Returns:
        Subject to section.
    """
    if not path.is_file():
        return {}
    content = read_json(path)
    return {item[SUBJECT]: section for section in SECTIONS for item in content.get(section, [])}


def count_sections(datalist: Mapping[str, Any]) -> dict[str, Counter[Hashable]]:
    """Count the subjects of each section by property.

    Args:
        datalist: as ``collect`` returns it.

    Returns:
        Section to a counter of property values, each subject counted once per value.
    """
    return {
        section: Counter(value for _, value in sorted({(i[SUBJECT], i[PROPERTY]) for i in datalist[section]}))
        for section in SECTIONS
    }


def _check_item(item: Mapping[str, Any], number: int, path: Path) -> None:
    for key in (IMAGE, LABEL, PROPERTY, SUBJECT):
        if key not in item:
            raise DataError(f"{path}: item {number} has no {key!r}")
    for key in (IMAGE, LABEL):
        if not (path.parent / item[key]).is_file():
            raise DataError(f"{path}: item {number} names {item[key]!r} as {key!r}, which does not exist")


def _allot(group_sizes: Sequence[int], shares: Sequence[float]) -> list[list[int]]:
    """How many members of each group go to each section; rows add up to the group sizes."""
    active = [share > 0 for share in shares]
    num_active = sum(active)
    spread = [size >= num_active for size in group_sizes]
    total = sum(group_sizes)
    least = max(sum(spread), 1 if total >= num_active else 0)
    room = _section_sizes(total, shares, least)
    base = [[int(spreads and used) for used in active] for spreads in spread]
    room = [size - sum(spread) * used for size, used in zip(room, active, strict=True)]
    counts = []
    for row, size in zip(base, group_sizes, strict=True):
        extra = _apportion(size - sum(row), room)
        room = [left - taken for left, taken in zip(room, extra, strict=True)]
        counts.append([first + more for first, more in zip(row, extra, strict=True)])
    return counts


def _section_sizes(total: int, shares: Sequence[float], least: int) -> list[int]:
    """Sizes in proportion to the shares, at least ``least`` where the share is not 0."""
    raised: set[int] = set()
    while True:
        weights = [0.0 if index in raised else share for index, share in enumerate(shares)]
        sizes = _apportion(total - least * len(raised), weights)
        small = {i for i, size in enumerate(sizes) if weights[i] > 0 and size < least}
        if not small:
            return [least if index in raised else size for index, size in enumerate(sizes)]
        raised |= small


def _apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a whole number in proportion to weights by the largest remainder; ties go to larger weights."""
    if total == 0:
        return [0 for _ in weights]
    exact = [total * weight / sum(weights) for weight in weights]
    result = [math.floor(value + 1e-9) for value in exact]  # 26 must not become 25.999..
    order = sorted(range(len(exact)), key=lambda i: (result[i] - exact[i], -weights[i]))
    for index in order[: total - sum(result)]:
        result[index] += 1
    return result
