"""What stands in the place of names, identifiers, UIDs and dates: functions of a key and of these."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta

from pydicom import config
from pydicom.uid import UID

LEAST_DAYS = 366
"""Dates go back by more than a year, so that no date of a course of treatment becomes another one of it."""
NUM_SHIFTS = 7 * 469
"""Up to nearly ten years. All weekdays are equally likely, so that weekday and season tell nothing."""
UID_ROOT = "2.25."
"""UIDs made from 128 bits without registration, PS3.5 section B.2."""


@dataclass(frozen=True)
class Pseudonyms:
    """HMAC-SHA256 (RFC 2104) of what is replaced.

    The same key gives the same pseudonyms, whatever else is de-identified and when. Without the key nothing
    can be traced back, not even by trying all dates or all numbers of a hospital.

    Attributes:
        key: random bytes.
    """

    key: bytes = field(repr=False)

    def uid(self, uid: str) -> str:
        """Replace a UID; those that the standard defines, such as SOP classes, stay.

        Args:
            uid: without padding; an empty one stays empty.
        """
        defined = UID(uid, validation_mode=config.IGNORE).name != uid
        if not uid or defined:
            return uid
        return UID_ROOT + str(int.from_bytes(self._digest("uid", uid)[:16], "big"))

    def subject(self, patient: str) -> str:
        """Name a patient.

        Args:
            patient: whatever tells one patient from all others.
        """
        return "sub-" + self._digest("subject", patient)[:8].hex()

    def shift(self, patient: str) -> timedelta:
        """Tell how far the dates of a patient go back, in whole days.

        Args:
            patient: as for ``subject``.
        """
        number = int.from_bytes(self._digest("shift", patient)[:8], "big")
        return timedelta(days=LEAST_DAYS + number % NUM_SHIFTS)

    def file_stem(self, uid: str) -> str:
        """Name the file of an image or the folder of a series.

        Args:
            uid: of it.
        """
        return self._digest("file", uid)[:8].hex()

    def _digest(self, what: str, value: str) -> bytes:
        return hmac.digest(self.key, f"{what}\0{value}".encode(), hashlib.sha256().name)
