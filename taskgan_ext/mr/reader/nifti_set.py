"""An MDME acquisition in several NIfTI files: as dcm2niix writes it, or in BIDS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.reader.component import COMPONENTS, Component
from taskgan_ext.mr.reader.delays import orient_delays, sort_dynamics
from taskgan_ext.mr.reader.given_times import GivenTimes, sequence_of
from taskgan_ext.mr.reader.grid import check_full_grid
from taskgan_ext.mr.reader.nifti_array import NiftiArray, read_nifti, read_sidecar, sidecar_number
from taskgan_ext.mr.reader.nifti_names import NamedPart
from taskgan_ext.mr.reader.signal_parts import join_parts

DELAY_KEY = "SaturationDelayTime"
"""Own key of the sidecars, in s: a number, or a list along the fourth axis. BIDS has none for it."""
FIELD_KEY = "MagneticFieldStrength"
SAME_TIME_S = 1e-5


@dataclass(frozen=True)
class _Set:
    """The files of one acquisition; dynamics and echoes ascend by their numbers."""

    folder: Path
    parts: Sequence[NamedPart]
    sidecars: Sequence[dict[str, Any]]
    components: tuple[Component, ...]
    dynamics: tuple[int | None, ...]
    echoes: tuple[int, ...]


def read_nifti_set(folder: Path, parts: Sequence[NamedPart], given: GivenTimes) -> MDMEImage:
    """Read an acquisition from files that hold one echo and one part each.

    Args:
        folder: where the files are, for messages.
        parts: the files; each holds all delays along its fourth axis, or one.
        given: times that take precedence over the sidecars.

    Returns:
        The image, delays and echoes ascending.

    Raises:
        DataError: a file is missing, differs in shape or place, or times are not known.
    """
    files = _arrange(folder, parts)
    source = f"{folder} ({len(parts)} NIfTI files)"
    arrays = [read_nifti(part.path) for part in parts]
    num_delays = _check_arrays(files, arrays)
    signal, kind = join_parts(_fill(files, arrays, num_delays), source)

    repetition_time = given.repetition(_shared(files, "RepetitionTime", range(len(parts))), source)
    found = [_shared(files, "EchoTime", _having(files, echo=echo)) for echo in files.echoes]
    known = [time for time in found if time is not None]
    echo_times = given.echoes(known if len(known) == len(found) else None, len(found), source)
    delays = _delays(files, num_delays) if given.delays is None else given.delays
    if delays is None:
        raise DataError(
            f"{source}: the delays of the {num_delays} dynamics are not known: the JSON files have no "
            f"{DELAY_KEY} (and dcm2niix keeps only the first InversionTime); give them with --td, in seconds"
        )
    if given.delays is not None:
        delays = orient_delays(signal, kind, delays, source)
    return MDMEImage(
        signal=sort_dynamics(signal, delays),
        kind=kind,
        affine=arrays[0].affine,
        sequence=sequence_of(repetition_time, echo_times, sorted(delays), source),
        delays_from="header" if given.delays is None else "user",
        source=source,
        field_strength=_shared(files, FIELD_KEY, range(len(parts))),
    )


def _arrange(folder: Path, parts: Sequence[NamedPart]) -> _Set:
    heads = sorted({part.head for part in parts})
    if len(heads) > 1:
        raise DataError(
            f"{folder}: expected the files of one acquisition, found several: {', '.join(heads)}; "
            "keep one to a folder"
        )
    kinds = {part.component for part in parts}
    components = tuple(component for component in COMPONENTS if component in kinds)
    dynamics = tuple(sorted({part.dynamic for part in parts}, key=lambda number: number or 0))
    echoes = tuple(sorted({part.echo for part in parts}))
    places = [
        (dynamics.index(part.dynamic), echoes.index(part.echo), components.index(part.component))
        for part in parts
    ]
    labels = (
        ["all delays" if number is None else f"TD{number}" for number in dynamics],
        [f"echo {number}" for number in echoes],
        components,
    )
    check_full_grid(places, [part.path.name for part in parts], labels, str(folder))
    sidecars = [read_sidecar(part.path) for part in parts]
    return _Set(folder, parts, sidecars, components, dynamics, echoes)


def _check_arrays(files: _Set, arrays: Sequence[NiftiArray]) -> int:
    """Check that the arrays fit together; gives the number of delays."""
    first = arrays[0]
    dimensions = 4 if files.dynamics == (None,) else 3
    for array in arrays:
        if array.is_complex:
            raise DataError(
                f"{array.path}: expected one part of a complex signal by its name, got complex numbers; "
                "give a complex acquisition as one file"
            )
        if array.data.ndim != dimensions:
            raise DataError(
                f"{array.path}: expected {dimensions} dimensions, got shape {array.data.shape}; "
                "the dynamics of one echo and part go into one 4D file, or each into its own, named as in "
                "BIDS or with its delay in ms (..._e1_real_t146.nii.gz)"
            )
        if array.data.shape != first.data.shape or not np.allclose(array.affine, first.affine, atol=1e-2):
            raise DataError(
                f"expected files of one shape and place, but {first.path} (shape {first.data.shape}) and "
                f"{array.path} (shape {array.data.shape}) differ; convert the acquisition again as a whole"
            )
    return int(first.data.shape[3]) if dimensions == 4 else len(files.dynamics)


def _fill(
    files: _Set, arrays: Sequence[NiftiArray], num_delays: int
) -> Mapping[Component, NDArray[np.float32]]:
    shape = (*arrays[0].data.shape[:3], num_delays, len(files.echoes))
    joined: dict[Component, NDArray[np.float32]] = {
        component: np.empty(shape, dtype=np.float32) for component in files.components
    }
    for part, array in zip(files.parts, arrays, strict=True):
        dynamic = slice(None) if part.dynamic is None else files.dynamics.index(part.dynamic)
        joined[part.component][:, :, :, dynamic, files.echoes.index(part.echo)] = array.data
    return joined


def _having(files: _Set, echo: int) -> list[int]:
    return [number for number, part in enumerate(files.parts) if part.echo == echo]


def _shared(files: _Set, key: str, numbers: Sequence[int]) -> float | None:
    """A time that sidecars agree on; ``None`` where none has it."""
    found: tuple[float, Path] | None = None
    for number in numbers:
        path = files.parts[number].path
        value = sidecar_number(files.sidecars[number], key, path)
        if value is None:
            continue
        if found is not None and abs(value - found[0]) > SAME_TIME_S:
            raise DataError(
                f"expected one {key}, but the JSON beside {found[1]} says {found[0]:g} and that beside "
                f"{path} {value:g}; keep one acquisition in the folder"
            )
        found = found or (value, path)
    return found[0] if found else None


def _delays(files: _Set, num_delays: int) -> tuple[float, ...] | None:
    """Delays of sidecars or names in the order of the dynamics; ``None`` where they are not complete."""
    if files.dynamics != (None,):
        numbers = {
            dynamic: [k for k, part in enumerate(files.parts) if part.dynamic == dynamic]
            for dynamic in files.dynamics
        }
        found = [
            files.parts[members[0]].delay if (told := _shared(files, DELAY_KEY, members)) is None else told
            for members in numbers.values()
        ]
        known = tuple(delay for delay in found if delay is not None)
        return known if len(known) == len(found) else None
    lists = {json_list(sidecar, DELAY_KEY) for sidecar in files.sidecars} - {None}
    if len(lists) > 1:
        raise DataError(f"{files.folder}: the JSON files disagree on {DELAY_KEY}; correct them, or give --td")
    for delays in lists:
        if delays is not None and len(delays) == num_delays:
            return delays
    return None


def json_list(sidecar: Mapping[str, Any], key: str) -> tuple[float, ...] | None:
    """Give a list of numbers of a sidecar; ``None`` where the key holds anything else.

    Args:
        sidecar: content of a JSON file.
        key: name of the list.
    """
    value = sidecar.get(key)
    if not isinstance(value, list) or not all(isinstance(item, (int, float)) for item in value):
        return None
    return tuple(map(float, value))
