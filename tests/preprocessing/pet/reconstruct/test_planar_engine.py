"""The two-dimensional engine: absolute scale, uniformity, dose and agreement with the simulator's engine."""

import dataclasses

import numpy as np
import pytest
import torch

from preprocessing.pet.osem import osem
from preprocessing.pet.reconstruct.detector_layout import layout_of
from preprocessing.pet.reconstruct.event_histogram import count_events, events_slice
from preprocessing.pet.reconstruct.image_frame import image_frame
from preprocessing.pet.reconstruct.line_model import line_model
from preprocessing.pet.reconstruct.planar_engine import PlanarRequest, check_matrix_memory, reconstruct_planes
from preprocessing.pet.reconstruct.planar_osem import PlanarData, planar_osem
from preprocessing.pet.reconstruct.sampling import detector_sampling
from preprocessing.pet.scanner import ImageGrid
from preprocessing.pet.smoothing import blur_volume
from preprocessing.pet.stack import stack_to_volume
from preprocessing.pet.system_matrix import build_system_matrix
from taskgan_ext.errors import ConfigError

GRID = ImageGrid(48, 5.0)


def reconstruct(events, model, exposure, attenuation, iterations=4):
    histogram = count_events([events], model, progress=False)
    request = PlanarRequest(histogram, model, exposure, attenuation)
    stack = reconstruct_planes(request, iterations, progress=False)
    smooth = blur_volume(stack, model.sampling.grid, model.sampling.plane_spacing, 8.0)
    return stack_to_volume(smooth, model.sampling.grid)


@pytest.fixture(scope="module", params=["tof", "no tof"])
def cylinder(request, scanner, cylinder_events, water):
    """Model, attenuation map and events of the cylinder."""
    geometry, events = scanner.geometry(), cylinder_events
    if request.param == "no tof":
        geometry = dataclasses.replace(geometry, tof_fwhm=0.0)
        events = dataclasses.replace(events, tof=np.zeros_like(events.tof))
    model = line_model(geometry, GRID, 4)
    assert model.sampling.with_tof == (request.param == "tof")
    return model, water.map(image_frame(geometry, model.sampling)), events


def test_a_uniform_cylinder_comes_out_flat_and_with_its_activity(cylinder, water):
    model, attenuation, events = cylinder
    volume = reconstruct(events, model, water.seconds, attenuation)
    radius = water.distance(GRID)
    inside = radius < water.radius - 12
    assert volume[inside].mean() == pytest.approx(water.activity, rel=0.03)
    axial = volume[inside].mean(0)
    np.testing.assert_allclose(axial[1:-1], water.activity, rtol=0.08)
    rings = [volume[(radius >= low) & (radius < low + 20)].mean() for low in (0, 20, 40)]
    np.testing.assert_allclose(rings, water.activity, rtol=0.06)
    assert volume[radius > water.radius + 15].mean() < 0.02 * water.activity


def test_without_attenuation_the_middle_of_the_cylinder_sinks(cylinder, water):
    model, _, events = cylinder
    volume = reconstruct(events, model, water.seconds, None)
    radius = water.distance(GRID)
    assert volume[radius < 20].mean() < 0.9 * volume[(radius > 40) & (radius < 58)].mean()


def test_a_thinned_scan_keeps_its_scale_by_the_dose_in_the_model(scanner, cylinder_events, water):
    model = line_model(scanner.geometry(), GRID, 4)
    attenuation = water.map(image_frame(model.geometry, model.sampling))
    kept = np.random.default_rng(0).random(cylinder_events.prompt.size) < 0.25
    inside = water.distance(GRID) < water.radius - 12
    low = reconstruct(events_slice(cylinder_events, kept), model, 0.25 * water.seconds, attenuation)
    full = reconstruct(cylinder_events, model, water.seconds, attenuation)
    assert low[inside].mean() == pytest.approx(full[inside].mean(), rel=0.04)
    wrong = reconstruct(events_slice(cylinder_events, kept), model, water.seconds, attenuation)
    assert wrong[inside].mean() == pytest.approx(0.25 * full[inside].mean(), rel=0.06)


def test_with_equal_planes_the_update_is_that_of_the_simulator(scanner):
    model = line_model(scanner.geometry(), ImageGrid(24, 8.0), 4)
    matrix = build_system_matrix(model.sampling.scanner, model.sampling.grid)
    generator = torch.Generator().manual_seed(1)
    rays = (4, *matrix.shape[1:], 3)
    factors, additive = (torch.rand(rays, generator=generator) + 0.1 for _ in range(2))
    counts = torch.rand(4, *matrix.shape, 3, generator=generator) * 20
    axial = torch.ones(matrix.shape[0], 3)
    ours = planar_osem(PlanarData(counts, factors, additive, axial), matrix, 2, start=1.0)
    torch.testing.assert_close(ours, osem(counts, factors, additive, matrix, 2), rtol=1e-4, atol=1e-4)


def test_planes_of_unequal_sensitivity_give_noise_free_activity_back(scanner, water):
    model = line_model(scanner.geometry(), ImageGrid(24, 8.0), 4)
    matrix = build_system_matrix(model.sampling.scanner, model.sampling.grid)
    truth = (
        torch.from_numpy((water.distance(model.sampling.grid) < 60).astype(np.float32)).reshape(-1, 1) * 50
    )
    truth = truth.expand(-1, 3).contiguous()
    generator = torch.Generator().manual_seed(1)
    factors = torch.rand(4, *matrix.shape[1:], 3, generator=generator) + 0.5
    axial = torch.rand(matrix.shape[0], 3, generator=generator) + 0.5
    additive = torch.full_like(factors, 3.0)
    counts = axial[:, None, None] * (factors[:, None] * matrix.project(truth) + additive[:, None])
    image = planar_osem(PlanarData(counts, factors, additive, axial), matrix, 15, start=10.0)
    assert torch.linalg.norm(image - truth) / torch.linalg.norm(truth) < 0.1
    assert float(image.sum() / truth.sum()) == pytest.approx(1, abs=0.01)


def test_a_projector_that_does_not_fit_is_refused_before_it_is_built(scanner):
    geometry = dataclasses.replace(scanner, crystals_per_ring=512).geometry()
    sampling = detector_sampling(geometry, layout_of(geometry), ImageGrid(512, 0.6), 4)
    check_matrix_memory(detector_sampling(geometry, layout_of(geometry), ImageGrid(128, 2.4), 4))
    with pytest.raises(ConfigError, match="--matrix 512"):
        check_matrix_memory(sampling)
