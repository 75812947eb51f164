"""The list-mode engine: dense referee, place of a point, agreement with the planar engine."""

import numpy as np
import pytest
import torch

from preprocessing.pet.listmode.event_chunk import DetectorEvents
from preprocessing.pet.osem import reconstruction_circle
from preprocessing.pet.reconstruct.event_histogram import count_events, events_slice
from preprocessing.pet.reconstruct.image_frame import image_frame
from preprocessing.pet.reconstruct.line_model import line_model
from preprocessing.pet.reconstruct.line_set import LineSource
from preprocessing.pet.reconstruct.listmode_engine import ListModeEngine, ListModeRequest
from preprocessing.pet.reconstruct.listmode_events import collect_prompts
from preprocessing.pet.reconstruct.planar_engine import PlanarRequest, reconstruct_planes
from preprocessing.pet.scanner import ImageGrid
from preprocessing.pet.smoothing import blur_volume
from preprocessing.pet.stack import stack_to_volume, volume_to_stack

GRID = ImageGrid(48, 5.0)


def smooth(volume, model, fwhm=8.0):
    stack = volume_to_stack(volume, model.sampling.grid)
    stack = blur_volume(stack, model.sampling.grid, model.sampling.plane_spacing, fwhm)
    return stack_to_volume(stack, model.sampling.grid)


def engine_for(events, model, exposure, attenuation=None, lines=150_000):
    collected = collect_prompts([events], model, progress=False)
    return ListModeEngine(ListModeRequest(collected, model, exposure, attenuation, lines), progress=False)


def planar(events, model, exposure, attenuation=None, iterations=4):
    histogram = count_events([events], model, progress=False)
    stack = reconstruct_planes(
        PlanarRequest(histogram, model, exposure, attenuation), iterations, progress=False
    )
    return stack_to_volume(stack, model.sampling.grid)


def test_the_update_equals_the_equation_with_a_dense_matrix(scanner, cylinder_events):
    model = line_model(scanner.geometry(), ImageGrid(12, 16.0), 4)
    events = events_slice(cylinder_events, slice(0, 300))
    engine = engine_for(events, model, 2.0, lines=3000)
    prompts = collect_prompts([events], model, progress=False)
    lines = LineSource(model).of_events(prompts.prompts)
    planes, size = model.sampling.num_planes, 12
    unit = torch.eye(planes * size * size).reshape(-1, planes, size, size)
    A = np.stack([engine.projector.integrate(one, lines, with_tof=True).numpy() for one in unit], axis=1)
    A = A.astype(np.float64)
    sensitivity = engine.sensitivity().double().numpy().reshape(-1)
    usable = np.tile(reconstruction_circle(model.sampling.grid).numpy(), planes) * (
        sensitivity > 1e-3 * sensitivity.max()
    )
    delayeds = np.count_nonzero(~events.prompt & (model.cells(events) != -1))
    randoms = delayeds / (LineSource(model).num_lines * scanner.num_tof_bins)
    ratio = randoms / (lines.weight.astype(np.float64) * 1e-3 * 2.0)
    net = max(len(A) - delayeds, 0.1 * len(A))
    x = usable * net / (sensitivity * usable).sum()
    for subset in (0, 1, 0, 1):
        part = slice(subset, None, 2)
        x = x * (A[part].T @ (1 / (A[part] @ x + ratio[part]))) * usable * 2 / np.maximum(sensitivity, 1e-30)
    image = engine.reconstruct(2, 2).transpose(2, 1, 0).reshape(-1)
    np.testing.assert_allclose(image, x, rtol=2e-3, atol=1e-3 * x.max())


@pytest.mark.parametrize("kind", ["detectors", "sinogram"])
@pytest.mark.parametrize("engine", ["2d", "3d"])
def test_an_off_centre_point_is_found_where_it_is(
    kind, engine, scanner, sinogram_geometry, point_detector_events, point_sinogram_events
):
    point = (45.0, -25.0, 6.0)
    events = (point_detector_events if kind == "detectors" else point_sinogram_events)(point)
    geometry = scanner.geometry() if kind == "detectors" else sinogram_geometry
    model = line_model(geometry, GRID, 4)
    assert events.prompt.size > 2000
    if engine == "2d":
        volume = planar(events, model, 1.0, iterations=2)
    else:
        volume = engine_for(events, model, 1.0).reconstruct(2, 4)
    frame = image_frame(geometry, model.sampling)
    indices = np.indices(volume.shape).reshape(3, -1)
    total = volume.reshape(-1) / volume.sum()
    found = (indices * total).sum(1) * frame.spacing + [-117.5, -117.5, frame.first_plane]
    np.testing.assert_allclose(found, point, atol=1.5)
    spread = np.sqrt(((indices[:2] * 5 - 117.5 - np.array(point)[:2, None]) ** 2 * total).sum())
    assert spread < 12


def test_both_engines_agree_on_the_cylinder_and_with_the_truth(scanner, cylinder_events, water):
    model = line_model(scanner.geometry(), GRID, 2)
    attenuation = water.map(image_frame(model.geometry, model.sampling))
    events = events_slice(cylinder_events, slice(None, None, 2))
    flat = smooth(planar(events, model, water.seconds / 2, attenuation, iterations=5), model)
    deep = smooth(engine_for(events, model, water.seconds / 2, attenuation).reconstruct(5, 2), model)
    assert np.corrcoef(flat.reshape(-1), deep.reshape(-1))[0, 1] > 0.95
    truth = smooth((attenuation > 0) * np.float32(water.activity), model)
    for volume in (flat, deep):
        assert np.linalg.norm(volume - truth) / np.linalg.norm(truth) < 0.3
        assert volume.sum() == pytest.approx(truth.sum(), rel=0.05)
    inside = water.distance(GRID) < water.radius - 12
    assert deep[inside].mean() == pytest.approx(water.activity, rel=0.04)


def test_the_sensitivity_is_that_of_all_lines(scanner):
    """Random lines against the analytic solid angle at the centre of the scanner."""
    model = line_model(scanner.geometry(), GRID, 4)
    events = collect_prompts([_no_events()], model, progress=False)
    engine = ListModeEngine(ListModeRequest(events, model, 1000.0, sensitivity_lines=150_000), progress=False)
    sensitivity = engine.sensitivity().numpy()
    half = scanner.half_length
    solid = half / np.hypot(half, scanner.radius)  # share of all directions that leave through the wall
    voxel = 5.0 * 5.0 * model.sampling.plane_spacing
    centre = sensitivity[model.sampling.num_planes // 2, 20:28, 20:28].mean()
    assert centre / voxel == pytest.approx(solid, rel=0.1)


def _no_events():
    empty = np.zeros(0)
    return DetectorEvents(
        np.zeros((0, 2), np.int32), empty.astype(np.int16), empty.astype(bool), empty.astype(np.uint32)
    )
