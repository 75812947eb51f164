"""What every identity of a simulated cohort has in common."""

from dataclasses import asdict, dataclass
from typing import Any

from taskgan_ext.errors import ConfigError

_SMALLEST, _LARGEST = 32, 1024


def check_size(size: int) -> None:
    """Check the size of pictures.

    Args:
        size: rows and columns.

    Raises:
        ConfigError: nothing would be seen, or it is beyond what networks take.
    """
    if not _SMALLEST <= size <= _LARGEST:
        raise ConfigError(f"size of the pictures: expected {_SMALLEST} to {_LARGEST} pixels, got {size}")


@dataclass(frozen=True)
class FaceSettings:
    """Settings of a simulated cohort.

    Attributes:
        seed: decides all identities and pictures.
        images_per_identity: pictures of each person.
        size: rows and columns of a picture.
        colour: RGB and not grey.

    Raises:
        ConfigError: a value is out of range.
    """

    seed: int = 0
    images_per_identity: int = 10
    size: int = 64
    colour: bool = False

    def __post_init__(self) -> None:
        check_size(self.size)
        checks = {
            "seed": (self.seed >= 0, "0 or more"),
            "images_per_identity": (1 <= self.images_per_identity <= 9999, "1 to 9999"),
        }
        for name, (valid, expected) in checks.items():
            if not valid:
                raise ConfigError(f"face setting {name}: expected {expected}, got {getattr(self, name)}")

    def to_dict(self) -> dict[str, Any]:
        """All settings, JSON-serialisable."""
        return {"source": "simulated", **asdict(self)}
