"""Standardised uptake value by body weight: the factor of a PET series, by the rules of its vendor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydicom import Dataset

from taskgan_ext.dicom.suv_frame_reference import check_frame_reference
from taskgan_ext.dicom.suv_header import refusal, shared_number, shared_text, tracers
from taskgan_ext.dicom.suv_private import PHILIPS_ACTIVITY, PHILIPS_SUV, philips_factor
from taskgan_ext.dicom.suv_times import MOST_HALF_LIVES, decay_reference, injection_time
from taskgan_ext.errors import RefusedSeries

LEAST_DOSE = 1e6
"""In Bq; a smaller number is rather one in MBq."""
LIGHTEST, HEAVIEST = 1.0, 400.0
"""Weight of a patient, in kg."""
SAME_FACTOR = 1e-3
"""Relative difference between the factor of the vendor and that of the dose beyond which a warning is due."""
UNITS = ("CNTS", "NONE", "PCNT", "CPS", "BQML", "PROPCNTS", "PROPCPS", "MLMINML", "MLML", "GML", "STDDEV")
"""Usual ones of the defined terms of Units (0054,1001), PS3.3 C.8.9.1.1.3."""
SUV_TYPES = ("BSA", "BW", "LBM", "LBMJAMES128", "LBMJANMA", "IBW")
"""Defined terms of SUVType (0054,1006)."""


@dataclass(frozen=True)
class SuvFactor:
    """What turns the values of a series into SUV by body weight.

    Attributes:
        factor: g/ml per unit of the values, after RescaleSlope and RescaleIntercept of each slice.
        rule: how it was found, for people.
        injected_bq: dose at the injection, in Bq; ``None`` where the rule does not need it, as below.
        dose_bq: the same at the moment to which the values are corrected for decay, in Bq.
        uptake: from the injection to the start of the scan, in s; ``None`` also with ADMIN.
        half_life: of the radionuclide, in s.
        weight_kg: of the patient.
        warnings: what the user should know, one text each.
    """

    factor: float
    rule: str
    injected_bq: float | None = None
    dose_bq: float | None = None
    uptake: float | None = None
    half_life: float | None = None
    weight_kg: float | None = None
    warnings: tuple[str, ...] = ()


def suv_factor(headers: Sequence[Dataset]) -> SuvFactor:
    """Find the factor from the values of a PET series to SUV by body weight.

    Args:
        headers: data sets of all slices of one series, in any order; pixels are not needed.

    Returns:
        The factor and what it is made of.

    Raises:
        RefusedSeries: ``units_unsupported``, Units is none that is known; ``suv_tag_missing``, an attribute
            is missing, impossible or not the same in all slices; the message names it.
        ValueError: there are no headers.
    """
    if not headers:
        raise ValueError("expected the header of at least one slice")
    units = shared_text(headers, "Units", needed=True)
    if units == "BQML":
        return _with_philips_check(headers, _from_dose(headers))
    if units == "GML":
        return _from_suv(headers)
    if units == "CNTS":
        return _from_counts(headers)
    raise RefusedSeries(
        "units_unsupported",
        f"SUV: expected Units (0054,1001) BQML, GML or CNTS, got {_known(units, UNITS)}; export the series "
        "in Bq/ml",
    )


def activity_per_count(headers: Sequence[Dataset]) -> float:
    """Find the activity concentration of one count of a series with the Units CNTS.

    Args:
        headers: data sets of all slices of one series.

    Returns:
        Bq/ml per unit of the values: the private factor (7053,xx09) of Philips.

    Raises:
        RefusedSeries: ``suv_tag_missing``, there is none, it is impossible or not the same in all slices.
    """
    activity = philips_factor(headers, PHILIPS_ACTIVITY)
    if activity is None:
        raise RefusedSeries(
            "suv_tag_missing",
            "Units (0054,1001) is CNTS, and the private factors of Philips that turn counts into Bq/ml, "
            "(7053,xx09), or into SUV, (7053,xx00), are missing; export the series in Bq/ml, or with them",
        )
    return activity


def _from_dose(headers: Sequence[Dataset]) -> SuvFactor:
    """Factor of values in Bq/ml: weight over the dose that is left at the moment they are corrected to."""
    correction = _decay_correction(headers)
    weight = shared_number(headers, "PatientWeight", LIGHTEST, HEAVIEST)
    items = tracers(headers)
    injected = shared_number(items, "RadionuclideTotalDose")
    if injected < LEAST_DOSE:
        raise refusal(
            "RadionuclideTotalDose", f"is {injected:g}, which may be in MBq; expected Bq, at least 1e6"
        )
    if correction == "ADMIN":
        # The images are corrected to the injection already (PS3.3 C.8.9.1.1.4).
        factor = weight * 1e3 / injected
        return SuvFactor(factor, "BQML, ADMIN", injected, injected, weight_kg=weight)
    half_life = shared_number(items, "RadionuclideHalfLife")
    scan = decay_reference(headers)
    injection = injection_time(headers, items, scan.moment, half_life)
    uptake = (scan.moment - injection.moment).total_seconds()
    if not 0 <= uptake <= MOST_HALF_LIVES * half_life:
        raise refusal(
            injection.rule.partition(",")[0],
            f"is {uptake:.0f} s before the scan, expected 0 to {MOST_HALF_LIVES:g} half-lives",
        )
    dose = injected * 2 ** (-uptake / half_life)
    return SuvFactor(
        factor=weight * 1e3 / dose,
        rule=f"BQML, START: {scan.rule}; {injection.rule}",
        injected_bq=injected,
        dose_bq=dose,
        uptake=uptake,
        half_life=half_life,
        weight_kg=weight,
        warnings=(
            *scan.warnings,
            *injection.warnings,
            *check_frame_reference(headers, scan.moment, half_life),
        ),
    )


def _decay_correction(headers: Sequence[Dataset]) -> str:
    correction = shared_text(headers, "DecayCorrection", needed=True)
    if correction not in ("START", "ADMIN"):
        raise refusal("DecayCorrection", f"is {_known(correction, ('NONE',))}, expected START or ADMIN")
    corrected = shared_text(headers, "CorrectedImage", needed=True).split("\\")
    for needed, what in (("ATTN", "attenuation"), ("DECY", "decay")):
        if needed not in corrected:
            raise refusal("CorrectedImage", f"lacks {needed}: the images are not corrected for {what}")
    return correction


def _from_suv(headers: Sequence[Dataset]) -> SuvFactor:
    kind = shared_text(headers, "SUVType")
    if kind not in ("", "BW"):
        # PS3.3 C.8.9.1.1.3: without SUVType, values in GML are by body weight.
        raise RefusedSeries(
            "units_unsupported",
            f"SUV: expected SUVType (0054,1006) BW, body weight, got {_known(kind, SUV_TYPES)}; export the "
            "series in Bq/ml",
        )
    warnings = () if kind else ("Units GML without SUVType: the values are taken as SUV by body weight",)
    return SuvFactor(1.0, "GML: the values are SUV", warnings=warnings)


def _from_counts(headers: Sequence[Dataset]) -> SuvFactor:
    suv = philips_factor(headers, PHILIPS_SUV)
    if suv is not None:
        if shared_text(headers, "DecayCorrection") == "NONE":
            raise refusal("DecayCorrection", "is NONE, expected START or ADMIN")
        found = SuvFactor(suv, "CNTS: private SUV factor (7053,xx00) of Philips")
        return _with_philips_check(headers, found)
    activity = activity_per_count(headers)
    found = _from_dose(headers)
    rule = f"CNTS: private activity factor (7053,xx09) of Philips, then {found.rule}"
    return replace(found, factor=activity * found.factor, rule=rule)


def _with_philips_check(headers: Sequence[Dataset], found: SuvFactor) -> SuvFactor:
    """Warn where the two private factors of Philips and the dose contradict each other."""
    suv = philips_factor(headers, PHILIPS_SUV)
    activity = philips_factor(headers, PHILIPS_ACTIVITY)
    if suv is None or activity is None:
        return found
    try:
        from_dose = found.factor if found.dose_bq else _from_dose(headers).factor
    except RefusedSeries:
        # The factor of the vendor stands alone: the dose is not needed for it.
        return found
    if abs(suv / activity / from_dose - 1) <= SAME_FACTOR:
        return found
    text = (
        f"the private factors of Philips give {suv / activity:.6g} g/ml for 1 Bq/ml, the dose gives "
        f"{from_dose:.6g}; check weight, dose and times"
    )
    return replace(found, warnings=(*found.warnings, text))


def _known(text: str, terms: Sequence[str]) -> str:
    """Quote a value only if it is a term of the standard: anything else could name a patient."""
    return text if text in terms else "another value"
