"""A head of nested ellipsoids with folded tissue, computed at any point: for tests of masks and movements."""

import numpy as np

from taskgan_ext.mr.relaxation_maps import Maps
from taskgan_ext.mr.signal import mdme_signal, synthesise

TISSUES = {  # T1 s, T2 s, PD
    "air": (0.5, 0.05, 0.0),
    "white": (0.88, 0.076, 0.70),
    "grey": (1.36, 0.096, 0.82),
    "fluid": (4.2, 1.7, 1.0),
    "bone": (0.5, 0.03, 0.05),
    "fat": (0.37, 0.058, 0.9),
    "muscle": (1.35, 0.036, 0.75),
}


def make_affine(spacing, shape, degrees=0.0):
    """Grid about the centre of the head, turned about the z axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    affine = np.eye(4)
    affine[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) * spacing
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def grid_points(affine, shape):
    """RAS millimetres of every voxel, ``(X, Y, Z, 3)``."""
    index = np.moveaxis(np.indices(shape), 0, -1)
    return index @ affine[:3, :3].T + affine[:3, 3]


def draw_tissues(points):
    """Name of the tissue at every point, as an index into ``TISSUES``."""
    x, y, z = np.moveaxis(points, -1, 0)
    radius = np.sqrt((x / 62) ** 2 + (y / 75) ** 2 + (z / 60) ** 2)
    folds = np.sin(x / 6 + np.sin(y / 9)) * np.sin(y / 7 + z / 11) + 0.5 * np.sin(z / 8 + x / 13)
    ventricle = ((np.abs(x + 2) - 9) / 6) ** 2 + ((y - 5) / 24) ** 2 + ((z - 4) / 10) ** 2 < 1
    shells = [
        (radius < 1.30, "fat"),
        (radius < 1.24, "muscle"),
        (radius < 1.18, "bone"),
        (radius < 1.05, "fluid"),
        (radius < 1.0, "grey"),
        ((radius < 0.93) & (folds < 0.35), "white"),
        (ventricle, "fluid"),
    ]
    names = list(TISSUES)
    result = np.zeros(radius.shape, dtype=int)
    for where, tissue in shells:
        result[where] = names.index(tissue)
    return result


def draw_maps(points):
    """Relaxation maps of the head at points ``(X, Y, Z, 3)``."""
    t1, t2, pd = np.moveaxis(np.array(list(TISSUES.values()), dtype=np.float32)[draw_tissues(points)], -1, 0)
    return Maps(t1, t2, pd, np.ones_like(t1))


def draw_brain(points):
    """Brain and the fluid about it."""
    x, y, z = np.moveaxis(points, -1, 0)
    return np.sqrt((x / 62) ** 2 + (y / 75) ** 2 + (z / 60) ** 2) < 1.05


def simulate_mdme(maps, sequence, rng, noise=0.01):
    """Complex MDME images ``(X, Y, Z, D, E)`` of maps, with a phase that varies over the image."""
    signal = mdme_signal(maps.t1, maps.t2, maps.pd, sequence) * 1000
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in maps.t1.shape), indexing="ij")
    phase = np.exp(1j * (0.8 * x + 0.5 * y * y + 0.3 * z + 0.4))[..., None, None]
    grain = rng.normal(0, 1000 * noise, (2, *signal.shape))
    return (signal * phase + grain[0] + 1j * grain[1]).astype(np.complex64)


def simulate_contrast(points, protocol, rng, noise=0.01):
    """Magnitude image of the head at points, as a conventional scan."""
    maps = draw_maps(points)
    image = 700 * synthesise(maps.t1, maps.t2, maps.pd, protocol)
    return np.abs(image + rng.normal(0, 700 * noise, image.shape)).astype(np.float32)


def rigid_matrix(degrees, shift):
    """Rotation about the x, then y, then z axis, then a shift in mm."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = about_z @ about_y @ about_x
    matrix[:3, 3] = shift
    return matrix


def move(points, matrix):
    """Apply a ``(4, 4)`` matrix to points ``(..., 3)``."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]
