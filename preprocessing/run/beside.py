"""Files that belong to another file and are read with it."""

from collections.abc import Iterable
from pathlib import Path

_ENDINGS = (".nii.gz", ".nii")


def json_beside(paths: Iterable[Path], ending: str = "") -> list[Path]:
    """Name the JSON files of NIfTI files, which tell their units and times.

    Args:
        paths: files and folders; only NIfTI files have one.
        ending: of stems, which the name of the JSON file may do without.
    """
    stems = [
        (path, path.name.removesuffix(suffix))
        for path in paths
        for suffix in _ENDINGS
        if path.name.endswith(suffix) and not path.is_dir()
    ]
    names = [
        path.with_name(f"{name}.json") for path, stem in stems for name in (stem, stem.removesuffix(ending))
    ]
    return list(dict.fromkeys(names))
