"""Compressed pixels decoded in a child process, which a hostile file may crash, hang or fill."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

import taskgan_ext
from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.image_gate import BYTES_PER_PIXEL, size_of
from taskgan_ext.errors import RefusedSeries

CHILD = "taskgan_ext.dicom.decode_child"
FAULT, NO_MEMORY = 3, 4
"""Exit codes of the child for pixels that cannot be decoded, and for too little memory."""
CPU_SECONDS, CPU_SECONDS_PER_PIXEL = 4, 5e-6
"""Time that the child may use: to start, and for each pixel; RLE in Python needs up to a tenth of it."""
WALL_FACTOR, WALL_SECONDS = 4, 30
"""A machine that does other things, too, takes longer by the clock."""


def decode_images(files: Sequence[DicomFile]) -> Iterator[NDArray[np.uint16]]:
    """Decode the pixels of compressed images, all in one child process.

    The child has limits on memory, processor time and files (``decode_child``); a clock here ends it whatever
    it does. Only raw pixels come back, of the size that the header tells.

    Args:
        files: images that passed ``check_image``; none starts no child.

    Yields:
        Of each image its words of 16 bits, ``(rows, columns)``.

    Raises:
        RefusedSeries: the pixels of an image cannot be decoded within the limits.
    """
    if not files:
        return
    pixels = sum(rows * columns for rows, columns in map(size_of, files))
    cpu_seconds = CPU_SECONDS + round(CPU_SECONDS_PER_PIXEL * pixels)
    request = json.dumps({"cpu_seconds": cpu_seconds, "images": [_describe(file) for file in files]})
    with _running(WALL_FACTOR * cpu_seconds + WALL_SECONDS) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(request.encode())
            child.stdin.close()
        for file in files:
            yield _receive(file, child.stdout, child)


def _describe(file: DicomFile) -> dict[str, object]:
    assert file.pixels is not None
    rows, columns = size_of(file)
    return {
        "path": str(file.path.absolute()),
        "fragments": file.pixels.fragments,
        "syntax": file.syntax,
        "rows": rows,
        "columns": columns,
        "bits_stored": int(file.numbers("BitsStored", 1)[0]),
        "pixel_representation": int(file.numbers("PixelRepresentation", 1)[0]),
    }


@contextlib.contextmanager
def _running(wall_seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    # The child finds the package where this process has it, installed or not.
    root = str(Path(taskgan_ext.__file__).parents[1])
    paths = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    child = subprocess.Popen(  # noqa: S603 - this interpreter, a module of ours
        [sys.executable, "-B", "-m", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **one_thread, "PYTHONPATH": paths},
    )
    clock = threading.Timer(wall_seconds, child.kill)
    clock.daemon = True
    clock.start()
    try:
        yield child
    finally:
        clock.cancel()
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def _receive(file: DicomFile, stream: IO[bytes], child: subprocess.Popen[bytes]) -> NDArray[np.uint16]:
    rows, columns = size_of(file)
    content = stream.read(rows * columns * BYTES_PER_PIXEL)
    if len(content) == rows * columns * BYTES_PER_PIXEL:
        return np.frombuffer(content, dtype="<u2").reshape(rows, columns)
    status = child.wait()
    if status == NO_MEMORY:
        raise RefusedSeries(
            "too_large", f"{file.path}: the compressed pixels need more memory than an image of their size"
        )
    why = "they are damaged" if status == FAULT else "the decoder took too long or crashed"
    raise RefusedSeries(
        "pixel_format",
        f"{file.path}: the pixels cannot be decoded: {why}; export the image again uncompressed",
    )
