"""What is to be restored: volumes in NIfTI files or DICOM series, wherever they come from."""

import os
from pathlib import Path
from typing import Any

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import DataError
from taskgan_ext.io.dicom_folder import is_dicom, list_dicom_files
from taskgan_ext.keys import IMAGE, SUBJECT, TEST


def list_images(path: str | os.PathLike[str], make_with: str = "") -> list[dict[str, Any]]:
    """List the images to restore: volumes of a folder, one volume, or the test section of a data list.

    Args:
        path: a ``.nii`` or ``.nii.gz`` file; a folder of degraded volumes only; a folder with the DICOM files
            of one series, or one with such folders below it; or a data list or the folder that holds it.
        make_with: the command that makes a data list; it ends the message when there is nothing.

    Returns:
        Items with ``image``, the path of a NIfTI file or of the folder of a DICOM series, and ``subject``
        (for a file its name without its ending, for a folder its name, or its path below ``path``).

    Raises:
        DataError: there is no such file, the folder holds none, or both kinds.
    """
    path = Path(path)
    if path.suffix == ".json" or (path / "datalist.json").is_file():
        return [{key: item[key] for key in (IMAGE, SUBJECT)} for item in load_datalist(path, TEST, make_with)]
    files = [
        file
        for file in (sorted(path.iterdir()) if path.is_dir() else [path])
        # A name that starts with a dot is what a killed process has left of a file that it was writing.
        if file.name.endswith((".nii", ".nii.gz")) and not file.name.startswith(".") and file.is_file()
    ]
    if files and path.is_dir() and any(file.is_file() and is_dicom(file) for file in path.iterdir()):
        raise DataError(f"{path}: expected NIfTI files or a DICOM series, found both; keep one kind")
    folders = _series_folders(path) if path.is_dir() and not files else []
    if not files and not folders:
        hint = f"; make simulated ones with: {make_with}" if make_with else ""
        raise DataError(
            f"{path}: expected a NIfTI file, or a folder that holds some or a DICOM series, found none{hint}"
        )
    series = [{IMAGE: str(folder), SUBJECT: _name(folder, path)} for folder in folders]
    return series or [{IMAGE: str(file), SUBJECT: file.name.split(".nii")[0]} for file in files]


def _series_folders(path: Path) -> list[Path]:
    """Folders that hold DICOM files; what lies below the first such folder on a way down belongs to it."""
    folders = sorted({file.parent for file in list_dicom_files(path)})
    return [folder for folder in folders if not any(other in folder.parents for other in folders)]


def _name(folder: Path, path: Path) -> str:
    inside = folder.relative_to(path)
    return "_".join(inside.parts) or folder.absolute().name
