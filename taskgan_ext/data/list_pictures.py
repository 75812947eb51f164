"""What is to be restored: pictures, wherever they come from."""

import os
from pathlib import Path
from typing import Any

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.picture import PICTURE_ENDINGS
from taskgan_ext.keys import IMAGE, INPUT_KIND, LABEL, SUBJECT, TEST

DEGRADED = "degraded"
"""Of the size of the restored picture, but blurred."""
SMALL = "small"
"""Of low resolution, to be enlarged first."""
REFERENCE = "reference"
"""Of full resolution, to be degraded first: a trial of what the network does."""
INPUT_KINDS = (DEGRADED, SMALL, REFERENCE)


def list_pictures(
    path: str | os.PathLike[str],
    input_kind: str = DEGRADED,
    output_dir: str | os.PathLike[str] = "",
    make_with: str = "",
) -> list[dict[str, Any]]:
    """List pictures: one file, those of a folder and its folders, or the test section of a data list.

    Args:
        path: a PNG, JPEG, PGM or PPM file, a folder, or a data list or the folder that holds it.
        input_kind: what the pictures of a file or folder are, of :data:`INPUT_KINDS`. In a data list an item
            whose ``image`` and ``label`` are one file is a reference, another one is degraded.
        output_dir: where the restored pictures go; what lies there from an earlier run is left out.
        make_with: the command that makes a data list; it ends the message when there is nothing.

    Returns:
        Items with ``image``, ``subject`` (for a file its name without its ending) and ``input_kind``.

    Raises:
        ConfigError: there is no such kind, or the restored pictures would lie among their inputs.
        DataError: there is no picture, or two in one folder differ by their ending alone.
    """
    if input_kind not in INPUT_KINDS:
        raise ConfigError(f"expected an input_kind of {', '.join(INPUT_KINDS)}, got {input_kind!r}")
    path = Path(path)
    if path.suffix == ".json" or (path / "datalist.json").is_file():
        return [_of_datalist(item) for item in load_datalist(path, TEST, make_with)]
    files = _files_below(path, output_dir) if path.is_dir() else [path]
    files = [file for file in files if file.suffix.lower() in PICTURE_ENDINGS and file.is_file()]
    if not files:
        hint = f"; make simulated ones with: {make_with}" if make_with else ""
        raise DataError(
            f"{path}: expected a picture ({', '.join(PICTURE_ENDINGS)}), or a folder that holds some, found "
            f"none{hint}"
        )
    _refuse_same_names(files)
    return [{IMAGE: str(file), SUBJECT: file.stem, INPUT_KIND: input_kind} for file in files]


def _of_datalist(item: dict[str, Any]) -> dict[str, Any]:
    kind = REFERENCE if item[IMAGE] == item[LABEL] else DEGRADED
    return {IMAGE: item[IMAGE], SUBJECT: item[SUBJECT], INPUT_KIND: kind}


def _files_below(folder: Path, output_dir: str | os.PathLike[str]) -> list[Path]:
    inside, results = folder.resolve(), Path(output_dir).resolve()
    if output_dir and results == inside:
        raise ConfigError(
            f"{folder}: expected an output_dir other than the folder of the pictures; the next run could not "
            "tell restored pictures from theirs"
        )
    leave_out = bool(output_dir) and results.is_relative_to(inside)
    return sorted(
        file
        for file in folder.rglob("*")
        # A name that starts with a dot is what a killed process has left of a file that it was writing.
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not (leave_out and file.resolve().is_relative_to(results))
    )


def _refuse_same_names(files: list[Path]) -> None:
    seen: dict[Path, Path] = {}
    for file in files:
        first = seen.setdefault(file.with_suffix(""), file)
        if first != file:
            raise DataError(
                f"{first} and {file.name}: expected pictures of different names in one folder, since the "
                "restored ones are all PNG; rename one of them"
            )
