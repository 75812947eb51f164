"""A small scanner, events of simple sources in it, and the real fragment."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from preprocessing.pet.grid import Grid
from preprocessing.pet.listmode.event_chunk import SinogramEvents
from preprocessing.pet.listmode.scanner_geometry import SinogramGeometry
from preprocessing.pet.reconstruct.cylinder_scanner import CylinderScanner
from preprocessing.pet.reconstruct.event_generator import EventSource, generate_events
from preprocessing.pet.reconstruct.transaxial_table import crystals_of_bins

RADIUS, CRYSTALS, RINGS, SPACING = 160.0, 128, 6, 6.0
CYLINDER_RADIUS, CYLINDER_ACTIVITY, WATER = 70.0, 2000.0, 0.0096
SECONDS = 4.0


@pytest.fixture(scope="session")
def fragment():
    """The real fragment of a Siemens mMR scan."""
    path = Path(__file__).parents[4] / ".." / "shared" / "data" / "pet" / "small_listmode_file.l"
    if not path.is_file():
        pytest.skip("the real list-mode fragment is not on this machine")
    return path.resolve()


@pytest.fixture(scope="session")
def scanner():
    """A short cylinder with time of flight."""
    return CylinderScanner("test cylinder", RADIUS, CRYSTALS, RINGS, SPACING, 40.0, 8.0, 41)


@pytest.fixture(scope="session")
def sinogram_geometry():
    """The same cylinder as Siemens would number its bins, without gaps."""
    return SinogramGeometry("test sinograms", 96, CRYSTALS // 2, RINGS, RINGS - 1, RADIUS, SPACING)


@pytest.fixture(scope="session")
def mmr():
    """The Siemens Biograph mMR."""
    return SinogramGeometry("mMR", 344, 252, 64, 60, 335.0, 4.0625, virtual_every=9)


def cylinder_map(frame):
    """Attenuation of the cylinder in 1/mm on the voxels of an image."""
    inside = distance_from_axis(frame.grid) < CYLINDER_RADIUS
    return np.repeat(WATER * inside[..., None], frame.num_planes, axis=2).astype(np.float32)


def distance_from_axis(grid):
    """Distance of the pixels of a plane from the axis in mm."""
    centre = (np.arange(grid.size) - (grid.size - 1) / 2) * grid.voxel_size
    return np.hypot(*np.meshgrid(centre, centre, indexing="ij"))


@pytest.fixture(scope="session")
def water():
    """The cylinder of water: its numbers, its map, and the distance of pixels from its axis."""
    return SimpleNamespace(
        radius=CYLINDER_RADIUS,
        activity=CYLINDER_ACTIVITY,
        seconds=SECONDS,
        map=cylinder_map,
        distance=distance_from_axis,
    )


@pytest.fixture(scope="session")
def cylinder_events(scanner):
    """A cylinder of water with constant activity, longer than the scanner, with randoms."""
    grid = Grid((40, 40, 20), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0))
    x, y, _ = grid.coordinates()
    inside = (np.hypot(x, y) < CYLINDER_RADIUS).astype(np.float32)
    source = EventSource(CYLINDER_ACTIVITY * inside, WATER * inside, grid, SECONDS, 0.2)
    return generate_events(source, scanner, seed=5)


def lines_through(point, number, seed):
    """Crystals ``(n, 2)``, rings ``(n, 2)`` and distances to the ends of isotropic lines through a point.

    Crystals stand at the angles 2 pi c / N from -y towards x, as STIR numbers them, rings from -z on.
    """
    rng = np.random.default_rng(seed)
    polar, azimuth = rng.uniform(-0.15, 0.15, number), rng.uniform(0, 2 * np.pi, number)
    flat = np.sqrt(1 - polar**2)
    direction = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), polar], axis=1)
    a, b = flat**2, direction[:, :2] @ point[:2]
    root = np.sqrt(b**2 - a * (point[0] ** 2 + point[1] ** 2 - RADIUS**2))
    reach = np.stack([(-b + root) / a, (-b - root) / a], axis=1)
    ends = point + reach[..., None] * direction[:, None]
    crystals = (
        np.rint(np.arctan2(ends[..., 0], -ends[..., 1]) * CRYSTALS / (2 * np.pi)).astype(int) % CRYSTALS
    )
    rings = np.rint(ends[..., 2] / SPACING + (RINGS - 1) / 2).astype(int)
    seen = ((rings >= 0) & (rings < RINGS)).all(1)
    return crystals[seen], rings[seen], reach[seen]


@pytest.fixture(scope="session")
def point_sinogram_events(sinogram_geometry):
    """Function that makes prompts of a point source as sinogram bins."""
    first, second = crystals_of_bins(sinogram_geometry)
    bins = {(int(a), int(b)): i for i, (a, b) in enumerate(zip(first, second, strict=True))}
    planes, plane = {}, 0
    for segment in [0, *(sign * d for d in range(1, RINGS) for sign in (-1, 1))]:
        for axial in range(RINGS - abs(segment)):
            low, high = axial, axial + abs(segment)
            planes[(low, high) if segment > 0 else (high, low)] = plane
            plane += 1

    def make(point, number=6000, seed=0):
        crystals, rings, _ = lines_through(np.array(point), number, seed)
        found = []
        for (c1, c2), (r1, r2) in zip(crystals.tolist(), rings.tolist(), strict=True):
            for (a, b), key in (((c1, c2), (r1, r2)), ((c2, c1), (r2, r1))):
                if (a, b) in bins:
                    found.append((bins[a, b], planes[key]))
                    break
        index, plane_index = np.array(found).T
        view, radial = np.divmod(index, sinogram_geometry.num_radial)
        zeros = np.zeros(len(found))
        return SinogramEvents(
            radial.astype(np.uint16),
            view.astype(np.uint16),
            plane_index.astype(np.uint16),
            zeros.astype(np.int16),
            np.ones(len(found), bool),
            zeros.astype(np.uint32),
        )

    return make


@pytest.fixture(scope="session")
def point_detector_events(scanner):
    """Function that makes prompts of a point source as pairs of detectors."""

    def make(point, number=6000, seed=0):
        grid = Grid((1, 1, 1), (0.5, 0.5, 0.5), tuple(map(float, point)))
        one = np.ones((1, 1, 1), np.float32)
        # Every event of a point is counted: as many decays as the scanner's solid angle needs.
        source = EventSource(one * number * 2e5, one * 0, grid, 1.0, 0.0)
        return generate_events(source, scanner, seed)

    return make
