"""What makes an identity: some sixty measures of skull, features, hair and skin.

Lengths are in decimetres, measured from the middle between the eyes; x points to the left of the person and
y up. Means follow facial anthropometry of adults (Farkas, Anthropometry of the Head and Face, 1994).
"""

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

import numpy as np

_LIMIT = 2.2
"""No measure is further from its mean than so many standard deviations."""


def _trait(mean: float, spread: float, robust: float = 0.0) -> Any:  # noqa: ANN401 - as dataclasses.field
    """A measure with its mean, its standard deviation and how much of that a robust build explains."""
    return field(metadata={"mean": mean, "spread": spread, "robust": robust})


@dataclass(frozen=True)
class SkullTraits:
    """Form of the head.

    Attributes:
        width: half-width of the skull.
        top: height of the crown above the eyes.
        forehead: half-width at the middle of the forehead.
        cheek: half-width at the cheekbones.
        jaw: half-width at the angles of the jaw.
        chin: half-width just above the end of the chin.
        length: of the face below the eyes.
        depth: from the axis of the head to the face.
        cheekbone: how far the cheekbones stand out.
        cheek_fill: fullness of the cheeks; negative is hollow.
        chin_boss: how far the chin stands out.
        brow_ridge: how far the bone above the eyes stands out.
        socket: depth of the eye sockets.
        ear_size: half the height of an ear.
        ear_stand: how far the ears stand off.
    """

    width: float = _trait(0.755, 0.03, 0.3)
    top: float = _trait(1.13, 0.05)
    forehead: float = _trait(0.665, 0.03)
    cheek: float = _trait(0.685, 0.035, 0.3)
    jaw: float = _trait(0.565, 0.05, 0.6)
    chin: float = _trait(0.30, 0.055, 0.5)
    length: float = _trait(1.13, 0.06, 0.4)
    depth: float = _trait(0.93, 0.03)
    cheekbone: float = _trait(0.03, 0.025)
    cheek_fill: float = _trait(0.0, 0.04)
    chin_boss: float = _trait(0.045, 0.03, 0.4)
    brow_ridge: float = _trait(0.03, 0.016, 0.7)
    socket: float = _trait(0.075, 0.022)
    ear_size: float = _trait(0.31, 0.03, 0.3)
    ear_stand: float = _trait(0.12, 0.045)


@dataclass(frozen=True)
class EyeTraits:
    """Eyes and brows.

    Attributes:
        distance: half the distance between the pupils.
        width: half the length of the lid gap.
        opening: half its height.
        tilt: of the outer corner above the inner one, as a slope.
        iris: brightness of the iris, 0..1.
        crease: distance of the fold of the upper lid from its edge.
        lash: strength of the lashes, 0..1.
        bag: strength of the fold below the eye, 0..1.
        brow_height: of the brow above the pupil.
        brow_start: distance of the brow's inner end from the middle.
        brow_length: of the brow.
        brow_thick: thickness of the brow.
        brow_arch: height of its arch.
        brow_tilt: of its outer end above the inner one, as a slope.
        brow_dark: how dense it is, 0..1.
    """

    distance: float = _trait(0.315, 0.02)
    width: float = _trait(0.15, 0.014)
    opening: float = _trait(0.056, 0.011, -0.3)
    tilt: float = _trait(0.06, 0.09)
    iris: float = _trait(0.2, 0.22)
    crease: float = _trait(0.042, 0.017)
    lash: float = _trait(0.6, 0.2, -0.5)
    bag: float = _trait(0.3, 0.25)
    brow_height: float = _trait(0.215, 0.033, -0.4)
    brow_start: float = _trait(0.125, 0.032)
    brow_length: float = _trait(0.36, 0.04)
    brow_thick: float = _trait(0.036, 0.011, 0.6)
    brow_arch: float = _trait(0.035, 0.025, -0.3)
    brow_tilt: float = _trait(0.0, 0.10)
    brow_dark: float = _trait(0.75, 0.17, 0.4)


@dataclass(frozen=True)
class NoseTraits:
    """The nose.

    Attributes:
        length: from the eyes to its base.
        width: half-width of its wings.
        bridge: half-width of its back.
        root: height of its back between the eyes.
        tip: how far its tip stands out.
        bulb: radius of the tip.
        lift: how far the tip lies above the base.
        nostril: size of the nostrils, relative.
        shift: of the tip to the side.
    """

    length: float = _trait(0.475, 0.04, 0.2)
    width: float = _trait(0.175, 0.024, 0.3)
    bridge: float = _trait(0.062, 0.014, 0.2)
    root: float = _trait(0.045, 0.024, 0.3)
    tip: float = _trait(0.215, 0.04, 0.2)
    bulb: float = _trait(0.085, 0.014)
    lift: float = _trait(0.05, 0.035)
    nostril: float = _trait(1.0, 0.22)
    shift: float = _trait(0.0, 0.012)


@dataclass(frozen=True)
class MouthTraits:
    """Mouth and lips.

    Attributes:
        height: distance of the mouth's line below the eyes.
        width: half-width.
        upper: height of the upper lip's red.
        lower: height of the lower lip's red.
        bow: depth of the notch in the upper lip.
        corner: height of the corners above the middle.
        red: how much the lips differ from the skin, 0..1.
        stand: how far the lips stand out.
        groove: depth of the groove between nose and lip.
    """

    height: float = _trait(0.735, 0.04, 0.3)
    width: float = _trait(0.25, 0.027, 0.3)
    upper: float = _trait(0.055, 0.018, -0.3)
    lower: float = _trait(0.078, 0.02, -0.2)
    bow: float = _trait(0.35, 0.17, -0.2)
    corner: float = _trait(0.0, 0.014)
    red: float = _trait(0.5, 0.22, -0.5)
    stand: float = _trait(0.03, 0.016)
    groove: float = _trait(0.4, 0.25)


@dataclass(frozen=True)
class SkinTraits:
    """Hair and skin; ``seed`` decides where marks and streaks lie.

    Attributes:
        tone: darkness of the skin, 0..1.
        flush: redness, 0..1.
        age: strength of folds, 0..1.
        freckles: density of freckles, 0..1; most people have none.
        moles: expected number of moles.
        blotch: contrast of slow variations.
        beard: density of the beard, 0..1; most people have none.
        hairline: height of the hairline above the eyes.
        recession: how far it recedes at the temples.
        parting: side of the parting, -1..1.
        fringe: how far hair falls onto the forehead.
        volume: thickness of the hair.
        hair_length: below the eyes at the sides; what is negative ends above the ears.
        hair_tone: brightness of the hair, 0..1.
        hair_red: its redness, 0..1.
        curl: strength of its streaks, 0..1.
    """

    tone: float = _trait(0.27, 0.2)
    flush: float = _trait(0.5, 0.25)
    age: float = _trait(0.35, 0.27)
    freckles: float = _trait(-0.15, 0.4)
    moles: float = _trait(2.2, 1.6)
    blotch: float = _trait(0.08, 0.03)
    beard: float = _trait(-0.25, 0.4, 0.75)
    hairline: float = _trait(0.66, 0.08, 0.2)
    recession: float = _trait(0.08, 0.08, 0.5)
    parting: float = _trait(0.0, 0.5)
    fringe: float = _trait(-0.05, 0.2, -0.4)
    volume: float = _trait(0.085, 0.04, -0.4)
    hair_length: float = _trait(0.5, 0.75, -0.75)
    hair_tone: float = _trait(0.2, 0.22)
    hair_red: float = _trait(0.4, 0.25)
    curl: float = _trait(0.5, 0.25)


@dataclass(frozen=True)
class Identity:
    """Everything that stays the same in all pictures of a person.

    Attributes:
        skull: form of the head.
        eyes: eyes and brows.
        nose: the nose.
        mouth: mouth and lips.
        skin: hair and skin.
        seed: decides where marks lie.
    """

    skull: SkullTraits
    eyes: EyeTraits
    nose: NoseTraits
    mouth: MouthTraits
    skin: SkinTraits
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """All measures, JSON-serialisable."""
        return asdict(self)


def draw_identity(rng: np.random.Generator) -> Identity:
    """Draw a person.

    Measures are normal and independent but for one common factor, a robust or a gracile build.

    Args:
        rng: source of randomness.
    """
    robust = float(np.clip(rng.normal(), -_LIMIT, _LIMIT))
    return Identity(
        skull=_draw(SkullTraits, robust, rng),
        eyes=_draw(EyeTraits, robust, rng),
        nose=_draw(NoseTraits, robust, rng),
        mouth=_draw(MouthTraits, robust, rng),
        skin=_draw(SkinTraits, robust, rng),
        seed=int(rng.integers(2**31)),
    )


TraitsT = TypeVar("TraitsT")


def _draw(kind: type[TraitsT], robust: float, rng: np.random.Generator) -> TraitsT:
    values = {}
    for entry in fields(kind):  # type: ignore[arg-type]
        mean, spread, share = (entry.metadata[key] for key in ("mean", "spread", "robust"))
        own = float(np.clip(rng.normal(), -_LIMIT, _LIMIT))
        values[entry.name] = round(mean + spread * (share * robust + math.sqrt(1 - share**2) * own), 5)
    return kind(**values)
