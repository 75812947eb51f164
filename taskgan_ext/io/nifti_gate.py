"""The gate that every NIfTI file from outside passes before a voxel of it is read.

From the first bytes of the file, in this order: it is there and a regular file, of a tolerable size; it is
NIfTI-1 or NIfTI-2 in one file, plain or gzip; data type, axes, memory that they need, start of the voxels,
scale, voxel size, place in the scanner; the file can hold what its header announces. ``RefusedSeries`` has a
code for each (``taskgan_ext.errors.SERIES_CODES``).
"""

import contextlib
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.nifti_header import (
    HEADER_BYTES,
    MAX_OFFSET,
    MAX_VOLUME_BYTES,
    NiftiHeader,
    parse_header,
)

SLACK = 1024**2
"""So many bytes may follow the voxels."""
SUSPECT_BYTES, SUSPECT_RATIO = 128 * 1024**2, 200
"""A volume above this size, gzipped by more than this ratio, is taken for a bomb.

Zeros shrink 229-fold at level 1 and 1029-fold at level 9, images about twofold, brain masks up to 500-fold.
Masks of 256 cubed voxels stay below this size even in float64.
"""


def check_nifti(path: str | os.PathLike[str]) -> NiftiHeader:
    """Let a file pass, or refuse it by what its first bytes say.

    At most 540 bytes are inflated, so a refusal costs neither time nor memory.

    Args:
        path: ``.nii`` or ``.nii.gz``, NIfTI-1 or NIfTI-2; the pair ``.hdr`` and ``.img`` is refused.

    Returns:
        Its header.

    Raises:
        RefusedSeries: with one of the codes of files or NIfTI; the path is in the message.
    """
    path = Path(path)
    length = _length(path)
    with open_stream(path) as stream, naming_damage(path):
        block = stream.read(HEADER_BYTES)
    header = parse_header(block, path)
    _check_length(header, length)
    return header


def is_compressed(path: Path) -> bool:
    """Whether a file is gzipped by its name."""
    return path.name.lower().endswith(".nii.gz")


def open_stream(path: Path) -> io.BufferedIOBase:
    """Open a file, inflating it if its name says so.

    Args:
        path: ``.nii`` or ``.nii.gz``.

    Raises:
        RefusedSeries: ``no_file``.
    """
    try:
        return gzip.open(path, "rb") if is_compressed(path) else path.open("rb")
    except OSError as error:
        raise _no_file(path, str(error.strerror)) from None


@contextlib.contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Turn what a gzip file can raise while it is read into a refusal."""
    try:
        yield
    except gzip.BadGzipFile as error:
        code = "not_nifti" if "Not a gzipped file" in str(error) else "truncated"
        raise RefusedSeries(
            code, f"{path}: expected a NIfTI volume in gzip, but it cannot be read ({error}); copy it again"
        ) from None
    except (EOFError, zlib.error, OSError) as error:
        raise RefusedSeries(
            "truncated",
            f"{path}: expected a NIfTI volume, but it cannot be read to its end ({error}); copy it again",
        ) from None


def _length(path: Path) -> int:
    """Length of the file, in bytes."""
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        raise RefusedSeries(
            "not_nifti",
            f"{path}: expected a NIfTI volume, whose name ends in .nii or .nii.gz; convert the image",
        )
    try:
        found = path.stat()
    except FileNotFoundError:
        raise _no_file(path, "found no file") from None
    except (OSError, ValueError) as error:
        raise _no_file(path, f"it cannot be reached ({error})") from None
    if not stat.S_ISREG(found.st_mode):
        raise _no_file(path, "found something that is no regular file")
    if found.st_size > MAX_VOLUME_BYTES + MAX_OFFSET:
        raise RefusedSeries(
            "too_large",
            f"{path}: expected a NIfTI volume of at most {(MAX_VOLUME_BYTES + MAX_OFFSET) >> 20} MiB, got "
            f"{found.st_size >> 20} MiB; cut the volume or resample it",
        )
    return found.st_size


def _check_length(header: NiftiHeader, length: int) -> None:
    """Compare the length of the file with what its header announces."""
    path, wanted = header.path, header.num_bytes
    if is_compressed(path):
        if wanted > SUSPECT_BYTES and wanted > SUSPECT_RATIO * length:
            raise RefusedSeries(
                "too_large",
                f"{path}: expected a NIfTI volume, but {length} bytes would inflate to "
                f"{wanted >> 20} MiB, which only an empty volume does; save a large mask as uint8",
            )
        return
    available = length - header.offset
    if available < wanted:
        raise RefusedSeries(
            "truncated",
            f"{path}: expected a NIfTI volume of {wanted} bytes of voxels, but the file cannot be read so "
            f"far: it has {max(available, 0)}; copy it again",
        )
    if available > wanted + SLACK:
        raise longer_than_announced(header)


def longer_than_announced(header: NiftiHeader) -> RefusedSeries:
    """The refusal of a file that goes on after its voxels."""
    return RefusedSeries(
        "too_large",
        f"{header.path}: expected a NIfTI volume of {header.num_bytes} bytes, as its header announces, but "
        f"more than {SLACK >> 20} MiB follow them; header and voxels are not of one image, convert it again",
    )


def _no_file(path: Path, found: str) -> RefusedSeries:
    return RefusedSeries("no_file", f"{path}: expected a NIfTI volume, {found}; check the path")
