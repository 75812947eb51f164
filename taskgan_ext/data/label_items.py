"""Pairs of files without a property, as MONAI Label keeps them, made into items of a data list."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.keys import IMAGE, LABEL, PROPERTY, SUBJECT, TEST, TRAINING, VALIDATION

_ENTITY = re.compile(r"(?:^|_)property-(\d+)(?=[_.])")
_SUBJECT = re.compile(r"^(sub-[A-Za-z0-9]+)(?=[_.])")


def complete_items(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give each item its property and its subject, where it has none.

    Both are looked for in the JSON sidecars beside the label and beside the image (the same name with
    ``.json``, keys ``property`` and ``subject``), then in the name of the image: ``property-1`` between
    underscores, and ``sub-001`` at its beginning. A subject that is named nowhere is the name of the image.
    A property is never assumed: T would learn from it.

    Args:
        items: with ``image`` and ``label``, paths; further keys are kept.

    Returns:
        Items with ``property`` and ``subject``, in the same order.

    Raises:
        DataError: a property is missing or is no number; names the files that were looked at.
    """
    return [_complete(item) for item in items]


def complete_label_pairs(items: Sequence[Any]) -> list[Any]:
    """Complete the items that are a pair of files and nothing else, and leave others as they are.

    Such are what MONAI Label's own training task puts in place of a data list.

    Args:
        items: of a data list, or pairs.

    Returns:
        The items, see ``complete_items``.

    Raises:
        DataError: see ``complete_items``.
    """
    return [_complete(item) if _is_pair(item) else item for item in items]


def write_label_datalist(
    items: Sequence[Mapping[str, Any]], path: str | os.PathLike[str], val_split: float, seed: int = 0
) -> None:
    """Write a data list of pairs, split by subject into training and validation.

    Args:
        items: as for ``complete_items``; their paths become absolute.
        path: the ``datalist.json`` to write; its test section stays empty.
        val_split: share of the subjects for validation, at least one of them.
        seed: decides which subjects.

    Raises:
        DataError: there are fewer than two subjects, or see ``complete_items``.
        ConfigError: the share leaves nothing to train on or to validate with.
    """
    if not 0 < val_split < 1:
        raise ConfigError(f"val_split: expected a share between 0 and 1, got {val_split}")
    complete = complete_items(items)
    subjects = sorted({item[SUBJECT] for item in complete})
    if len(subjects) < 2:
        raise DataError(
            f"expected images with a final label of two subjects or more, found {len(subjects)}; put the "
            "target image of each image of the studies into labels/final, with the name of the image"
        )
    count = min(max(1, round(val_split * len(subjects))), len(subjects) - 1)
    held_back = {subjects[index] for index in np.random.default_rng(seed).permutation(len(subjects))[:count]}
    sections: dict[str, list[dict[str, Any]]] = {TRAINING: [], VALIDATION: [], TEST: []}
    for item in complete:
        files = {key: str(Path(item[key]).absolute()) for key in (IMAGE, LABEL)}
        sections[VALIDATION if item[SUBJECT] in held_back else TRAINING].append({**item, **files})
    write_json(path, {"name": "label", "description": "Images with a final label in MONAI Label", **sections})


def _complete(item: Mapping[str, Any]) -> dict[str, Any]:
    if PROPERTY in item and SUBJECT in item:
        return dict(item)
    image, label = Path(item[IMAGE]), Path(item[LABEL])
    sidecars = [_sidecar(label), _sidecar(image)]
    known: dict[str, Any] = {}
    for file in reversed(sidecars):
        content = read_json(file) if file.is_file() else {}
        known |= {key: content[key] for key in (PROPERTY, SUBJECT) if key in content}
    named = _ENTITY.search(image.name)
    if named:
        known.setdefault(PROPERTY, int(named[1]))
    owner = _SUBJECT.search(image.name)
    known.setdefault(SUBJECT, owner[1] if owner else _stem(image))
    known |= item
    value = known.get(PROPERTY)
    if not isinstance(value, int | float):
        raise DataError(
            f"{image}: expected the property that must survive the restoration, found "
            f"{'none' if value is None else repr(value)}. Write it as a number into {sidecars[0]} or "
            f'{sidecars[1]}, for example {{"property": 1}}, or name the image ..._property-1.nii.gz'
        )
    return known


def _is_pair(item: Any) -> bool:  # noqa: ANN401  # items hold anything
    return (
        isinstance(item, Mapping)
        and item.keys() == {IMAGE, LABEL}
        and all(isinstance(file, str) for file in item.values())
    )


def _stem(file: Path) -> str:
    return file.name.removesuffix(".gz").rpartition(".")[0]


def _sidecar(file: Path) -> Path:
    return file.with_name(f"{_stem(file)}.json")
