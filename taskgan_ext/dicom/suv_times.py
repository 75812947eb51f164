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
MOST_HALF_LIVES = 10.0
"""Between injection and scan; a longer time comes from a wrong date."""
_DAY, _QUARTER = timedelta(days=1), timedelta(minutes=15)
_NEXT_DAY = timedelta(hours=18)
"""Times of one scan that are further apart on one date lie on both sides of midnight."""
_SAME = timedelta(seconds=SAME_INJECTION_S)
_FULL, _SHORT = "RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime"
_ZONES = timedelta(hours=-12), timedelta(hours=14)
"""Offsets from UTC that there are, in steps of a quarter of an hour."""


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
    time = _read_time("SeriesTime", shared_text(headers, "SeriesTime", needed=True))
    moment = at_time(_read_date("SeriesDate", text), time) if text else _nearest_day(earliest, time)
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
        headers: of all slices; a slice without AcquisitionDate was acquired on its SeriesDate, or on the day
            before or after where that is nearer to SeriesTime by far, as the scan went over midnight.

    Raises:
        RefusedSeries: ``suv_tag_missing``, a date or time is missing or none.
    """
    return [_acquisition_time(header) for header in headers]


def injection_time(
    headers: Sequence[Dataset], items: Sequence[Dataset], scan: datetime, half_life: float
) -> Reference:
    """Tell when the tracer was injected.

    Args:
        headers: of all slices.
        items: their items of RadiopharmaceuticalInformationSequence.
        scan: moment of the scan; a time without a date is the last one before it.
        half_life: of the radionuclide, in s.

    Raises:
        RefusedSeries: ``suv_tag_missing``, there is neither RadiopharmaceuticalStartDateTime nor
            RadiopharmaceuticalStartTime, it is none, its time zone cannot be told, or a time without a date
            could be that of several days.
    """
    text, clock = shared_text(items, _FULL), shared_text(items, _SHORT)
    if not text:
        return _by_time_of_day(scan, _read_time(_SHORT, clock), half_life)
    found = parse_datetime(text)
    if found is None:
        raise refusal(_FULL, "is no date and time that is exact to the minute")
    zone = shared_text(headers, "TimezoneOffsetFromUTC")
    moment, warnings = _local(found, zone)
    time = parse_time(clock)
    if time is None or abs(_clock_apart(moment, time)) <= _SAME:
        return Reference(moment, _FULL, warnings)
    if warnings:
        return _in_zone_of_scan(found, time, scan)
    return Reference(moment, _FULL, (f"{_SHORT} is another time of day than {_FULL}, which was taken",))


def _by_time_of_day(scan: datetime, time: timedelta, half_life: float) -> Reference:
    """The last such time before the scan, unless one a day earlier would do as well."""
    moment, rule = at_time(scan.date(), time), _SHORT
    if moment > scan:
        moment, rule = moment - _DAY, f"{_SHORT}, the day before the scan"
    if (scan - moment + _DAY).total_seconds() <= MOST_HALF_LIVES * half_life:
        raise refusal(
            _FULL,
            f"is missing, and {_SHORT} does not tell the day: the radionuclide lives so long that the "
            "injection may have been days before the scan",
        )
    return Reference(moment, rule)


def _in_zone_of_scan(found: tuple[datetime, str], time: timedelta, scan: datetime) -> Reference:
    """The injection by a date and time in another zone than that of the time of day, which is local."""
    moment, offset = found
    utc = moment - (parse_zone(offset) or timedelta())
    apart = _clock_apart(utc, time)
    zone = round(apart / _QUARTER) * _QUARTER
    possible = [one for one in (zone - _DAY, zone, zone + _DAY) if _ZONES[0] <= one <= _ZONES[1]]
    before = [one for one in possible if utc + one <= scan]
    if abs(apart - zone) > _SAME or not before:
        raise refusal(
            _FULL,
            f"names a time zone, the series has no TimezoneOffsetFromUTC, and {_SHORT} is a time of day of "
            "no zone that could be meant",
        )
    hours = max(before).total_seconds() / 3600
    warning = (
        f"{_FULL} names another time zone than that of {_SHORT}; the times of the series were taken to be "
        f"local, {hours:+g} h from UTC"
    )
    return Reference(utc + max(before), _FULL, (warning,))


def _clock_apart(moment: datetime, time: timedelta) -> timedelta:
    """How much later than a moment a time of day is, between half a day before and half a day after it."""
    return (at_time(moment.date(), time) - moment + _DAY / 2) % _DAY - _DAY / 2


def _nearest_day(near: datetime, time: timedelta) -> datetime:
    """A time of day on the date of another moment, or a day before or after where that is nearer by far."""
    moment = at_time(near.date(), time)
    if moment - near > _NEXT_DAY:
        return moment - _DAY
    return moment + _DAY if near - moment > _NEXT_DAY else moment


def _acquisition_time(header: Dataset) -> datetime:
    time = text_of(header, "AcquisitionTime")
    joined = text_of(header, "AcquisitionDateTime")
    if not time and joined:
        found = parse_datetime(joined)
        if found is None:
            raise refusal("AcquisitionDateTime", "is no date and time that is exact to the minute")
        return _local(found, text_of(header, "TimezoneOffsetFromUTC"))[0]
    acquired = _read_time("AcquisitionTime", time)
    day = text_of(header, "AcquisitionDate")
    if day:
        return at_time(_read_date("AcquisitionDate", day), acquired)
    started = parse_time(text_of(header, "SeriesTime"))
    date_of_series = _read_date("SeriesDate", text_of(header, "SeriesDate"))
    return _nearest_day(at_time(date_of_series, acquired if started is None else started), acquired)


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
