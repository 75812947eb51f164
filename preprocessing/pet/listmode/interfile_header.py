"""Interfile headers, as the scanners of Siemens write them: ``key := value``, one on a line."""

import re
from dataclasses import dataclass
from pathlib import Path

from taskgan_ext.errors import RefusedListMode

MAGIC = "!INTERFILE"
MAX_BYTES = 1 << 20
"""Real headers have some kilobytes."""


@dataclass(frozen=True)
class InterfileHeader:
    """Keys and values of a header.

    Attributes:
        path: the file.
        lines: as they stand in the file, without their ends.
        values: normalised key to the last value that it has, see :func:`normal_key`.
        line_end: what ends a line.
    """

    path: Path
    lines: tuple[str, ...]
    values: dict[str, str]
    line_end: str

    def text(self, key: str) -> str | None:
        """Return a value, None if there is none or an empty one.

        Args:
            key: normalised.
        """
        return self.values.get(key) or None

    def number(self, key: str) -> float:
        """Return a number that must be there.

        Args:
            key: normalised.

        Raises:
            RefusedListMode: it is missing or not a finite number.
        """
        text = self.text(key)
        try:
            number = float(text if text is not None else "")
            if abs(number) < float("inf"):
                return number
        except ValueError:
            pass
        found = "nothing" if text is None else "something else"
        raise RefusedListMode("header_invalid", f"{self.path}: expected a number for '{key}', found {found}")

    def whole(self, key: str, least: int, most: int) -> int:
        """Return a whole number that must be there.

        Args:
            key: normalised.
            least: smallest value that makes sense.
            most: largest value that makes sense.

        Raises:
            RefusedListMode: it is missing, not whole or out of range.
        """
        number = self.number(key)
        if number != int(number) or not least <= number <= most:
            raise RefusedListMode(
                "header_invalid",
                f"{self.path}: expected a whole number from {least} to {most} for '{key}', found {number:g}",
            )
        return int(number)


def normal_key(text: str) -> str:
    """Return a key in lower case, without the signs of its importance and with single spaces.

    Args:
        text: what stands before ``:=``, such as ``%number of segments ``.
    """
    return re.sub(r"\s+", " ", text.strip().lstrip("!%").strip()).lower()


def split_line(line: str) -> tuple[str, str] | None:
    """Return normalised key and value of a line, None if it has none.

    Keys may hold colons, such as ``%study date (yyyy:mm:dd)``.

    Args:
        line: of a header.
    """
    key, sign, value = line.partition(":=")
    if not sign or line.lstrip().startswith(";"):
        return None
    return normal_key(key), value.strip()


def is_interfile(start: bytes) -> bool:
    """Tell a header by its first bytes.

    Args:
        start: at least 32 bytes of a file, or all of it.
    """
    return start.lstrip(b"\xef\xbb\xbf \t\r\n")[: len(MAGIC)].upper() == MAGIC.encode()


def read_interfile(path: Path) -> InterfileHeader:
    """Read a header.

    Args:
        path: the file.

    Raises:
        RefusedListMode: it is no such header.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES or b"\0" in content or not is_interfile(content):
        raise RefusedListMode(
            "header_invalid",
            f"{path}: expected an Interfile header, a text of at most {MAX_BYTES} bytes that begins with "
            f"{MAGIC}; found something else",
        )
    # Any bytes can be read as Latin-1, and are the same when they are written back.
    text = content.decode("latin-1")
    line_end = "\r\n" if "\r\n" in text else "\n"
    lines = tuple(text.replace("\r\n", "\n").split("\n"))
    return InterfileHeader(path, lines, dict(filter(None, map(split_line, lines))), line_end)
