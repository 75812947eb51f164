"""The image of a patient who lies otherwise is turned as the patient is."""

from dataclasses import replace

import numpy as np
import pytest

from preprocessing.pet.listmode.scanner_geometry import SinogramGeometry
from preprocessing.pet.reconstruct.image_frame import image_frame, orientation_text
from preprocessing.pet.reconstruct.line_model import line_model
from preprocessing.pet.scanner import ImageGrid
from taskgan_ext.errors import RefusedListMode

SCANNER = SinogramGeometry("test", 32, 48, 4, 3, 200.0, 6.0, patient_position="HFS")
SAMPLING = line_model(SCANNER, ImageGrid(16, 10.0), 1).sampling


def ends(position: str) -> str:
    """Which way x (right seen from the bed), y (down) and z (out of the scanner) run in the patient."""
    frame = image_frame(replace(SCANNER, patient_position=position), SAMPLING)
    assert frame.scanner_affine[0, 0] * frame.signs[0] > 0
    steps = np.diag(frame.scanner_affine)[:3]
    return "".join(pair[int(step > 0)] for pair, step in zip(("LR", "PA", "IS"), steps, strict=True))


@pytest.mark.parametrize(
    ("position", "expected"),
    # By thought alone: who looks from the bed at a supine patient, head first, sees the left side on the
    # right, the back below, and the feet near.
    [("", "LPI"), ("HFS", "LPI"), ("HFP", "RAI"), ("FFS", "RPS"), ("FFP", "LAS")],
)
def test_the_axes_follow_the_position_of_the_patient(position: str, expected: str) -> None:
    assert ends(position) == expected
    told = orientation_text(replace(SCANNER, patient_position=position))
    assert ", ".join(expected) in told
    assert (position or "HFS, which the header does not tell") in told


@pytest.mark.parametrize("position", ["HFDL", "another one"])
def test_a_patient_on_the_side_is_refused(position: str) -> None:
    with pytest.raises(RefusedListMode, match="patient orientation among HFS, HFP, FFS, FFP") as caught:
        image_frame(replace(SCANNER, patient_position=position), SAMPLING)
    assert caught.value.code == "unsupported"


@pytest.mark.parametrize("position", ["HFP", "FFS", "FFP"])
def test_a_volume_that_is_written_is_the_same_patient(position: str) -> None:
    """What lies at one place of the scanner lies at the other side of the patient."""
    volume = np.random.default_rng(0).random((16, 16, SAMPLING.num_planes)).astype(np.float32)
    frame = image_frame(replace(SCANNER, patient_position=position), SAMPLING)
    written, index = frame.to_ras(volume), np.array([3, 4, 1])
    place = frame.scanner_affine @ [*index, 1]
    found = np.rint(np.linalg.solve(frame.affine, place)[:3]).astype(int)
    assert written[tuple(found)] == volume[tuple(index)]
