"""The header of a low-dose copy of a Siemens list-mode file."""

from datetime import datetime, timedelta

from preprocessing.pet.listmode.interfile_header import InterfileHeader, split_line
from preprocessing.pet.listmode.siemens_header_words import NAME_SPACE, safe_value

_START = datetime(2000, 1, 1)
_CLOCKS = {
    "study": ("study date (yyyy:mm:dd)", "study time (hh:mm:ss gmt+00:00)"),
    "injection": ("tracer injection date (yyyy:mm:dd)", "tracer injection time (hh:mm:ss gmt+00:00)"),
}


def copied_header(
    header: InterfileHeader, data_name: str, num_words: int, comment: str, keep_identity: bool
) -> str:
    """Write the header of a copy.

    Dates and times are moved so that the study begins on 2000-01-01 at 00:00:00; the time from the injection
    to the scan stays. Of everything else what ``safe_value`` knows stays, and nothing more.

    Args:
        header: of the source.
        data_name: name of the copy's file of events.
        num_words: words in it.
        comment: how the copy was made.
        keep_identity: leave all other keys as they are.

    Returns:
        The text, with the line ends of the source.
    """
    replaced = {"name of data file": data_name, "total listmode word counts": str(num_words)}
    if not keep_identity:
        # The reader takes any name space of PETLINK; the rest of its text may be anything.
        replaced |= {NAME_SPACE: "PETLINK bin address"} | _moved_clocks(header)
    lines = []
    for line in header.lines:
        parts = split_line(line)
        if parts is None:
            if keep_identity or not line.strip():
                lines.append(line)
            continue
        key, value = parts
        if key in replaced:
            lines.append(_line(line, replaced[key]))
        elif keep_identity:
            lines.append(line)
        elif (safe := safe_value(key, value)) is not None:
            lines.append(_line(line, safe))
    while lines and not lines[-1].strip():
        lines.pop()
    return header.line_end.join([*lines, f"%comment:={comment}", ""])


def _line(line: str, value: str) -> str:
    """The line with another value."""
    return f"{line.partition(':=')[0]}:={value}"


def _moved_clocks(header: InterfileHeader) -> dict[str, str]:
    """Dates and times relative to the start of the study; none if that cannot be read."""
    clocks = {name: _read_clock(header, *keys) for name, keys in _CLOCKS.items()}
    study = clocks["study"]
    if study is None:
        return {}
    moved: dict[str, str] = {}
    for name, clock in clocks.items():
        if clock is not None:
            date_key, time_key = _CLOCKS[name]
            shifted = _START + (clock - study)
            moved |= {date_key: f"{shifted:%Y:%m:%d}", time_key: f"{shifted:%H:%M:%S}"}
    return moved


def _read_clock(header: InterfileHeader, date_key: str, time_key: str) -> datetime | None:
    try:
        clock = datetime.strptime(f"{header.text(date_key)} {header.text(time_key)}", "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    # Years far apart are a mistake, whose sum may not be a date.
    return clock if abs(clock - datetime(2020, 1, 1)) < timedelta(days=40_000) else None
