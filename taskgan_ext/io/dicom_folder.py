"""Which files are DICOM files, told by their content and without a parser."""

from pathlib import Path

MARKER_START, MARKER = 128, b"DICM"
"""PS3.10 section 7.1."""


def is_dicom(path: Path) -> bool:
    """Tell whether a file has the marker of PS3.10.

    Args:
        path: a regular file.
    """
    with path.open("rb") as file:
        return file.read(MARKER_START + len(MARKER))[MARKER_START:] == MARKER


def list_files(folder: Path) -> list[Path]:
    """List the files below a folder that may belong to a scan.

    Args:
        folder: searched with its subfolders. The directory file DICOMDIR, all whose name or folder starts
            with a dot, and all that are no regular files are left out.

    Returns:
        Paths, sorted.
    """
    return [
        path
        for path in sorted(folder.rglob("*"))
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.name.upper() != "DICOMDIR"
        and path.is_file()
    ]


def list_dicom_files(folder: Path) -> list[Path]:
    """List the DICOM files below a folder, by their content and not by their name.

    Args:
        folder: as for ``list_files``.

    Returns:
        Paths, sorted.
    """
    return [path for path in list_files(folder) if is_dicom(path)]
