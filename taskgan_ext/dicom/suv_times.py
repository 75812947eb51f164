"""When the scan began and when the tracer was injected, told from the headers of a PET series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydicom import Dataset

from taskgan_ext.dicom.suv_header import refusal, shared_text, text_of
from taskgan_ext.dicom.suv_moment import at_time, parse_date, parse_datetime, parse_time, parse_zone
from taskgan_ext.dicom.suv_private import ge_scan_times

SAME_INJECTION_S = 60.0
"""Difference between the two attributes of the injection that is no contradiction."""


@dataclass(frozen=True)
class Reference:
    """A moment in the local time of the scanner.

    Attributes:
        moment: date and time.
        rule: where it comes from.
        warnings: what is odd about it.
    """

    moment: datetime
    rule: str
    warnings: tuple[str, ...] = ()


def decay_reference(headers: Sequence[Dataset]) -> Reference:
    """Tell the moment to which images with the DecayCorrection START are corrected.

    It is SeriesDate and SeriesTime (PS3.3 C.8.9.1.1.4) unless they are later than the first acquisition: then
    the series was processed or dated again, and the private scan time of GE or the first acquisition is it.

    Args:
        headers: of all slices of the series.

    Raises:
        RefusedSeries: ``suv_tag_missing``, a date or time is missing or none.
    """
    acquired = acquisition_times(headers)
    earliest = min(acquired)
    text = shared_text(headers, "SeriesDate")
    day = _read_date("SeriesDate", text) if text else earliest.date()
    moment = at_time(day, _read_time("SeriesTime", shared_text(headers, "SeriesTime", needed=True)))
    warnings = () if text else ("SeriesDate is missing; the date of the acquisition was taken",)
    if moment <= earliest:
        return Reference(moment, "SeriesDate and SeriesTime", warnings)
    zone = shared_text(headers, "TimezoneOffsetFromUTC")
    found = map(parse_datetime, ge_scan_times(headers))
    private = [_local(scan, zone)[0] for scan in found if scan is not None]
    if private and min(private) <= earliest:
        return Reference(min(private), "private scan time (0009,xx0D) of GE", warnings)
    return Reference(earliest, "earliest AcquisitionDate and AcquisitionTime", warnings)


def acquisition_times(headers: Sequence[Dataset]) -> list[datetime]:
    """Tell when each slice was acquired: by AcquisitionDate and -Time, or else AcquisitionDateTime.

    Args:
        headers: of all slices; a slice without AcquisitionDate was acquired on its SeriesDate.

    Raises:
        RefusedSeries: ``suv_tag_missing``, a date or time is missing or none.
    """
    return [_acquisition_time(header) for header in headers]


def injection_time(headers: Sequence[Dataset], items: Sequence[Dataset], scan: datetime) -> Reference:
    """Tell when the tracer was injected.

    Args:
        headers: of all slices.
        items: their items of RadiopharmaceuticalInformationSequence.
        scan: moment of the scan; a time without a date is the last one before it.

    Raises:
        RefusedSeries: ``suv_tag_missing``, there is neither RadiopharmaceuticalStartDateTime nor
            RadiopharmaceuticalStartTime, or it is none.
    """
    full, short = "RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime"
    text, clock = shared_text(items, full), shared_text(items, short)
    if not text:
        moment = at_time(scan.date(), _read_time(short, clock))
        if moment > scan:
            return Reference(moment - timedelta(days=1), f"{short}, the day before the scan")
        return Reference(moment, short)
    found = parse_datetime(text)
    if found is None:
        raise refusal(full, "is no date and time that is exact to the minute")
    moment, warnings = _local(found, shared_text(headers, "TimezoneOffsetFromUTC"))
    time = parse_time(clock)
    if time is not None:
        apart = abs((at_time(moment.date(), time) - moment).total_seconds())
        if min(apart, 86400 - apart) > SAME_INJECTION_S:
            warnings = (*warnings, f"{short} is another time of day than {full}, which was taken")
    return Reference(moment, full, warnings)


def _acquisition_time(header: Dataset) -> datetime:
    time = text_of(header, "AcquisitionTime")
    joined = text_of(header, "AcquisitionDateTime")
    if not time and joined:
        found = parse_datetime(joined)
        if found is None:
            raise refusal("AcquisitionDateTime", "is no date and time that is exact to the minute")
        return _local(found, text_of(header, "TimezoneOffsetFromUTC"))[0]
    keyword = "AcquisitionDate" if text_of(header, "AcquisitionDate") else "SeriesDate"
    return at_time(_read_date(keyword, text_of(header, keyword)), _read_time("AcquisitionTime", time))


def _local(found: tuple[datetime, str], zone: str) -> tuple[datetime, tuple[str, ...]]:
    """Bring a DT to the zone of the other times of the file, TimezoneOffsetFromUTC (PS3.3 C.12.1.1.8)."""
    moment, offset = found
    theirs, ours = parse_zone(offset), parse_zone(zone)
    if theirs is None:
        return moment, ()
    if ours is None:
        return moment, (
            "a date and time names its time zone, and the series has no TimezoneOffsetFromUTC; all times "
            "were taken to be of that zone",
        )
    return moment - theirs + ours, ()


def _read_date(keyword: str, text: str) -> date:
    day = parse_date(text)
    if day is None:
        raise refusal(keyword, "is no date" if text else "is missing")
    return day


def _read_time(keyword: str, text: str) -> timedelta:
    time = parse_time(text)
    if time is None:
        raise refusal(keyword, "is no time that is exact to the minute" if text else "is missing")
    return time
