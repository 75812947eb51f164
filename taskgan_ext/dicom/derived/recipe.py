"""What a derived series was made by."""

import re
from dataclasses import dataclass

from taskgan_ext.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,47}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ACTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .+-]{0,27}")
_TEXT = re.compile(r"[ -\[\]-}]{0,400}")
"""Characters that every character set of DICOM has, but for the backslash, which parts values."""
SHORT_SHA256 = 12
"""Digits of a fingerprint that people read."""


@dataclass(frozen=True)
class Recipe:
    """The bundle, its weights and what it does, as a derived series tells them.

    Attributes:
        bundle: its name, such as ``pet_denoising``.
        version: of the bundle.
        weights_sha256: of the file of weights, 64 hexadecimal digits in lower case.
        action: what was done to the image, for its name, such as ``denoised``; at most 28 characters.
        text: more of it for people, in ASCII; at most 400 characters.

    Raises:
        ConfigError: a value would not fit a header.
    """

    bundle: str
    version: str
    weights_sha256: str
    action: str
    text: str = ""

    def __post_init__(self) -> None:
        rules = (
            ("bundle", _NAME, "a name of at most 48 letters, digits and _.+-"),
            ("version", _NAME, "a version of at most 48 letters, digits and _.+-"),
            ("weights_sha256", _SHA256, "64 hexadecimal digits in lower case"),
            ("action", _ACTION, "at most 28 letters, digits, blanks and .+-"),
            ("text", _TEXT, "at most 400 characters of ASCII without backslash and tilde"),
        )
        for name, pattern, expected in rules:
            value = getattr(self, name)
            if not pattern.fullmatch(value):
                raise ConfigError(f"derived series: expected {name} to be {expected}, got {value!r}")

    @property
    def software(self) -> str:
        """Version of the bundle and beginning of the fingerprint of its weights."""
        return f"{self.version} {self.weights_sha256[:SHORT_SHA256]}"
