"""An MDME acquisition in one NIfTI file: complex, or prepared by this project."""

from pathlib import Path
from typing import Any

import numpy as np

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.reader.delays import orient_delays, sort_dynamics
from taskgan_ext.mr.reader.given_times import GivenTimes, sequence_of
from taskgan_ext.mr.reader.nifti_array import NiftiArray, read_nifti, read_sidecar, sidecar_number, stem_of
from taskgan_ext.mr.reader.nifti_set import DELAY_KEY, FIELD_KEY, json_list
from taskgan_ext.mr.sequence import MDMESequence

PREPARED = "_mdme"
"""Ending of the stem of a prepared file."""


def read_nifti_file(path: Path, given: GivenTimes) -> MDMEImage:
    """Read an acquisition from one file.

    Args:
        path: ``<name>_mdme.nii.gz`` as this project prepares it, float32 with the sign restored, its times
            in ``<name>.json``; or any complex file of shape ``(X, Y, Z, delays, echoes)`` or, echoes inner,
            ``(X, Y, Z, delays * echoes)``, with ``SaturationDelayTime`` and ``EchoTime`` (lists) and
            ``RepetitionTime`` in the JSON file of the same stem, in s.
        given: times that take precedence over the JSON file.

    Returns:
        The image, delays and echoes ascending.

    Raises:
        DataError: the file has lost its imaginary part, its shape does not fit the times, or times are not
            known.
    """
    array = read_nifti(path)
    if array.is_complex:
        return _read_complex(array, given)
    # The JSON file of a prepared one is named after the subject, not after the file.
    sidecar = path.with_name(f"{stem_of(path).removesuffix(PREPARED)}.json")
    if not stem_of(path).endswith(PREPARED) or not sidecar.is_file():
        raise DataError(
            f"{path}: expected complex numbers, but the file holds real ones: their imaginary part is not in "
            "it. Give the folder with the files of all parts, a complex file, or a prepared ..._mdme.nii.gz "
            "with its JSON file beside it"
        )
    return _read_prepared(array, sidecar, given)


def _read_prepared(array: NiftiArray, path: Path, given: GivenTimes) -> MDMEImage:
    content = read_json(path)
    try:
        sequence = MDMESequence.from_dict(content["sequence"])
    except (KeyError, TypeError, ConfigError) as error:
        raise DataError(
            f"{path}: expected the times of {array.path.name} under 'sequence' ({error})"
        ) from None
    source = str(array.path)
    signal = _unfold(array, len(sequence.delays), len(sequence.echo_times))
    delays = sequence.delays
    if given.delays is not None:
        delays = tuple(sorted(given.delays))
        if len(delays) != len(sequence.delays):
            raise DataError(f"{source}: expected {len(sequence.delays)} delays, got {list(given.delays)}")
    echo_times = given.echoes(sequence.echo_times, len(sequence.echo_times), source)
    repetition_time = given.repetition(sequence.repetition_time, source)
    return MDMEImage(
        signal=signal,
        kind="signed",
        affine=array.affine,
        sequence=sequence_of(repetition_time, echo_times, delays, source, like=sequence),
        delays_from=str(content.get("delays_from", "header")) if given.delays is None else "user",
        source=source,
        field_strength=sidecar_number(content, "field_strength", array.path),
    )


def _read_complex(array: NiftiArray, given: GivenTimes) -> MDMEImage:
    sidecar, source = read_sidecar(array.path), str(array.path)
    echo_times = given.echo_times or json_list(sidecar, "EchoTime")
    if echo_times is None:
        raise DataError(
            f"{source}: expected a list EchoTime in its JSON file, found none; add it, or give --te"
        )
    delays = given.delays or json_list(sidecar, DELAY_KEY)
    if delays is None:
        raise DataError(
            f"{source}: expected a list {DELAY_KEY} in its JSON file, found none; add it, or give --td"
        )
    signal = _unfold(array, len(delays), len(echo_times))
    if given.delays is not None:
        delays = orient_delays(signal, "complex", delays, source)
    repetition_time = given.repetition(_repetition_time(sidecar, array.path), source)
    signal = sort_dynamics(signal, delays)[..., np.argsort(echo_times)]
    return MDMEImage(
        signal=signal,
        kind="complex",
        affine=array.affine,
        sequence=sequence_of(repetition_time, sorted(echo_times), sorted(delays), source),
        delays_from="header" if given.delays is None else "user",
        source=source,
        field_strength=sidecar_number(sidecar, FIELD_KEY, array.path),
    )


def _repetition_time(sidecar: dict[str, Any], path: Path) -> float | None:
    return sidecar_number(sidecar, "RepetitionTime", path)


def _unfold(array: NiftiArray, num_delays: int, num_echoes: int) -> np.ndarray[Any, Any]:
    shape = array.data.shape
    if len(shape) < 4 or shape[3:] not in ((num_delays, num_echoes), (num_delays * num_echoes,)):
        raise DataError(
            f"{array.path}: expected {num_delays} delays x {num_echoes} echoes after the three axes of "
            f"space, in one axis or in two, got shape {shape}"
        )
    return array.data.reshape(*shape[:3], num_delays, num_echoes)
