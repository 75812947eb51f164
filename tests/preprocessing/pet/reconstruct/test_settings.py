"""Settings, the number of subsets, and the dose fraction of a thinned file."""

import pytest

from preprocessing.pet.reconstruct.dose_report import dose_of_file
from preprocessing.pet.reconstruct.line_model import line_model
from preprocessing.pet.reconstruct.settings import ReconstructionSettings
from preprocessing.pet.reconstruct.sidecar import sidecar_path
from preprocessing.pet.reconstruct.subset_choice import choose_passes, with_subsets
from preprocessing.pet.scanner import ImageGrid
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.atomic import write_json


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("voxel_size", 0.0),
        ("matrix", 4),
        ("iterations", 0),
        ("subsets", -1),
        ("post_filter", -1.0),
        ("calibration", float("nan")),
        ("dose", 1.5),
        ("duration", float("inf")),
    ],
)
def test_a_number_out_of_range_is_refused_by_the_name_of_its_option(name, value):
    with pytest.raises(ConfigError, match=f"--{name.replace('_', '-')}: expected a number from"):
        ReconstructionSettings(**{name: value})


def test_defaults_depend_on_engine_and_time_of_flight(scanner, sinogram_geometry):
    plain, deep = ReconstructionSettings(), ReconstructionSettings(engine="3d")
    assert plain.passes(scanner.geometry()) == (2, 28)
    assert plain.passes(sinogram_geometry) == (3, 12)
    assert deep.passes(scanner.geometry()) == (2, 14)
    assert ReconstructionSettings(iterations=5).passes(sinogram_geometry) == (5, 12)


def test_few_counts_get_few_subsets_and_as_many_updates(scanner):
    model = line_model(scanner.geometry(), ImageGrid(32, 8.0), 28)
    planes = model.sampling.num_planes
    previous = 0
    for prompts in (10, 5000, 10_000, 20_000, 100_000):
        iterations, subsets = choose_passes((2, 28), prompts * planes, model, planar=True)
        assert iterations * subsets == 56
        assert subsets >= max(previous, 4)
        assert subsets == 4 or prompts / subsets >= 1000
        previous = subsets
    assert previous == 28
    assert choose_passes((2, 14), 10 * planes, model, planar=False) == (28, 1)


def test_the_number_of_subsets_changes_nothing_else(scanner):
    model = line_model(scanner.geometry(), ImageGrid(32, 8.0), 28)
    other = with_subsets(model, 7)
    assert other.sampling.scanner.num_subsets == 7
    assert other.sampling.shape == model.sampling.shape
    assert other.transaxial is model.transaxial


def test_the_dose_comes_from_the_report_of_the_same_file(tmp_path):
    scan, report = tmp_path / "a.petsird", tmp_path / "a.json"
    assert dose_of_file(scan, "abc") is None
    write_json(report, {"something": "else"})
    assert dose_of_file(scan, "abc") is None
    write_json(report, {"dose": 0.05, "sha256": "abc", "source_sha256": "def"})
    assert dose_of_file(scan, "abc") == 0.05
    with pytest.raises(ConfigError, match="belongs to another file"):
        dose_of_file(scan, "other")


def test_the_sidecar_never_replaces_another_file(tmp_path):
    image = tmp_path / "a.nii.gz"
    assert sidecar_path(image) == tmp_path / "a.json"
    write_json(tmp_path / "a.json", {"ReconMethodName": "2D OSEM"})
    assert sidecar_path(image) == tmp_path / "a.json"
    write_json(tmp_path / "a.json", {"dose": 0.05})
    with pytest.raises(ConfigError, match="another file"):
        sidecar_path(image)
    with pytest.raises(ConfigError, match=r"ends in \.nii"):
        sidecar_path(tmp_path / "a.img")
