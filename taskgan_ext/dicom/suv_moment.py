"""Dates and times as DICOM writes them (PS3.5 section 6.2), exact to the minute at least."""

import re
from datetime import date, datetime, timedelta

_DATE = re.compile(r"(\d{4})(\.?)(\d{2})\2(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})(?::?(\d{2})(\.\d{1,6})?)?")
_DATETIME = re.compile(r"(\d{8})(\d{4}(?:\d{2}(?:\.\d{1,6})?)?)([+-]\d{4})?")
_ZONE = re.compile(r"([+-])(\d{2})(\d{2})")


def parse_date(text: str) -> date | None:
    """Read a value of DA, PS3.5 section 6.2, also in the form with dots of ACR-NEMA; ``None`` if it is none.

    Args:
        text: without padding.
    """
    match = _DATE.fullmatch(text)
    try:
        return date(int(match[1]), int(match[3]), int(match[4])) if match else None
    except ValueError:
        return None


def parse_time(text: str) -> timedelta | None:
    """Read a value of TM as the time since midnight; ``None`` if it is none or not exact to the minute.

    Args:
        text: without padding, such as ``093000.5``.
    """
    match = _TIME.fullmatch(text)
    if not match:
        return None
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    return timedelta(hours=hours, minutes=minutes, seconds=seconds + float(match[4] or 0))


def parse_datetime(text: str) -> tuple[datetime, str] | None:
    """Read a value of DT that is exact to the minute; ``None`` if it is none.

    Args:
        text: without padding, such as ``20000101093000.5+0100``.

    Returns:
        Date and time as they are written, and the offset from UTC, empty where there is none.
    """
    match = _DATETIME.fullmatch(text)
    day, time = (parse_date(match[1]), parse_time(match[2])) if match else (None, None)
    if match is None or day is None or time is None:
        return None
    return at_time(day, time), match[3] or ""


def parse_zone(text: str) -> timedelta | None:
    """Read an offset from UTC as TimezoneOffsetFromUTC has it, PS3.3 C.12.1.1; ``None`` if it is none.

    Args:
        text: without padding, such as ``+0100``.
    """
    match = _ZONE.fullmatch(text)
    if not match or int(match[2]) > 14 or int(match[3]) > 59:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -offset if match[1] == "-" else offset


def at_time(day: date, time: timedelta) -> datetime:
    """Join a date and a time since its midnight."""
    return datetime.combine(day, datetime.min.time()) + time
