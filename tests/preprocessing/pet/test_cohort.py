import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from file_digests import digests

from preprocessing.pet import cohort
from preprocessing.pet.cohort import simulate_cohort
from preprocessing.pet.cohort_settings import CohortSettings
from preprocessing.pet.scan import ScanSettings
from preprocessing.pet.scanner import ImageGrid, Scanner
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.nifti import load_nifti
from taskgan_ext.keys import SECTIONS

# A coarse scanner: everything runs, nothing takes long.
SCANNER = Scanner(
    num_angles=24,
    num_bins=64,
    bin_size=4.68,
    num_tof_bins=3,
    tof_bin_size=132.0,
    num_subsets=4,
    reconstruction_grid=ImageGrid(64, 4.68),
    simulation_grid=ImageGrid(128, 2.34),
)
SETTINGS = CohortSettings(
    seed=5,
    doses=(0.01, 0.1),
    realisations=2,
    num_slices=4,
    positive_fraction=0.5,
    scan=ScanSettings(counts_per_slice=2e5, scanner=SCANNER),
)
NUM_SUBJECTS = 3


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    simulate_cohort(folder, NUM_SUBJECTS, SETTINGS)
    return folder


def test_any_number_of_workers_writes_the_same_bytes(finished, tmp_path):
    simulate_cohort(tmp_path, NUM_SUBJECTS, SETTINGS, workers=2)
    assert digests(tmp_path) == digests(finished)


def test_an_interrupted_run_goes_on_and_ends_with_the_same_bytes(finished, tmp_path, monkeypatch):
    write_subject = cohort.write_subject
    written = []

    def stop_after_one(folder, index, settings):
        if written:
            raise KeyboardInterrupt
        written.append(index)
        write_subject(folder, index, settings)

    monkeypatch.setattr(cohort, "write_subject", stop_after_one)
    with pytest.raises(KeyboardInterrupt):
        simulate_cohort(tmp_path, NUM_SUBJECTS, SETTINGS)
    assert not (tmp_path / "datalist.json").exists()
    kept = (tmp_path / "sub-001" / "sub-001_full.nii.gz").stat().st_mtime_ns

    monkeypatch.setattr(cohort, "write_subject", write_subject)
    simulate_cohort(tmp_path, NUM_SUBJECTS, SETTINGS)
    assert digests(tmp_path) == digests(finished)
    assert (tmp_path / "sub-001" / "sub-001_full.nii.gz").stat().st_mtime_ns == kept


def test_a_case_with_a_missing_file_is_made_again(finished, tmp_path):
    for path in finished.rglob("*"):
        if path.is_file() and path.name != "sub-002_dose-10.nii.gz":
            target = tmp_path / path.relative_to(finished)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    simulate_cohort(tmp_path, NUM_SUBJECTS, SETTINGS)
    assert digests(tmp_path) == digests(finished)


def test_other_settings_in_the_same_folder_are_refused(finished):
    before = digests(finished)
    with pytest.raises(ConfigError, match=r"other settings .*seed 5 there, 6 here.*choose another folder"):
        simulate_cohort(finished, NUM_SUBJECTS, replace(SETTINGS, seed=6))
    assert digests(finished) == before


def test_data_list_names_every_pair_and_loads(finished):
    items = load_datalist(finished, SECTIONS)
    assert len(items) == NUM_SUBJECTS * 2 * 2
    assert {(item["dose"], item["realisation"]) for item in items} == {
        (d, r) for d in (0.01, 0.1) for r in (1, 2)
    }
    names = sorted(path.name for path in (finished / "sub-002").iterdir())
    assert names == [
        "sub-002.json",
        "sub-002_dose-01.nii.gz",
        "sub-002_dose-01_real-2.nii.gz",
        "sub-002_dose-10.nii.gz",
        "sub-002_dose-10_real-2.nii.gz",
        "sub-002_full.nii.gz",
        "sub-002_regions.nii.gz",
    ]
    for item in items:
        sidecar = json.loads((finished / item["subject"] / f"{item['subject']}.json").read_text())
        assert item["property"] == sidecar["truth"]["label"]


def test_volumes_share_one_geometry_and_are_in_bq_per_ml(finished):
    full, affine = load_nifti(finished / "sub-001" / "sub-001_full.nii.gz")
    low, low_affine = load_nifti(finished / "sub-001" / "sub-001_dose-10.nii.gz")
    regions, region_affine = load_nifti(finished / "sub-001" / "sub-001_regions.nii.gz")
    np.testing.assert_array_equal(affine, low_affine)
    np.testing.assert_array_equal(affine, region_affine)
    assert full.shape == low.shape == regions.shape == (64, 64, 4)
    np.testing.assert_allclose(np.diag(affine), [4.68, 4.68, 2.78, 1], rtol=1e-6)
    # White matter has SUV 1.6 to 1.8 of 2.5 kBq/ml; coarse pixels lose some of it.
    assert 2500 < full[regions == 30].mean() < 4800
    assert low[regions > 0].mean() == pytest.approx(full[regions > 0].mean(), rel=0.1)


def test_the_first_subject_goes_through_an_event_file(finished):
    sidecar = json.loads((finished / "sub-001" / "sub-001.json").read_text())
    events = finished / "sub-001" / "sub-001_listmode.l"
    assert hashlib.sha256(events.read_bytes()).hexdigest() in json.dumps(sidecar["scan"])
    assert not list((finished / "sub-002").glob("*listmode*"))


def test_the_sidecar_makes_the_subject_again(finished, tmp_path):
    sidecar = json.loads((finished / "sub-002" / "sub-002.json").read_text())
    settings = replace(SETTINGS, seed=sidecar["settings"]["seed"], doses=tuple(sidecar["settings"]["doses"]))
    cohort.write_subject(tmp_path, sidecar["index"], settings)
    for name, digest in sidecar["sha256"].items():
        assert hashlib.sha256((tmp_path / "sub-002" / name).read_bytes()).hexdigest() == digest
    assert sidecar["units"] == "Bq/ml"
    assert set(sidecar["versions"]) >= {"numpy", "scipy", "torch"}
