import json
from errno import ENOSPC
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from pydicom import dcmread
from shell_head import (
    draw_maps,
    grid_points,
    make_affine,
    move,
    rigid_matrix,
    simulate_contrast,
    simulate_mdme,
)

from preprocessing.__main__ import main
from preprocessing.collect import STRATUM
from preprocessing.mr.dicom_export import write_contrast_dicom, write_mdme_dicom
from preprocessing.mr.subject_files import WITH_LESIONS, WITHOUT_LESIONS, list_items, write_subject
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.io.nifti import load_nifti, save_nifti
from taskgan_ext.keys import SECTIONS
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.protocol import Protocol, load_protocols
from taskgan_ext.mr.relaxation_maps import read_maps
from taskgan_ext.mr.sequence import MDMESequence

SHAPE, SCAN_SHAPE = (46, 54, 10), (62, 72, 20)
AFFINE, SCAN_AFFINE = make_affine((4.0, 4.0, 10.0), SHAPE), make_affine((3.0, 3.0, 5.5), SCAN_SHAPE)
MOVEMENT = rigid_matrix((0, 0, 0), (5, 0, 0))
FLAIR = Protocol(8.0, 0.11, 2.3)


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """One person: MDME and T2FLAIR in DICOM, a T1w in NIfTI after a movement by 5 mm, and lesions."""
    folder, rng = tmp_path_factory.mktemp("scans"), np.random.default_rng(0)
    points, scan_points = grid_points(AFFINE, SHAPE), grid_points(SCAN_AFFINE, SCAN_SHAPE)
    signal = simulate_mdme(draw_maps(points), MDMESequence(), rng)
    write_mdme_dicom(signal, AFFINE, MDMESequence(), folder / "mdme")
    flair = simulate_contrast(scan_points, FLAIR, rng)
    write_contrast_dicom(flair, SCAN_AFFINE, "T2FLAIR", FLAIR, folder / "flair")
    moved = simulate_contrast(move(scan_points, np.linalg.inv(MOVEMENT)), load_protocols()["T1w"], rng)
    save_nifti(moved, SCAN_AFFINE, folder / "t1.nii.gz")
    lesions = np.zeros(SCAN_SHAPE, np.uint8)
    lesions[30:34, 40:44, 9:12] = 1
    save_nifti(lesions, SCAN_AFFINE, folder / "lesions.nii.gz")
    return SimpleNamespace(folder=folder, signal=signal)


def run(scans, out, *options):
    files = scans.folder
    contrasts = ["--contrast", f"T1w={files / 't1.nii.gz'}", "--contrast", f"T2FLAIR={files / 'flair'}"]
    return main(["mr", "import", "--mdme", str(files / "mdme"), "--out", str(out), *contrasts, *options])


@pytest.fixture(scope="module")
def imported(scans, tmp_path_factory):
    out = tmp_path_factory.mktemp("cohort")
    assert run(scans, out, "--lesions", str(scans.folder / "lesions.nii.gz")) == 0
    return out


def listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else None


def test_nothing_of_the_headers_that_identifies_is_written(scans, imported):
    header = dcmread(next((scans.folder / "mdme").iterdir()))
    written = b"".join(path.read_bytes() for path in imported.rglob("*.json"))
    texts = [
        str(element.value) for element in header if element.VR in ("UI", "DA", "PN", "LO") and element.value
    ]
    assert header.FrameOfReferenceUID in texts
    assert [text for text in texts if text.encode() in written] == []


def test_maps_are_those_of_the_image_in_memory(scans, imported, tmp_path):
    # The export stores 16-bit numbers of its own scale: maps agree to the rounding, PD up to a factor.
    image = MDMEImage(scans.signal, "complex", AFFINE, MDMESequence())
    write_subject(tmp_path, "sub-01", image, {})
    there, here = read_maps(imported / "sub-01", "sub-01"), read_maps(tmp_path / "sub-01", "sub-01")
    mask, affine = load_nifti(imported / "sub-01/sub-01_mask.nii.gz")
    # DICOM has an order of its own for rows, columns and slices.
    index = np.rint(move(grid_points(AFFINE, SHAPE), np.linalg.inv(affine))).astype(int)
    same = tuple(np.moveaxis(index, -1, 0))
    brain = load_nifti(tmp_path / "sub-01/sub-01_mask.nii.gz")[0] > 0
    assert np.mean((mask[same] > 0) == brain) > 0.99
    for name in ("t1", "t2", "pd"):
        a, b = getattr(there, name)[same][brain], getattr(here, name)[brain]
        factor = np.median(a / b) if name == "pd" else 1
        assert np.median(np.abs(a / factor / b - 1)) < 5e-3, name


def test_only_the_scan_that_moved_is_moved_back(imported):
    records = json.loads((imported / "sub-01/sub-01_registration.json").read_text())
    assert records["T1w"]["accepted"]
    assert records["T1w"]["shift"] == pytest.approx([5, 0, 0], abs=1)
    assert not records["T2FLAIR"]["accepted"]
    assert all(record["information_before"] > 0 for record in records.values())


def test_checkerboards_are_pictures(imported):
    for contrast in ("T1w", "T2FLAIR"):
        picture = SimpleITK.ReadImage(str(imported / f"sub-01/sub-01_{contrast}_checkerboard.png"))
        assert picture.GetSize() == (5 * SHAPE[0], SHAPE[1])
        assert SimpleITK.GetArrayFromImage(picture).std() > 20


def test_times_come_from_the_header_or_from_the_table(imported):
    items = {item["contrast"]: item for item in list_items(imported, "sub-01")}
    assert items["T2FLAIR"]["protocol"] == pytest.approx([8.0, 0.11, 2.3])
    assert items["T1w"]["protocol"] == [0.65, 0.01, 0.0]
    extra = json.loads((imported / "sub-01/sub-01.json").read_text())["extra"]
    assert extra["protocols_from"] == {"T1w": "table", "T2FLAIR": "header"}
    assert extra["registered"] == {"T1w": True, "T2FLAIR": False}


def test_lesions_on_the_grid_of_a_scan_arrive(imported):
    regions, affine = load_nifti(imported / "sub-01/sub-01_regions.nii.gz")
    lesion = np.argwhere(regions == 5)
    centre = move(lesion.mean(axis=0), affine)
    expected = move(np.array([31.5, 41.5, 10.0]), SCAN_AFFINE)
    assert np.linalg.norm(centre - expected) < 5


def test_only_lesions_in_the_brain_count_and_the_rest_is_told(scans, tmp_path, capsys):
    lesions, affine = load_nifti(scans.folder / "lesions.nii.gz")
    lesions[:8] = 1
    save_nifti(lesions.astype(np.uint8), affine, tmp_path / "lesions.nii.gz")
    assert run(scans, tmp_path / "out", "--no-register", "--lesions", str(tmp_path / "lesions.nii.gz")) == 0
    assert "% of the lesion mask lies in the brain; the rest is left out" in capsys.readouterr().out
    regions, brain = (
        load_nifti(tmp_path / f"out/sub-01/sub-01_{part}.nii.gz")[0] for part in ("regions", "mask")
    )
    assert 0 < np.sum(regions == 5) == np.sum((regions == 5) & (brain > 0))


def test_a_subject_is_filed_by_its_lesions_where_they_are_known(scans, imported, tmp_path):
    save_nifti(np.zeros(SHAPE, np.uint8), AFFINE, tmp_path / "none.nii.gz")
    out = tmp_path / "out"
    assert run(scans, out, "--no-register") == 0
    assert (
        run(scans, out, "--no-register", "--subject", "sub-02", "--lesions", str(tmp_path / "none.nii.gz"))
        == 0
    )
    items = [*list_items(imported, "sub-01"), *list_items(out, "sub-01"), *list_items(out, "sub-02")]
    assert [item.get(STRATUM) for item in items[::2]] == [WITH_LESIONS, None, WITHOUT_LESIONS]


def test_the_data_list_loads_and_grows_without_moving_anyone(scans, imported, tmp_path, capsys):
    out = tmp_path / "cohort"
    assert run(scans, out, "--no-register") == 0
    printed = capsys.readouterr().out
    assert "notice: the files of T1w do not tell TR and TE; " in printed
    assert "registration was switched off" in printed
    assert run(scans, out, "--no-register", "--subject", "sub-02", "--section", "test") == 0
    assert run(scans, out, "--no-register", "--subject", "sub-03", "--section", "test") == 0
    assert run(scans, out, "--no-register", "--subject", "sub-02", "--overwrite") == 0
    subjects = {name: {item["subject"] for item in load_datalist(out, name)} for name in ("training", "test")}
    assert subjects == {"training": {"sub-01"}, "test": {"sub-02", "sub-03"}}
    content = json.loads((out / "datalist.json").read_text())
    assert content["property"]["name"] == "mr_contrast"
    assert sum(len(content[section]) for section in SECTIONS) == 6
    before = listing(out)
    capsys.readouterr()
    assert run(scans, out, "--subject", "sub-02", "--overwrite", "--section", "training") == 2
    assert "sub-02 is in test and stays there" in capsys.readouterr().err
    assert listing(out) == before


def test_without_contrasts_the_subject_is_for_inference_only(scans, tmp_path, capsys):
    out = tmp_path / "cohort"
    assert main(["mr", "import", "--mdme", str(scans.folder / "mdme"), "--out", str(out)]) == 0
    assert "ready for inference" in capsys.readouterr().out
    assert list_items(out, "sub-01") == []
    assert not (out / "datalist.json").exists()
    assert (out / "sub-01/sub-01_T1map.nii.gz").is_file()


def test_a_prepared_subject_can_be_imported_again(imported, tmp_path):
    source = imported / "sub-01/sub-01_mdme.nii.gz"
    assert main(["mr", "import", "--mdme", str(source), "--out", str(tmp_path / "again")]) == 0
    for name in ("T1map", "T2map", "mask"):
        file = f"sub-01/sub-01_{name}.nii.gz"
        np.testing.assert_array_equal(
            load_nifti(tmp_path / "again" / file)[0], load_nifti(imported / file)[0]
        )


def test_the_mask_is_the_part_of_the_brain_that_every_scan_shows(scans, imported, tmp_path):
    volume, affine = load_nifti(scans.folder / "t1.nii.gz")
    save_nifti(volume[:-12], affine, tmp_path / "cut.nii.gz")  # ends 57 mm to the right
    cut = ["--contrast", f"PDw={tmp_path / 'cut.nii.gz'}", "--no-register"]
    assert run(scans, tmp_path / "out", *cut) == 0
    masks = []
    for folder in (imported, tmp_path / "out"):
        mask, mask_affine = load_nifti(folder / "sub-01/sub-01_mask.nii.gz")
        masks.append(move(np.argwhere(mask), mask_affine))
    assert masks[0][:, 0].max() > 58
    assert masks[1][:, 0].max() < 58
    assert len(masks[1]) > 0.95 * len(masks[0])


@pytest.fixture
def broken(scans, tmp_path):
    volume, affine = load_nifti(scans.folder / "t1.nii.gz")
    far = np.array(affine)
    far[:3, 3] += 500
    save_nifti(volume[..., :8], affine, tmp_path / "half.nii.gz")
    save_nifti(np.ones((4, 4, 4), np.uint8), far, tmp_path / "far.nii.gz")
    save_nifti(-volume, affine, tmp_path / "negative.nii.gz")
    save_nifti(np.full_like(volume, 5), affine, tmp_path / "flat.nii.gz")
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4, 3), np.float32), affine), tmp_path / "vectors.nii.gz")
    return tmp_path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            ["--contrast", "PDw={broken}/half.nii.gz"], "PDw: expected a scan whose field", id="half"
        ),
        pytest.param(["--contrast", "PDw={broken}/no.nii.gz"], "expected the PDw file", id="missing"),
        pytest.param(["--contrast", "PDw={broken}/vectors.nii.gz"], "PDw: ", id="vectors"),
        pytest.param(["--contrast", "PDw={broken}/negative.nii.gz"], "PDw: ", id="negative"),
        pytest.param(["--contrast", "PDw={broken}/flat.nii.gz"], "but all are 5", id="flat"),
        pytest.param(["--contrast", "T1w={broken}/half.nii.gz"], "once, got T1w twice", id="twice"),
        pytest.param(["--lesions", "{broken}/far.nii.gz"], "overlaps the scans", id="far lesions"),
        pytest.param(["--mask", "{broken}/far.nii.gz"], "overlaps the scans", id="far brain"),
        pytest.param(["--mask", "{broken}/vectors.nii.gz"], "three dimensions", id="vector mask"),
        pytest.param(["--subject", "sub 01"], "letters, digits and hyphens", id="name"),
        pytest.param(["--protocols", "{broken}/no.json"], "expected a JSON file", id="table"),
        pytest.param(["--td", "0.1,0.2"], "", id="delays"),
    ],
)
def test_a_failed_import_says_why_in_one_line_and_leaves_nothing(scans, broken, capsys, options, message):
    options = [option.format(broken=broken) for option in options]
    assert run(scans, broken / "out", "--no-register", *options) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    assert message in lines[0]
    assert not (broken / "out").exists()


def test_a_failure_in_the_data_list_puts_the_old_subject_back(scans, imported, tmp_path, monkeypatch, capsys):
    out = tmp_path / "cohort"
    assert run(scans, out, "--no-register") == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def fail(*_):
        raise OSError(ENOSPC, "disk full", "datalist.json")

    monkeypatch.setattr("preprocessing.subject_exchange.update_datalist", fail)
    assert run(scans, out, "--no-register", "--overwrite") == 2
    assert "error: datalist.json: disk full" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert run(scans, out) == 2
    assert "is there already" in capsys.readouterr().err


def test_an_unknown_contrast_is_refused_by_the_parser(scans, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        run(scans, tmp_path / "out", "--contrast", "DWI=x.nii.gz")
    assert stop.value.code == 2
    assert "expected a contrast among T1w" in capsys.readouterr().err


def test_a_folder_of_other_data_is_refused(scans, tiny_cohort, capsys):
    before = listing(tiny_cohort)
    assert run(scans, tiny_cohort) == 2
    assert "expected a data list of mr_contrast" in capsys.readouterr().err
    assert listing(tiny_cohort) == before
