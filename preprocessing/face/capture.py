"""What differs between pictures of one person: pose, light, expression and camera."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Capture:
    """One picture; angles in degrees, lengths in decimetres unless said otherwise.

    Attributes:
        yaw: turn of the head to the picture's right.
        pitch: nod; positive looks up.
        roll: in the plane of the picture.
        light_azimuth: direction of the main light, positive from the picture's right.
        light_elevation: of the main light.
        ambient: share of light from everywhere, 0..1.
        exposure: mean brightness of the face after the camera, 0..1.
        gamma: exponent from light to grey value.
        smile: 0..1, beyond 0.6 with teeth.
        mouth_open: 0..1.
        brow_raise: shift of the brows.
        eyes_open: factor on the opening of the eyes.
        gaze: direction of the eyes, x and y.
        shift: of the face in the picture, x and y.
        scale: magnification of the face.
        hair_change: of fringe and length of the hair.
        stubble: of the beard, added to its density.
        blur: standard deviation of the lens blur in pixels of a 64 x 64 picture.
        noise: standard deviation of the sensor noise, 0..1.
        backdrop: mean brightness of the background, 0..1.
        shirt: brightness of the clothes, 0..1.
        seed: of background and noise.
    """

    yaw: float
    pitch: float
    roll: float
    light_azimuth: float
    light_elevation: float
    ambient: float
    exposure: float
    gamma: float
    smile: float
    mouth_open: float
    brow_raise: float
    eyes_open: float
    gaze: tuple[float, float]
    shift: tuple[float, float]
    scale: float
    hair_change: tuple[float, float]
    stubble: float
    blur: float
    noise: float
    backdrop: float
    shirt: float
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """All settings, JSON-serialisable."""
        return asdict(self)


def draw_capture(rng: np.random.Generator) -> Capture:
    """Draw the circumstances of a picture.

    Args:
        rng: source of randomness.
    """

    def normal(mean: float, spread: float) -> float:
        return round(mean + spread * float(np.clip(rng.normal(), -2.2, 2.2)), 5)

    def uniform(low: float, high: float) -> float:
        return round(float(rng.uniform(low, high)), 5)

    return Capture(
        yaw=normal(0, 10),
        pitch=normal(0, 5),
        roll=normal(0, 2.5),
        light_azimuth=uniform(-55, 55),
        light_elevation=uniform(-5, 60),
        ambient=uniform(0.35, 0.7),
        exposure=uniform(0.42, 0.64),
        gamma=uniform(0.42, 0.55),
        smile=max(0.0, uniform(-0.6, 1.0)),
        mouth_open=max(0.0, uniform(-1.2, 0.8)),
        brow_raise=normal(0, 0.014),
        eyes_open=normal(1.0, 0.12),
        gaze=(normal(0, 0.022), normal(0, 0.01)),
        shift=(normal(0, 0.027), normal(0, 0.027)),
        scale=normal(1.0, 0.03),
        hair_change=(normal(0, 0.05), normal(0, 0.06)),
        stubble=normal(0, 0.06),
        blur=uniform(0.2, 0.6),
        noise=uniform(0.003, 0.015),
        backdrop=uniform(0.2, 0.95),
        shirt=uniform(0.05, 0.9),
        seed=int(rng.integers(2**31)),
    )
