"""Voxels of a NIfTI file whose header passed the gate."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.nifti_gate import SLACK, is_compressed, longer_than_announced, naming_damage, open_stream
from taskgan_ext.io.nifti_header import NiftiHeader

_CHUNK = 1024**2  # bytes read at once; voxels that are scaled at once


def read_voxels(
    header: NiftiHeader, allow_nonfinite: bool = False
) -> NDArray[np.float32] | NDArray[np.complex64]:
    """Read the voxels that a header announces, and no more.

    A gzip file is read to its end, so that its checksum tells a damaged one.

    Args:
        header: from ``check_nifti``.
        allow_nonfinite: give NaN and infinite values instead of refusing them.

    Returns:
        Values ``stored * slope + inter`` of the shape of the header, first axis fastest; complex64 where the
        file is complex, else float32.

    Raises:
        RefusedSeries: ``truncated``, ``too_large`` for a file that goes on, or ``nonfinite``.
    """
    stored = _read(header).view(header.dtype)
    values = _scaled(stored, header)
    if not allow_nonfinite:
        check_finite(values, header.path)
    return values.reshape(header.shape, order="F")


def check_finite(values: NDArray[np.float32] | NDArray[np.complex64], path: Path) -> None:
    """Refuse NaN and infinite values.

    Args:
        values: of the voxels.
        path: their file, for the message.

    Raises:
        RefusedSeries: ``nonfinite``.
    """
    finite = np.isfinite(values)
    if not finite.all():
        raise RefusedSeries(
            "nonfinite",
            f"{path}: expected a NIfTI volume of finite numbers, but {np.count_nonzero(~finite)} values are "
            "not finite; set them to 0",
        )


def _read(header: NiftiHeader) -> NDArray[np.uint8]:
    buffer = np.empty(header.num_bytes, dtype=np.uint8)
    with open_stream(header.path) as stream, naming_damage(header.path):
        _skip(stream, header.offset)
        filled = _fill(stream, buffer)
        if filled < len(buffer):
            raise EOFError(f"{filled} of {len(buffer)} bytes of voxels")
        if is_compressed(header.path) and _skip(stream, SLACK + 1) > SLACK:
            raise longer_than_announced(header)
    return buffer


def _fill(stream: io.BufferedIOBase, buffer: NDArray[np.uint8]) -> int:
    filled = 0
    while filled < len(buffer) and (chunk := stream.read(min(_CHUNK, len(buffer) - filled))):
        buffer[filled : filled + len(chunk)] = np.frombuffer(chunk, dtype=np.uint8)
        filled += len(chunk)
    return filled


def _skip(stream: io.BufferedIOBase, length: int) -> int:
    """Read and forget; gives the number of bytes that there were."""
    found = 0
    while found < length and (chunk := stream.read(min(_CHUNK, length - found))):
        found += len(chunk)
    return found


def _scaled(stored: NDArray[Any], header: NiftiHeader) -> NDArray[Any]:
    values = np.empty(stored.shape, dtype=np.complex64 if header.is_complex else np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        if (header.slope, header.inter) == (1, 0):
            values[...] = stored
            return values
        for start in range(0, len(stored), _CHUNK):  # in parts: scaling takes double precision
            part = slice(start, start + _CHUNK)
            values[part] = stored[part] * np.float64(header.slope) + header.inter
    return values
