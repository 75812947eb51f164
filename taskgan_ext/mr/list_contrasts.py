"""What is to be synthesised: every contrast of every prepared subject."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import DataError
from taskgan_ext.keys import CASE, CONTRAST, IMAGE, MAPS, MASK, PROPERTY, SUBJECT, TEST
from taskgan_ext.mr.relaxation_maps import INPUT_MAPS

MDME_ENDING = "_mdme.nii.gz"


def list_contrasts(
    path: str | os.PathLike[str], contrasts: Sequence[str], make_with: str = ""
) -> list[dict[str, Any]]:
    """List the contrasts to synthesise, one item for each subject and contrast.

    Args:
        path: a prepared subject's folder or its ``..._mdme.nii.gz``, a folder of such folders, or a data list
            or the folder that holds it (its test section).
        contrasts: names in the order of the class indices.
        make_with: the command that makes a data list; it ends the message when there is nothing.

    Returns:
        Items with ``image``, ``maps``, ``mask``, ``subject``, ``contrast``, ``property`` and ``case``.

    Raises:
        DataError: there is no prepared subject, or one lacks a map or its mask.
    """
    path = Path(path)
    if path.suffix == ".json" or (path / "datalist.json").is_file():
        items = load_datalist(path, TEST, make_with)
        found = {item[SUBJECT]: {key: item[key] for key in (IMAGE, MAPS, MASK)} for item in items}
    else:
        found = {_name(file): _files(file) for file in _mdme_files(path)}
    if not found:
        hint = f"; make simulated ones with: {make_with}" if make_with else ""
        raise DataError(
            f"{path}: expected prepared subjects (..._mdme.nii.gz with maps and mask), found none; prepare "
            f"a scan with: python -m preprocessing mr import --mdme SCAN --out DIR{hint}"
        )
    return [
        {**files, SUBJECT: subject, CONTRAST: contrast, PROPERTY: index, CASE: f"{subject}_{contrast}"}
        for subject, files in found.items()
        for index, contrast in enumerate(contrasts)
    ]


def _mdme_files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(
            file
            for pattern in ("*", "*/*")
            for file in path.glob(pattern + MDME_ENDING)
            if not file.name.startswith(".")
        )
    return [path] if path.is_file() and path.name.endswith(MDME_ENDING) else []


def _name(file: Path) -> str:
    return file.name.removesuffix(MDME_ENDING)


def _files(file: Path) -> dict[str, str | list[str]]:
    beside = [file.with_name(f"{_name(file)}_{suffix}.nii.gz") for suffix in (*INPUT_MAPS, MASK)]
    missing = [other.name for other in beside if not other.is_file()]
    if missing:
        raise DataError(
            f"{file}: expected maps and mask beside it, found no {', '.join(missing)}; prepare the scan "
            "again with: python -m preprocessing mr import --mdme SCAN --out DIR"
        )
    return {IMAGE: str(file), MAPS: [str(other) for other in beside[:-1]], MASK: str(beside[-1])}
