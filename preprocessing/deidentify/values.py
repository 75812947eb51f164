"""What a single value becomes: a number, a time, a date that moves, a word, a UID or a pseudonym."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from preprocessing.deidentify.pseudonyms import Pseudonyms
from preprocessing.deidentify.vocabulary import known_term
from taskgan_ext.dicom.suv_header import number_in
from taskgan_ext.dicom.suv_moment import parse_date, parse_datetime, parse_time, parse_zone

OLDEST = 90
"""In years; who is older is this old, as 45 CFR 164.514(b)(2)(i)(C) asks (HIPAA, safe harbor)."""
LARGEST = 1e6
"""Numbers beyond this could be a date or an identifier, but for those that are known to be large."""
LIMITS: Mapping[str, float] = {
    "PatientSize": 300.0,
    "PatientWeight": 1000.0,
    "RadionuclideTotalDose": 1e12,
    "RadiopharmaceuticalSpecificActivity": 1e16,
    "RadionuclideHalfLife": 1e12,
    "ActualFrameDuration": 1e8,
    "FrameReferenceTime": 1e9,
    "PrimaryPromptsCountsAccumulated": 1e12,
    "SecondaryCountsAccumulated": 1e12,
    "CountsAccumulated": 1e12,
    "WindowCenter": 1e12,
    "WindowWidth": 1e12,
    "RescaleSlope": 1e12,
    "RescaleIntercept": 1e12,
}

_AGE = re.compile(r"\d{3}[DWMY]")
_LEADING_ZEROS = re.compile(r"[+-]?0\d")


@dataclass(frozen=True)
class Disguise:
    """What is replaced by what, for one patient.

    Attributes:
        pseudonyms: for UIDs.
        subject: stands for name and identifier.
        shift: by which dates go back, in whole days.
    """

    pseudonyms: Pseudonyms
    subject: str
    shift: timedelta


def number(keyword: str, text: str, _: Disguise) -> str | None:
    """Keep a finite decimal number that is not larger than numbers of its kind."""
    value = number_in(text)
    if value is None or abs(value) > LIMITS.get(keyword, LARGEST) or _LEADING_ZEROS.match(text):
        return None
    return text


def time(_: str, text: str, __: Disguise) -> str | None:
    """Keep a time of day: SUV is made of differences of such times."""
    return None if parse_time(text) is None else text


def date(_: str, text: str, disguise: Disguise) -> str | None:
    """Move a date back."""
    day = parse_date(text)
    if day is None:
        return None
    try:
        return f"{day - disguise.shift:%Y%m%d}".rjust(8, "0")
    except OverflowError:  # before the year 1
        return None


def date_time(keyword: str, text: str, disguise: Disguise) -> str | None:
    """Move the date of a date and time back; the time of day and its zone stay."""
    if parse_datetime(text) is None:
        return None
    day = date(keyword, text[:8], disguise)
    return None if day is None else day + text[8:]


def zone(_: str, text: str, __: Disguise) -> str | None:
    """Keep the offset from UTC: the moment of an injection may depend on it."""
    return None if parse_zone(text) is None else text


def uid(_: str, text: str, disguise: Disguise) -> str | None:
    """Replace a UID, but for those of the standard."""
    return disguise.pseudonyms.uid(text)


def term(keyword: str, text: str, _: Disguise) -> str | None:
    """Keep a word of the vocabulary."""
    return known_term(keyword, text)


def age(_: str, text: str, __: Disguise) -> str | None:
    """Keep an age, PS3.5 section 6.2, up to 90 years."""
    if not _AGE.fullmatch(text):
        return None
    return f"{min(int(text[:3]), OLDEST):03d}Y" if text[3] == "Y" else text


def pseudonym(_: str, __: str, disguise: Disguise) -> str | None:
    """Replace a name or identifier by the name of the subject."""
    return disguise.subject
