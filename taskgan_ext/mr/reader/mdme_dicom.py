"""An MDME acquisition in DICOM files of any scanner, name and order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.dicom.geometry import Stack, stack_of
from taskgan_ext.dicom.pixel_values import read_values
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.reader.component import COMPONENTS, Component, component_of
from taskgan_ext.mr.reader.delays import orient_delays, sort_dynamics
from taskgan_ext.mr.reader.dynamics import Dynamics, find_dynamics
from taskgan_ext.mr.reader.given_times import GivenTimes, sequence_of
from taskgan_ext.mr.reader.grid import Place, check_full_grid, rank_times
from taskgan_ext.mr.reader.mr_images import check_acquired, one_value, read_mr_images, seconds_of, time_text
from taskgan_ext.mr.reader.signal_parts import join_parts
from taskgan_ext.mr.sequence import delays_from_slice_count

SAME_ECHO_S = 1e-4


@dataclass(frozen=True)
class _Sorted:
    """Headers in order: every image has one place (slice, dynamic, echo, component)."""

    files: Sequence[DicomFile]
    places: Sequence[Place]
    stack: Stack
    dynamics: Dynamics
    echo_times: tuple[float, ...]
    components: tuple[Component, ...]


def read_mdme_dicom(folder: Path, given: GivenTimes) -> MDMEImage:
    """Read an acquisition from a folder.

    The images are sorted by their headers: component, echo time, position and delay (see
    ``find_dynamics``). Where the header tells no delay it is computed from the number of slices, and the
    images decide which dynamic came first.

    Args:
        folder: all DICOM files of the acquisition, with subfolders; one or several series.
        given: times that take precedence over the headers.

    Returns:
        The image, delays and echoes ascending.

    Raises:
        DataError: a file cannot be read, files of something else are among them, or images are missing.
    """
    files = read_mr_images(folder)
    for file in files:
        check_acquired(file)
    one_value(files, "repetition time", lambda file: time_text(file, "RepetitionTime"))
    source = f"{folder} ({len(files)} DICOM images)"
    images = _sort(files, source)
    signal, kind = join_parts(_read_parts(images), source)

    repetition_time = given.repetition(seconds_of(files[0], "RepetitionTime"), source)
    delays, delays_from = _delays(images, given, repetition_time)
    if images.dynamics.delays is None:
        delays = orient_delays(signal, kind, delays, source)
    echo_times = given.echoes(images.echo_times, len(images.echo_times), source)
    return MDMEImage(
        signal=sort_dynamics(signal, delays),
        kind=kind,
        affine=images.stack.affine,
        sequence=sequence_of(repetition_time, echo_times, sorted(delays), source),
        delays_from=delays_from,
        frame_of_reference=files[0].text("FrameOfReferenceUID"),
        source=source,
        field_strength=files[0].number("MagneticFieldStrength") or None,
    )


def _sort(files: Sequence[DicomFile], source: str) -> _Sorted:
    kinds = [component_of(file) for file in files]
    components = tuple(kind for kind in COMPONENTS if kind in kinds)
    echo_of, echo_times = rank_times([_echo_time(file) for file in files], SAME_ECHO_S)
    stack = stack_of(files)
    groups = [
        (slice_, int(echo), components.index(kind))
        for slice_, echo, kind in zip(stack.slice_of, echo_of, kinds, strict=True)
    ]
    dynamics = find_dynamics(files, groups)
    places = [
        (slice_, dynamic, echo, component)
        for (slice_, echo, component), dynamic in zip(groups, dynamics.index, strict=True)
    ]
    labels = (
        [f"slice at {position:.2f} mm" for position in stack.positions],
        dynamics.labels,
        [f"TE {1000 * time:g} ms" for time in echo_times],
        components,
    )
    check_full_grid(places, [file.path.name for file in files], labels, source)
    return _Sorted(files, places, stack, dynamics, echo_times, components)


def _echo_time(file: DicomFile) -> float:
    time = seconds_of(file, "EchoTime")
    if time is None:
        raise DataError(f"{file}: expected a positive EchoTime in ms, got {file.text('EchoTime') or 'none'}")
    return time


def _read_parts(images: _Sorted) -> Mapping[Component, NDArray[np.float32]]:
    shape = (*images.stack.shape, len(images.dynamics.labels), len(images.echo_times))
    parts: dict[Component, NDArray[np.float32]] = {
        component: np.empty(shape, dtype=np.float32) for component in images.components
    }
    for values, (slice_, dynamic, echo, component) in zip(
        read_values(images.files), images.places, strict=True
    ):
        parts[images.components[component]][:, :, slice_, dynamic, echo] = values
    return parts


def _delays(images: _Sorted, given: GivenTimes, repetition_time: float) -> tuple[tuple[float, ...], str]:
    """Delays in the order of the dynamics, and where they come from."""
    found, count = images.dynamics.delays, len(images.dynamics.labels)
    if given.delays is not None:
        if found is not None and len(given.delays) != len(found):
            raise DataError(
                f"{images.files[0].path.parent}: expected {len(found)} delays, one for each of the headers' "
                f"{', '.join(images.dynamics.labels)}, got {list(given.delays)}"
            )
        return (given.delays if found is None else tuple(sorted(given.delays))), "user"
    if found is not None:
        return found, "header"
    try:
        # The first dynamic has the longest delay, by all that is published; the images have the last word.
        computed = delays_from_slice_count(images.stack.shape[2], repetition_time, count)[::-1]
    except ConfigError as error:
        raise DataError(
            f"{images.files[0].path.parent}: the headers tell no delays, and they cannot be computed from "
            f"the number of slices ({error}); give them with --td"
        ) from None
    return computed, "slice count"
