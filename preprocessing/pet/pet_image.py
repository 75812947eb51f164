"""A PET image from outside, DICOM or NIfTI, with what is known about its unit and its scan."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.series import Series
from taskgan_ext.dicom.suv import activity_per_count, suv_factor
from taskgan_ext.errors import RefusedSeries
from taskgan_ext.io.atomic import read_json
from taskgan_ext.io.nifti import load_nifti

BQ_ML, SUV, UNKNOWN = "Bq/ml", "SUV (g/ml)", "unknown"
_UNITS = {"BQML": BQ_ML, "GML": SUV}
_UNIT = re.compile(r"[kmgµ]?(bq|ci|counts?|cps|suv[a-z]{0,3}|g)( ?/ ?[mc]?(l|c|s|cc|m3|m\^3))?")
_SIDECAR_UNITS = {"bq/ml": BQ_ML, "arbitrary": "arbitrary", "suv": SUV, "suv (g/ml)": SUV, "g/ml": SUV}


@dataclass(frozen=True)
class PetImage:
    """A PET volume.

    Attributes:
        volume: ``(X, Y, Z)``, float32, finite.
        affine: ``(4, 4)``, voxel index to RAS millimetres.
        unit: ``Bq/ml``, ``SUV (g/ml)``, ``arbitrary`` (reconstructed without calibration) or ``unknown``.
        headers: data sets of the slices; none of a NIfTI file.
        notices: what the user should know, one text each.
    """

    volume: NDArray[np.float32]
    affine: NDArray[np.float64]
    unit: str
    headers: Sequence[Dataset] = ()
    notices: tuple[str, ...] = field(default=())


def read_pet(path: Path, what: str, *, suv: bool = False, series_uid: str | None = None) -> PetImage:
    """Read a PET image.

    Args:
        path: a folder with one DICOM series, or a NIfTI file; a JSON file of the same name beside it may tell
            the unit as ``Units`` (BIDS-PET) or ``units``.
        what: the image is, for messages, such as ``full dose``.
        suv: give SUV by body weight; Bq/ml otherwise, unless the file holds SUV.
        series_uid: SeriesInstanceUID of the series to read, where a folder has several.

    Returns:
        The image.

    Raises:
        RefusedSeries: it cannot be read, its units are no concentrations of activity, or an attribute that
            SUV needs is missing.
    """
    if path.is_dir():
        return _from_series(read_series(path, series_uid=series_uid, modality="PT"), path, suv=suv)
    volume, affine = load_nifti(path)
    volume = _single(volume, path)
    unit = _unit_beside(path)
    if suv and unit != SUV:
        raise RefusedSeries(
            "suv_tag_missing",
            f"{path}: SUV needs dose, weight and times of a DICOM header, which NIfTI files do not have; "
            "give the DICOM series, or values that are SUV already",
        )
    notice = f"{what}: the file does not tell its unit; check that both images have the same one"
    return PetImage(volume, affine, unit, notices=(notice,) if unit == UNKNOWN else ())


def _single(volume: NDArray[np.float32], path: Path) -> NDArray[np.float32]:
    """Drop axes of length one behind the third: a scan of one frame is often stored with four axes."""
    if volume.ndim < 3 or any(length != 1 for length in volume.shape[3:]):
        raise RefusedSeries(
            "dimensions",
            f"{path}: expected one volume (X, Y, Z), got axes of {volume.shape}; choose or add up the frames "
            "of a dynamic scan first",
        )
    return volume.reshape(volume.shape[:3])


def _from_series(series: Series, path: Path, *, suv: bool) -> PetImage:
    image = PetImage(series.volume, series.affine, BQ_ML, series.headers, series.warnings)
    if suv or series.units == "GML":
        # Of values that are SUV already, this checks that they are by body weight.
        found = suv_factor(series.headers)
        volume = series.volume * np.float32(found.factor)
        return replace(image, volume=volume, unit=SUV, notices=(*series.warnings, *found.warnings))
    if series.units == "CNTS":
        return replace(image, volume=series.volume * np.float32(activity_per_count(series.headers)))
    if series.units != "BQML":
        raise RefusedSeries(
            "units_unsupported",
            f"{path}: expected Units BQML, GML or CNTS, got {series.units or 'none'}; export the images as "
            "concentrations of activity",
        )
    return image


def scan_facts(header: Dataset) -> Mapping[str, Any]:
    """What a sidecar tells about a scan, by the names of BIDS-PET where there are some.

    Args:
        header: of any slice, de-identified.
    """
    tracer = next(iter(header.get("RadiopharmaceuticalInformationSequence", [])), Dataset())
    dose = tracer.get("RadionuclideTotalDose")
    duration = header.get("ActualFrameDuration")
    facts = {
        "Manufacturer": header.get("Manufacturer"),
        "ManufacturersModelName": header.get("ManufacturerModelName"),
        "InjectedRadioactivity": None if dose is None else float(dose) / 1e6,
        "InjectedRadioactivityUnits": None if dose is None else "MBq",
        "BodyWeight": None if header.get("PatientWeight") is None else float(header.PatientWeight),
        "FrameDuration": None if duration is None else [float(duration) / 1000],
        "ImageDecayCorrected": header.get("DecayCorrection", "NONE") != "NONE",
        "DecayCorrection": header.get("DecayCorrection"),
    }
    return {key: value for key, value in facts.items() if value not in (None, "")}


def _unit_beside(path: Path) -> str:
    stem = path.name.removesuffix(".gz").removesuffix(".nii")
    sidecar = path.with_name(f"{stem}.json")
    if not sidecar.is_file():
        return UNKNOWN
    content = read_json(sidecar)
    text = str(content.get("Units", content.get("units", ""))).strip().lower()
    if not text:
        return UNKNOWN
    if text not in _SIDECAR_UNITS:
        raise RefusedSeries(
            "units_unsupported",
            f"{sidecar}: expected Units Bq/mL, g/mL (SUV) or arbitrary, got {_quoted(text)}; convert the "
            "values and write the unit that they then have",
        )
    return _SIDECAR_UNITS[text]


def _quoted(text: str) -> str:
    """A unit, if it looks like one: anything else could name a patient."""
    return text if _UNIT.fullmatch(text) else "another text"
