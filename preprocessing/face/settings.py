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


def check_seed(seed: int) -> None:
    """Check a seed.

    Args:
        seed: of random draws.

    Raises:
        ConfigError: it is below 0.
    """
    if seed < 0:
        raise ConfigError(f"seed: expected 0 or more, got {seed}")


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
        check_seed(self.seed)
        if not 1 <= self.images_per_identity <= 9999:
            raise ConfigError(f"images_per_identity: expected 1 to 9999, got {self.images_per_identity}")

    def to_dict(self) -> dict[str, Any]:
        """All settings, JSON-serialisable."""
        return {"source": "simulated", **asdict(self)}
