"""Which header and which events of a Siemens scan belong together."""

from pathlib import Path, PureWindowsPath

from preprocessing.pet.listmode.interfile_header import InterfileHeader, is_interfile, read_interfile
from taskgan_ext.errors import RefusedListMode

_MAX_CANDIDATES = 200
_DATA_KEY = "name of data file"


def find_siemens_pair(path: Path) -> tuple[Path, InterfileHeader] | None:
    """Find events and header of a list-mode scan by the path of either.

    A header is called after its events, ``X.l.hdr`` or ``X.hdr``, or it lies beside them, has ``.hdr`` in its
    name and names them.

    Args:
        path: the file of events or the header.

    Returns:
        The file of events and its header, or None if there is no Interfile header.

    Raises:
        RefusedListMode: a header is broken, or the events that it names are not beside it.
    """
    if _starts_as_interfile(path):
        header = read_interfile(path)
        return _events_of(header), header
    header_path = _header_of(path)
    return None if header_path is None else (path, read_interfile(header_path))


def _events_of(header: InterfileHeader) -> Path:
    named = _named_events(header)
    by_name = header.path.name.lower().find(".hdr")
    names = [named, header.path.name[:by_name] if by_name > 0 else None]
    for name in filter(None, names):
        path = header.path.with_name(name)
        if path.is_file() and path != header.path:
            return path
    raise RefusedListMode(
        "header_missing",
        f"{header.path}: expected the events that this header belongs to in the same folder, under the name "
        "that it gives or its own without .hdr; found none: copy both files",
    )


def _header_of(path: Path) -> Path | None:
    candidates = sorted(
        candidate
        for candidate in path.parent.iterdir()
        if ".hdr" in candidate.name.lower() and candidate != path
    )[:_MAX_CANDIDATES]
    headers = [candidate for candidate in candidates if _starts_as_interfile(candidate)]
    by_name = {f"{path.name}.hdr".lower(), f"{path.stem}.hdr".lower(), f"{path.name}.hdr.stir".lower()}
    named = [header for header in headers if header.name.lower() in by_name]
    return next(iter(named or [h for h in headers if _named_events(read_interfile(h)) == path.name]), None)


def _named_events(header: InterfileHeader) -> str | None:
    """The last part of the path that the header gives, which is one of another computer."""
    name = header.text(_DATA_KEY)
    return None if name is None else PureWindowsPath(name).name or None


def _starts_as_interfile(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return is_interfile(file.read(64))
