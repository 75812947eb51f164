import json
import subprocess
import sys
from dataclasses import replace
from subprocess import PIPE

import numpy as np
import pytest
from file_digests import digests
from tiny_mr import write_tiny_subject

from preprocessing.collect import STRATUM
from preprocessing.imported_datalist import update_datalist
from preprocessing.mr import cohort
from preprocessing.mr.cohort import simulate_cohort
from preprocessing.mr.mr_subjects import MR_SUBJECTS
from preprocessing.mr.settings import SimulationSettings
from preprocessing.mr.simulate import simulate_subject
from preprocessing.mr.subject_files import WITH_LESIONS, WITHOUT_LESIONS, list_items
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.nifti import load_nifti
from taskgan_ext.keys import SECTIONS
from taskgan_ext.mr.protocol import CONTRASTS
from taskgan_ext.mr.reader.conventional import read_contrast
from taskgan_ext.mr.reader.read import read_mdme

TINY = SimulationSettings(seed=5, resolution=4.0, num_slices=6, patient_fraction=0.5)
NUM_SUBJECTS = 6


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    simulate_cohort(folder, NUM_SUBJECTS, TINY)
    return folder


@pytest.mark.slow
def test_any_number_of_workers_writes_the_same_bytes(finished, tmp_path):
    simulate_cohort(tmp_path, NUM_SUBJECTS, TINY, workers=2)
    assert digests(tmp_path) == digests(finished)


def test_every_section_has_subjects_with_and_without_lesions(finished):
    content = json.loads((finished / "datalist.json").read_text())
    for section in SECTIONS:
        strata = {item["subject"]: item[STRATUM] for item in content[section]}
        assert sorted(strata.values()) == [WITH_LESIONS, WITHOUT_LESIONS]
    items = load_datalist(finished, SECTIONS)
    assert len(items) == NUM_SUBJECTS * len(CONTRASTS)


def test_files_hold_the_simulated_subject(finished):
    subject = simulate_subject(TINY, 1)
    name = finished / "sub-002" / "sub-002"
    for contrast in CONTRASTS:
        data, affine = load_nifti(f"{name}_{contrast}.nii.gz")
        np.testing.assert_array_equal(data, subject.contrasts[contrast])
        np.testing.assert_allclose(affine, subject.affine)
    np.testing.assert_array_equal(load_nifti(f"{name}_regions.nii.gz")[0], subject.regions)
    np.testing.assert_array_equal(load_nifti(f"{name}_mask.nii.gz")[0], subject.brain)
    record = json.loads(name.with_suffix(".json").read_text())["extra"]
    assert record["truth"] == json.loads(json.dumps(subject.truth))
    assert record["settings"] == TINY.to_dict()


def test_a_cohort_grows_and_keeps_its_subjects(finished, tmp_path, monkeypatch):
    simulate_cohort(tmp_path, 1, TINY)
    before = digests(tmp_path / "sub-001")
    written = []
    write = cohort.write_simulated

    def note(folder, index, settings):
        written.append(index)
        write(folder, index, settings)

    monkeypatch.setattr(cohort, "write_simulated", note)
    simulate_cohort(tmp_path, 2, TINY)
    assert written == [1]
    assert digests(tmp_path / "sub-001") == before == digests(finished / "sub-001")


def test_more_subjects_than_tissue_maps_are_refused_before_anything_is_written(tmp_path):
    (tmp_path / "a.nii.gz").touch()
    settings = replace(TINY, tissue_maps=(tmp_path / "a.nii.gz",))
    with pytest.raises(ConfigError, match="one file of tissue maps per subject, got 1 for 2 subjects"):
        simulate_cohort(tmp_path / "out", 2, settings)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("vendor", ["ge", "philips", "siemens"])
def test_dicom_reads_back_as_what_was_simulated(tmp_path, vendor):
    settings = replace(TINY, file_format="dicom", vendor=vendor)
    assert simulate_cohort(tmp_path, 1, settings) is None
    assert not (tmp_path / "datalist.json").exists()
    subject = simulate_subject(settings, 0)
    folder = tmp_path / "sub-001" / "dicom"
    image = read_mdme(folder / "mdme")
    assert image.kind == "complex"
    assert image.sequence.delays == pytest.approx(subject.sequence.delays)
    assert image.delays_from == ("slice count" if vendor == "philips" else "header")
    contrast = read_contrast(folder / "T2FLAIR")
    times = contrast.times
    found = [times.repetition_time, times.echo_time, times.inversion_time]
    assert found == TINY.protocols["T2FLAIR"].times
    assert contrast.frame_of_reference == image.frame_of_reference
    for read, true in ((np.abs(image.signal[..., 3, 0]), np.abs(subject.signal[..., 3, 0])),
                       (contrast.data, subject.contrasts["T2FLAIR"])):  # fmt: skip
        # The axes of a DICOM slice may run the other way: compare what does not depend on it.
        assert np.corrcoef(np.sort(read.ravel()), np.sort(true.ravel()))[0, 1] > 0.999
    lesions, _ = load_nifti(folder / "lesions.nii.gz")
    np.testing.assert_array_equal(lesions > 0, subject.regions == 5)


def test_imported_subjects_stay_in_the_list_and_are_not_taken_for_simulated_ones(tmp_path):
    simulate_cohort(tmp_path, 1, TINY)
    write_tiny_subject(tmp_path, "real-1", 1)
    update_datalist(tmp_path, "real-1", list_items(tmp_path, "real-1"), "test", MR_SUBJECTS)
    content = simulate_cohort(tmp_path, 2, TINY)
    assert {item["subject"] for item in content["test"]} >= {"real-1"}
    subjects = {item["subject"] for section in SECTIONS for item in content[section]}
    assert subjects == {"sub-001", "sub-002", "real-1"}
    write_tiny_subject(tmp_path, "sub-003", 1)
    with pytest.raises(DataError, match=r"sub-003 was imported, not simulated"):
        simulate_cohort(tmp_path, 3, TINY)


def test_what_a_killed_run_was_writing_is_removed(tmp_path):
    (tmp_path / "sub-001" / "dicom" / ".writing-3").mkdir(parents=True)
    (tmp_path / "sub-001" / ".writing-2.nii.gz").touch()
    (tmp_path / ".writing-1.json").touch()
    simulate_cohort(tmp_path, 1, TINY)
    assert not list(tmp_path.rglob(".writing-*"))


@pytest.mark.slow
def test_two_runs_at_once_write_one_cohort(tmp_path):
    arguments = ["--subjects", "1", "--slices", "6", "--resolution", "4", "--format", "dicom"]
    command = [sys.executable, "-m", "preprocessing", "mr", "simulate", *arguments, "--out", str(tmp_path)]
    runs = [subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True) for _ in range(2)]
    ends = [run.communicate() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], ends
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cohort.json", "sub-001"]


def test_an_interrupted_dicom_export_goes_on(tmp_path):
    settings = replace(TINY, file_format="dicom")
    simulate_cohort(tmp_path, 1, settings)
    complete = digests(tmp_path)
    (tmp_path / "sub-001" / "dicom" / "simulation.json").unlink()
    for path in (tmp_path / "sub-001" / "dicom" / "T2w").iterdir():
        path.unlink()
    (tmp_path / "sub-001" / "dicom" / "T2w").rmdir()
    simulate_cohort(tmp_path, 1, settings)
    assert digests(tmp_path) == complete
