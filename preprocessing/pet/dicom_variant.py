"""The ways in which PET scanners write the headers of a series, and the ways in which real files differ."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from taskgan_ext.errors import ConfigError

Vendor = Literal["ge", "philips", "siemens"]
SeriesType = Literal["STATIC", "WHOLE BODY", "DYNAMIC", "GATED"]
F18_HALF_LIFE = 6586.2
"""In s, as scanners write it; 6588 occurs too."""
SCAN_START = datetime(2000, 1, 1, 12, 0, 0)


@dataclass(frozen=True)
class PetProtocol:
    """What the header of a PET series says about the tracer and the patient.

    Attributes:
        injected_bq: dose at the time of the injection, in Bq.
        weight_kg: of the patient.
        uptake: time from the injection to the start of the scan, in s.
        half_life: of the radionuclide, in s.
        frame_duration: of the scan, in s.
        scan_start: date and time at which the scan begins.
    """

    injected_bq: float = 330e6
    weight_kg: float = 75.0
    uptake: float = 5400.0
    half_life: float = F18_HALF_LIFE
    frame_duration: float = 1200.0
    scan_start: datetime = SCAN_START

    @property
    def injection(self) -> datetime:
        """Date and time of the injection."""
        return self.scan_start - timedelta(seconds=self.uptake)

    @property
    def suv_factor(self) -> float:
        """SUV (g/ml) of 1 Bq/ml that is decay corrected to the start of the scan."""
        return self.weight_kg * 1e3 / (self.injected_bq * 2 ** (-self.uptake / self.half_life))


@dataclass(frozen=True)
class PetVariant:
    """How a PET series is exported.

    Attributes:
        vendor: whose way of writing headers is followed.
        units: of the values: ``BQML``, ``GML`` (SUV) or Philips' ``CNTS``.
        decay_correction: value of DecayCorrection.
        series_type: first value of SeriesType.
        frames: time frames; more than one only for DYNAMIC.
        injection_datetime: write RadiopharmaceuticalStartDateTime beside the time; real files lack it often.
        redated: seconds by which SeriesDate and SeriesTime are later than the scan, as after processing.
        empty_first_slice: the first slice has no counts and the slope 1.
        bits_stored: of 16 allocated ones.
        signed: pixel representation.
        private_scan_time: write GE's private scan time (0009,xx0D).
        philips_suv_factor: write Philips' private (7053,xx00), activity factor (7053,xx09) or both.
        omit: keywords of elements that are left out at the end, as de-identification or a vendor does.
        shuffled: file names say nothing.
        reversed_numbers: InstanceNumber runs against the slices.
    """

    vendor: Vendor = "siemens"
    units: Literal["BQML", "GML", "CNTS", "PROPCPS"] = "BQML"
    decay_correction: Literal["START", "ADMIN", "NONE"] = "START"
    series_type: SeriesType = "STATIC"
    frames: int = 1
    injection_datetime: bool = True
    redated: float = 0.0
    empty_first_slice: bool = False
    bits_stored: int = 16
    signed: bool = True
    private_scan_time: bool = False
    philips_suv_factor: Literal["none", "suv", "activity", "both"] = "none"
    omit: tuple[str, ...] = ()
    shuffled: bool = True
    reversed_numbers: bool = False

    def __post_init__(self) -> None:
        if self.frames > 1 and self.series_type != "DYNAMIC":
            raise ConfigError(f"PET export: several frames need series_type DYNAMIC, got {self.series_type}")

    def without(self, *keywords: str) -> "PetVariant":
        """The same variant with further elements left out."""
        return replace(self, omit=(*self.omit, *keywords))
