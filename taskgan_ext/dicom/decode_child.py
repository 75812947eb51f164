"""Decode compressed pixels under limits: ``python -m taskgan_ext.dicom.decode_child``, started by ``decode``.

It reads a request in JSON from standard input and writes the words of each image to standard output, nothing
else and nowhere else.
"""

import contextlib
import json
import mmap
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder

from taskgan_ext.dicom.codestream import check_codestream
from taskgan_ext.dicom.decode import FAULT, NO_MEMORY
from taskgan_ext.dicom.parser_faults import PARSER_FAULTS, quiet_parser

if sys.platform != "win32":
    import resource

MEMORY_BYTES, MEMORY_PER_PIXEL = 64 * 2**20, 64
"""Beyond what the interpreter has at the start; JPEG 2000 needs some 16 bytes a pixel."""
FALLBACK_START_BYTES = 2**30
"""Where the system does not tell how much that is."""


def main() -> int:
    """Decode what the request names.

    Returns:
        The exit code.
    """
    request = json.load(sys.stdin)
    images = request["images"]
    with quiet_parser():
        try:
            # The codecs are loaded before the limits are set, or they would count.
            decoders = {syntax: get_decoder(syntax) for syntax in {image["syntax"] for image in images}}
            _limit(request["cpu_seconds"], max(image["rows"] * image["columns"] for image in images))
            for image in images:
                sys.stdout.buffer.write(_decode(image, decoders[image["syntax"]]).tobytes())
            sys.stdout.buffer.flush()
        except MemoryError:
            return NO_MEMORY
        except PARSER_FAULTS:
            return FAULT
    return 0


def _limit(cpu_seconds: int, pixels: int) -> None:
    if sys.platform == "win32":
        return  # the clock of the parent remains
    memory = _used() + MEMORY_BYTES + MEMORY_PER_PIXEL * pixels
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: 0,  # not a byte to any file
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in limits.items():
        _, hard = resource.getrlimit(kind)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS refuses a limit on addresses
            resource.setrlimit(kind, (allowed, allowed))


def _used() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
    except OSError:
        return FALLBACK_START_BYTES


def _decode(image: Mapping[str, Any], decoder: Any) -> NDArray[np.generic]:  # noqa: ANN401
    rows, columns = image["rows"], image["columns"]
    with Path(image["path"]).open("rb") as file:
        pieces = []
        for start, length in image["fragments"]:
            file.seek(start)
            pieces.append(file.read(length))
    frame = b"".join(pieces)
    check_codestream(frame, image["syntax"], rows, columns)
    options = {key: image[key] for key in ("rows", "columns", "bits_stored", "pixel_representation")}
    words, _ = decoder.as_array(
        _encapsulated(frame),
        raw=True,
        number_of_frames=1,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        bits_allocated=16,
        pixel_keyword="PixelData",
        **options,
    )
    if words.shape != (rows, columns) or words.dtype.itemsize != 2:
        raise ValueError(f"expected {rows} x {columns} words, got {words.shape} of {words.dtype}")
    return words.astype(words.dtype.newbyteorder("<"))


def _encapsulated(frame: bytes) -> bytes:
    """One frame in one piece, as the decoders expect it."""
    frame += b"\0" * (len(frame) % 2)
    item, end = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
    return item + bytes(4) + item + len(frame).to_bytes(4, "little") + frame + end + bytes(4)


if __name__ == "__main__":
    sys.exit(main())
