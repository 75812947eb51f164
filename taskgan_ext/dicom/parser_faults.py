"""What a parser raises on a malformed file, turned into one refusal."""

import contextlib
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

from pydicom import config
from pydicom.errors import BytesLengthException, InvalidDicomError

from taskgan_ext.errors import RefusedSeries

PARSER_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    OSError,
    RuntimeError,  # with RecursionError
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom and the codecs raise on malformed files, but for ``MemoryError``."""


@contextlib.contextmanager
def refusing(
    path: Path, what: str = "the header cannot be parsed", code: str = "parse_error"
) -> Iterator[None]:
    """Refuse a file on which the parser fails. Its own words are left out: they may quote the file.

    Args:
        path: the file that is read in the block.
        what: cannot be done, for the message.
        code: of the refusal.

    Raises:
        RefusedSeries: the block raised something else.
    """
    try:
        yield
    except RefusedSeries:
        raise
    except MemoryError:
        raise RefusedSeries(
            "too_large", f"{path}: {what}: there is not enough memory; export the series again"
        ) from None
    except PARSER_FAULTS as error:
        kind = type(error).__name__
        raise RefusedSeries(code, f"{path}: {what} ({kind}); export the series again") from None


@contextlib.contextmanager
def quiet_parser() -> Iterator[None]:
    """Keep pydicom from checking and warning of values: what matters is checked here, and refused."""
    with warnings.catch_warnings(), config.disable_value_validation():
        warnings.simplefilter("ignore")
        yield
