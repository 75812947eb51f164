"""A conventional scan, read, registered and brought to the MDME grid."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.mr.checkerboard import write_checkerboard
from preprocessing.mr.registration import compare, register
from preprocessing.mr.registration_record import RegistrationRecord
from preprocessing.mr.resampling import resample
from preprocessing.mr.scan_check import check_shows_something
from preprocessing.mr.subject_files import ContrastVolume
from preprocessing.mr.volume import Volume, transform_points
from taskgan_ext.errors import DataError
from taskgan_ext.mr.prepared_subject import PreparedSubject
from taskgan_ext.mr.protocol import Protocol
from taskgan_ext.mr.reader.conventional import read_contrast
from taskgan_ext.mr.reader.scan_times import merge_protocol
from taskgan_ext.mr.signal import synthesise

SHORTEST_T1 = 0.3
"""In s; noise makes shorter ones."""


@dataclass(frozen=True)
class ImportedContrast:
    """A conventional scan on the MDME grid, and how it came there.

    Attributes:
        volume: the scan on the MDME grid.
        scan: the scan as it was read.
        matrix: from RAS millimetres of the MDME images to those of the scan.
        covered: ``(X, Y, Z)``, true in the part of the brain that the scan shows.
        record: of the registration.
        protocol_from: where its times come from, see ``MergedProtocol.origin``.
        notices: what the user should know about its times, one text each.
        same_frame: whether both sides say that they share a scanner frame; ``None`` where one does not say.
    """

    volume: ContrastVolume
    scan: Volume
    matrix: NDArray[np.float64]
    covered: NDArray[np.bool_]
    record: RegistrationRecord
    protocol_from: str
    notices: tuple[str, ...]
    same_frame: bool | None


def import_contrast(
    name: str, path: Path, prepared: PreparedSubject, table_protocol: Protocol, registers: bool
) -> ImportedContrast:
    """Read a conventional scan and bring it to the MDME grid.

    It is registered to the map of 1 / T1, whatever its contrast: white matter, grey matter and fluid differ
    in it clearly, and it has neither a receive field nor the artefacts of a synthesised FLAIR. (On two
    simulated heads that were moved by 2 degrees and 2.5 mm, T2FLAIR comes back to 0.3 mm this way, and to
    0.8 and 1.2 mm by registration to the synthesised image.)

    Args:
        name: of the contrast.
        path: DICOM folder or NIfTI.
        prepared: the MDME side.
        table_protocol: times to take where the files do not tell.
        registers: whether to look for a movement.

    Raises:
        DataError: the scan cannot be read or does not cover the brain; the message names the contrast.
    """
    try:
        image = read_contrast(path)
        check_shows_something(image.data, path)
        merged = merge_protocol(name, image.times, table_protocol)
        # Skull-stripped volumes may be NaN outside the brain.
        scan = Volume(np.nan_to_num(image.data), image.affine)
        fixed = Volume(relaxation_rate(prepared), prepared.image.affine)
        matrix, record = (register if registers else compare)(fixed, scan, prepared.brain)
    except DataError as error:
        raise error.naming(name) from error
    frames = image.frame_of_reference, prepared.image.frame_of_reference
    return ImportedContrast(
        volume=ContrastVolume(resample(scan, fixed, matrix), merged.protocol),
        scan=scan,
        matrix=matrix,
        covered=_covered(scan, fixed, prepared.brain, matrix),
        record=record,
        protocol_from=merged.origin,
        notices=merged.notices,
        same_frame=frames[0] == frames[1] if all(frames) else None,
    )


def write_contrast_checkerboard(path: Path, contrast: ImportedContrast, prepared: PreparedSubject) -> None:
    """Write the synthesised image of the contrast against the scan.

    Args:
        path: PNG to write.
        contrast: the scan on the MDME grid.
        prepared: the MDME side.
    """
    write_checkerboard(
        path,
        synthesise_from(prepared, contrast.volume.protocol),
        contrast.volume.data,
        prepared.brain,
        prepared.image.affine,
    )


def relaxation_rate(prepared: PreparedSubject) -> NDArray[np.float32]:
    """Map of 1 / T1, to which scans of all contrasts are registered.

    Args:
        prepared: the MDME side.

    Returns:
        ``(X, Y, Z)`` in 1/s, at most that of fat; 0 where nothing was fitted.
    """
    t1 = prepared.maps.t1
    return np.where(t1 > 0, 1 / np.maximum(t1, SHORTEST_T1), 0).astype(np.float32)


def synthesise_from(prepared: PreparedSubject, protocol: Protocol) -> NDArray[np.float32]:
    """Synthesise a contrast from the maps of a prepared subject.

    Args:
        prepared: the MDME side.
        protocol: times of the contrast.

    Returns:
        Magnitude ``(X, Y, Z)``.
    """
    maps = prepared.maps
    return synthesise(maps.t1, maps.t2, maps.pd, protocol)


def _covered(
    scan: Volume, fixed: Volume, brain: NDArray[np.bool_], matrix: NDArray[np.float64]
) -> NDArray[np.bool_]:
    points = transform_points(np.argwhere(brain).astype(np.float64), matrix @ fixed.affine)
    result = np.zeros_like(brain)
    result[brain] = scan.covers(points)
    return result
