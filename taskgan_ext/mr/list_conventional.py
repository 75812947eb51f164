"""What is to be classified: conventional MR images, wherever they come from."""

import os
from pathlib import Path
from typing import Any

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import DataError
from taskgan_ext.keys import IMAGE, LABEL, MASK, PROPERTY, REGIONS, SUBJECT, TEST
from taskgan_ext.mr.relaxation_maps import INPUT_MAPS

NO_CONVENTIONAL_IMAGES = ("mdme", *INPUT_MAPS, "TB1map", MASK, REGIONS)
"""Endings of the names of what else lies in the folder of a prepared subject."""
DIFFERENCE = "_desc-physicsdifference_"
"""Part of the name of what is written beside a synthesised contrast."""


def list_conventional(path: str | os.PathLike[str], make_with: str = "") -> list[dict[str, Any]]:
    """List conventional images: one file, those of a folder and its folders, or targets of a data list.

    Args:
        path: a ``.nii`` or ``.nii.gz`` file; a folder, of which the MDME images, maps and masks of prepared
            subjects and the differences beside synthesised contrasts are left out; or a data list or the
            folder that holds it (the targets of its test section).
        make_with: the command that makes a data list; it ends the message when there is nothing.

    Returns:
        Items with ``image``, ``subject`` (for a file its name without its ending) and, from a data list, the
        known ``property``.

    Raises:
        DataError: there is no such file, or the folder holds none.
    """
    path = Path(path)
    if path.suffix == ".json" or (path / "datalist.json").is_file():
        return [
            {IMAGE: item[LABEL], SUBJECT: item[SUBJECT], PROPERTY: item[PROPERTY]}
            for item in load_datalist(path, TEST, make_with)
        ]
    files = _files_below(path) if path.is_dir() else [path]
    found = [file for file in files if file.name.endswith((".nii", ".nii.gz")) and file.is_file()]
    if not found:
        hint = f"; make simulated ones with: {make_with}" if make_with else ""
        raise DataError(f"{path}: expected a NIfTI image, or a folder that holds some, found none{hint}")
    return [{IMAGE: str(file), SUBJECT: _stem(file)} for file in found]


def _files_below(folder: Path) -> list[Path]:
    # A name that starts with a dot is what a killed process has left of a file that it was writing.
    return sorted(
        file
        for pattern in ("*", "*/*")
        for file in folder.glob(pattern)
        if not file.name.startswith(".") and _is_conventional(file)
    )


def _is_conventional(file: Path) -> bool:
    return _stem(file).rpartition("_")[2] not in NO_CONVENTIONAL_IMAGES and DIFFERENCE not in file.name


def _stem(file: Path) -> str:
    return file.name.split(".nii")[0]
