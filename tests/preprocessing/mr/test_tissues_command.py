"""The whole way of a user: scans of a person, tissues, a simulated cohort with that anatomy."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from preprocessing.__main__ import main
from preprocessing.mr.anatomy import brain_and_regions
from preprocessing.mr.dicom_export import write_contrast_dicom
from preprocessing.mr.settings import SimulationSettings
from preprocessing.mr.simulate import simulate_subject
from preprocessing.mr.tissue_maps import load_tissue_maps
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.io.nifti import load_nifti, save_nifti
from taskgan_ext.mr.protocol import load_protocols

NAMES = ("T1w", "T2w", "T2FLAIR")


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """DICOM of T1w and T2w, NIfTI of T2FLAIR, and masks."""
    folder, table = tmp_path_factory.mktemp("scans"), load_protocols()
    settings = SimulationSettings(seed=5, num_slices=4, protocols={name: table[name] for name in NAMES})
    subject = simulate_subject(settings, 0)
    for name in NAMES[:2]:
        write_contrast_dicom(subject.contrasts[name], subject.affine, name, table[name], folder / name)
    save_nifti(subject.contrasts["T2FLAIR"], subject.affine, folder / "T2FLAIR.nii.gz")
    lesions = subject.regions == 5
    for name, mask in {"brain": subject.brain, "lesions": lesions, "empty": 0 * lesions}.items():
        save_nifti(mask.astype(np.uint8), subject.affine, folder / f"{name}.nii.gz")
    return SimpleNamespace(folder=folder, subject=subject, lesions=lesions)


def run(scans, out, *options, names=(*NAMES[:2], "T2FLAIR.nii.gz")):
    contrasts = [f"{name.partition('.')[0]}={scans.folder / name}" for name in names]
    arguments = [part for contrast in contrasts for part in ("--contrast", contrast)]
    return main(["mr", "tissues", *arguments, "--out", str(out), *options])


@pytest.fixture(scope="module")
def made(scans, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "tissues.nii.gz"
    masks = ("--mask", str(scans.folder / "brain.nii.gz"), "--lesions", str(scans.folder / "lesions.nii.gz"))
    assert run(scans, out, *masks) == 0
    return out


def test_a_cohort_has_the_anatomy_and_the_lesions_of_the_scans(scans, made, tmp_path):
    assert main(["mr", "simulate", "--tissue-maps", str(made), "--out", str(tmp_path)]) == 0
    item = load_datalist(tmp_path / "datalist.json", "training")[0]
    regions, affine = load_nifti(item["regions"])
    expected = brain_and_regions(load_tissue_maps(made).fractions)[1]
    np.testing.assert_array_equal(regions, expected)
    # The same voxels as those of the scans, moved by whole ones: the brain is in the middle.
    step = np.rint(np.linalg.solve(scans.subject.affine, affine)[:3, 3]).astype(int)
    truth = np.roll(scans.subject.regions, -step[:2], axis=(0, 1))
    for code, least in ((1, 0.87), (3, 0.75), (5, 0.9)):
        found, there = regions == code, truth == code
        assert 2 * (found & there).sum() / (found.sum() + there.sum()) > least


def test_the_record_says_what_was_done(made):
    record = json.loads(made.with_name("tissues.json").read_text())
    assert record["contrasts"] == {"T1w": "T1w", "T2w": "T2w", "T2FLAIR": "T2FLAIR.nii.gz"}
    assert record["brain_mask_from"] == record["lesions_from"] == "user"
    assert record["volume_ml"]["WM"] > 50
    assert record["mean_intensity"]["T2w"]["CSF"] > record["mean_intensity"]["T2w"]["WM"]


def test_the_report_names_the_next_command_and_doubts(scans, tmp_path, capsys):
    empty = ("--lesions", str(scans.folder / "empty.nii.gz"))
    assert run(scans, tmp_path / "t.nii.gz", *empty, names=("T1w", "T2w")) == 0
    printed = capsys.readouterr()
    assert "mr simulate --tissue-maps" in printed.out
    assert "a mask that was checked is better" in printed.out
    assert "the lesion mask is empty" in printed.out
    assert "reading T2w" in printed.err


def test_nothing_depends_on_chance(scans, made, tmp_path):
    masks = ("--mask", str(scans.folder / "brain.nii.gz"), "--lesions", str(scans.folder / "lesions.nii.gz"))
    assert run(scans, tmp_path / "again.nii.gz", *masks) == 0
    assert (tmp_path / "again.nii.gz").read_bytes() == made.read_bytes()


def test_scans_are_registered_when_asked(scans, tmp_path, capsys):
    mask = ("--mask", str(scans.folder / "brain.nii.gz"))
    assert run(scans, tmp_path / "t.nii.gz", *mask, "--register", names=("T1w", "T2w")) == 0
    assert "mutual information grows" in capsys.readouterr().out
    assert list(json.loads((tmp_path / "t.json").read_text())["registration"]) == ["T2w"]


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        ((), (), "one or more scans"),
        (("T1w", "T1w"), (), "each contrast once"),
        (("T1w",), ("--mask", "missing.nii.gz"), "missing.nii.gz: "),
        (("T1w",), ("--resolution", "native", "--slice-mm", "3"), "native voxels"),
        (("T2w.nii",), (), "found nothing"),
    ],
)
def test_mistakes_are_told_in_one_line(scans, tmp_path, capsys, names, options, message):
    assert run(scans, tmp_path / "t.nii.gz", *options, names=names) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert message in error
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_replaced_only_when_asked(scans, tmp_path, capsys):
    out = tmp_path / "t.nii.gz"
    out.write_bytes(b"mine")
    assert run(scans, out, names=("T1w",)) == 2
    assert "t.nii.gz is there already; choose another place with --out" in capsys.readouterr().err
    assert out.read_bytes() == b"mine"
    assert run(scans, out, "--overwrite", "--mask", str(scans.folder / "brain.nii.gz"), names=("T1w",)) == 0
    assert out.read_bytes() != b"mine"


def test_the_file_must_be_one_that_simulate_reads(scans, tmp_path, capsys):
    assert run(scans, tmp_path / "tissues.mgz", names=("T1w",)) == 2
    assert "ends in .nii.gz" in capsys.readouterr().err


@pytest.mark.parametrize("contrast", ["PDw=scan.nii.gz", "T1w", "=scan.nii.gz"])
def test_an_argument_that_is_no_contrast_is_refused(tmp_path, contrast):
    with pytest.raises(SystemExit, match="2"):
        main(["mr", "tissues", "--contrast", contrast, "--out", str(tmp_path / "t.nii.gz")])
