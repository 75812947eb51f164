"""The GE SIGNA PET/MR, as far as list-mode files do not tell.

Source: STIR, ``Scanner.cxx``; Grant et al., Med Phys 43, 2016, doi 10.1118/1.4945416.
"""

import numpy as np

from preprocessing.pet.listmode.scanner_geometry import DetectorGeometry

NUM_RINGS, NUM_CRYSTALS, NUM_TOF_BINS = 45, 448, 351
_RADIUS = 311.8 + 8.5
"""Inner radius and depth of interaction, mm."""
_RING_SPACING = 5.56
_TOF_BIN = 1.952
"""13.02 ps along the line of response, mm."""
_TOF_FWHM = 58.5
"""390 ps."""


def signa_geometry() -> DetectorGeometry:
    """Give the scanner; crystal 0 stands on the x axis, which is not verified."""
    angle = 2 * np.pi * np.arange(NUM_CRYSTALS) / NUM_CRYSTALS
    axial = (np.arange(NUM_RINGS) - (NUM_RINGS - 1) / 2) * _RING_SPACING
    centres = np.empty((NUM_RINGS, NUM_CRYSTALS, 3), np.float32)
    centres[..., 0], centres[..., 1] = _RADIUS * np.cos(angle), _RADIUS * np.sin(angle)
    centres[..., 2] = axial[:, None]
    return DetectorGeometry(
        name="GE SIGNA PET/MR",
        centres=centres.reshape(-1, 3),
        tof_edges=((np.arange(NUM_TOF_BINS + 1) - NUM_TOF_BINS / 2) * _TOF_BIN).astype(np.float32),
        tof_fwhm=_TOF_FWHM,
        ring_spacing=_RING_SPACING,
        num_rings=NUM_RINGS,
        efficiencies=np.ones(NUM_RINGS * NUM_CRYSTALS, np.float32),
    )
