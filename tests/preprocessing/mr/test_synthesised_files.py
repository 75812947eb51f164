import json

import numpy as np
import pytest
from shell_head import draw_maps, grid_points, make_affine

from preprocessing.__main__ import main
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import load_nifti, save_nifti
from taskgan_ext.mr.file_names import contrast_file_name
from taskgan_ext.mr.protocol import CONTRASTS, Protocol, load_protocols
from taskgan_ext.mr.relaxation_maps import write_maps
from taskgan_ext.mr.signal import spin_echo, synthesise

SHAPE = (24, 28, 4)
AFFINE = make_affine((8.0, 8.0, 20.0), SHAPE)
MAPS = draw_maps(grid_points(AFFINE, SHAPE))
INVERTED = ("T1FLAIR", "T2FLAIR", "STIR")


@pytest.fixture
def subject(tmp_path):
    write_maps(MAPS, AFFINE, tmp_path / "sub-07", "sub-07")
    return tmp_path / "sub-07"


def run(*arguments):
    return main(["mr", "synthesise", *map(str, arguments)])


def sidecar(folder, contrast, *entities):
    name = contrast_file_name("sub-07", contrast, *entities).removesuffix(".nii.gz")
    return json.loads((folder / f"{name}.json").read_text())


def test_all_contrasts_are_written_with_their_times(subject, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(subject, "--out", out) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CONTRASTS)
    for contrast, protocol in load_protocols().items():
        image, affine = load_nifti(out / contrast_file_name("sub-07", contrast))
        expected = synthesise(MAPS.t1, MAPS.t2, MAPS.pd, protocol)
        np.testing.assert_array_equal(image, expected)
        np.testing.assert_allclose(affine, AFFINE)
        content = sidecar(out, contrast)
        assert content["SynthesisMethod"] == "physics only"
        assert content["RepetitionTime"] == protocol.repetition_time
        assert content.get("InversionTime") == protocol.inversion_time


def test_times_can_be_chosen(subject, tmp_path):
    assert run(subject, "--out", tmp_path, "--contrast", "T2w", "--te", "0.08", "--tr", "4") == 0
    image, _ = load_nifti(tmp_path / "sub-07_acq-synth_T2w.nii.gz")
    np.testing.assert_allclose(image, spin_echo(MAPS.t1, MAPS.t2, MAPS.pd, 4.0, 0.08), rtol=1e-5)
    assert sidecar(tmp_path, "T2w")["EchoTime"] == 0.08
    assert not (tmp_path / "sub-07_acq-synth_T1w.nii.gz").exists()


def test_times_of_the_subjects_own_scans_go_before_the_table_and_behind_the_users(subject, tmp_path):
    own = {"repetition_time": 8.0, "echo_time": 0.1, "inversion_time": 2.3}
    write_json(subject / "sub-07.json", {"protocols": {"T2FLAIR": own}})
    assert run(subject, "--out", tmp_path, "--contrast", "T2FLAIR") == 0
    assert sidecar(tmp_path, "T2FLAIR")["InversionTime"] == 2.3
    write_json(tmp_path / "table.json", {"T2FLAIR": own | {"inversion_time": 2.1}})
    table = tmp_path / "table.json"
    options = ("--contrast", "T2FLAIR", "--protocols", table)
    assert run(subject, "--out", tmp_path, *options, "--overwrite") == 0
    assert sidecar(tmp_path, "T2FLAIR")["InversionTime"] == 2.1


def test_what_is_there_is_replaced_only_when_asked(subject, tmp_path, capsys):
    options = (subject, "--out", tmp_path, "--contrast", "T2w")
    assert run(*options) == 0
    before = (tmp_path / "sub-07_acq-synth_T2w.nii.gz").read_bytes()
    assert run(*options, "--te", "0.08") == 2
    message = "sub-07_acq-synth_T2w.nii.gz is there already; choose another place with --out, or replace it"
    assert message in capsys.readouterr().err
    assert (tmp_path / "sub-07_acq-synth_T2w.nii.gz").read_bytes() == before
    assert run(*options, "--te", "0.08", "--overwrite") == 0
    assert (tmp_path / "sub-07_acq-synth_T2w.nii.gz").read_bytes() != before


def test_several_inversion_times_give_several_images(subject, tmp_path):
    options = ("--contrast", "T2FLAIR", "--ti", "1.2", "--ti", "2.4", "--signed")
    assert run(subject, "--out", tmp_path, *options) == 0
    for number, ti in ((1, 1.2), (2, 2.4)):
        image, _ = load_nifti(tmp_path / f"sub-07_acq-synth_inv-{number}_part-real_FLAIR.nii.gz")
        expected = synthesise(MAPS.t1, MAPS.t2, MAPS.pd, Protocol(9.0, 0.12, ti), signed=True)
        np.testing.assert_array_equal(image, expected)
        assert image.min() < 0
        content = sidecar(tmp_path, "T2FLAIR", number, True)
        assert (content["InversionTime"], content["Signed"]) == (ti, True)


def test_the_sign_concerns_inversions_only(subject, tmp_path):
    assert run(subject, "--out", tmp_path, "--signed") == 0
    signed = {path.name for path in tmp_path.glob("*part-real*.nii.gz")}
    assert signed == {contrast_file_name("sub-07", name, None, True) for name in INVERTED}
    assert len(list(tmp_path.glob("*.nii.gz"))) == len(CONTRASTS)


def test_a_tissue_can_be_nulled(subject, tmp_path):
    assert run(subject, "--out", tmp_path, "--contrast", "STIR", "--null-t1", "0.37", "--tr", "5") == 0
    content = sidecar(tmp_path, "STIR")
    protocol = Protocol(5.0, content["EchoTime"], content["InversionTime"])
    assert synthesise(0.37, 0.06, 1.0, protocol) == pytest.approx(0, abs=1e-6)


def test_double_inversion_hides_fluid_and_white_matter(subject, tmp_path):
    assert run(subject, "--out", tmp_path, "--contrast", "DIR") == 0
    image, _ = load_nifti(tmp_path / "sub-07_acq-synthDIR_T2w.nii.gz")
    content = sidecar(tmp_path, "DIR")
    protocol = Protocol(content["RepetitionTime"], content["EchoTime"], content["InversionTime"])
    second = content["SecondInversionTime"]
    np.testing.assert_array_equal(
        image, synthesise(MAPS.t1, MAPS.t2, MAPS.pd, protocol, second_inversion_time=second)
    )
    white, grey, fluid = (
        synthesise(t1, t2, pd, protocol, second_inversion_time=second)
        for t1, t2, pd in ((0.88, 0.076, 0.7), (1.36, 0.096, 0.82), (4.2, 1.7, 1.0))
    )
    assert max(white, fluid) < 0.1 * grey
    own = ("--contrast", "DIR", "--ti", "3", "--second-ti", "0.45", "--overwrite")
    assert run(subject, "--out", tmp_path, *own) == 0
    assert sidecar(tmp_path, "DIR")["SecondInversionTime"] == 0.45


def test_what_is_no_number_in_a_map_is_background(subject, tmp_path):
    inside = np.zeros(SHAPE, bool)
    inside[8:16, 8:16] = True
    for name in ("T1map", "T2map", "PDmap"):
        volume, _ = load_nifti(subject / f"sub-07_{name}.nii.gz")
        save_nifti(np.where(inside, volume, np.float32(np.nan)), AFFINE, subject / f"sub-07_{name}.nii.gz")
    assert run(subject, "--out", tmp_path, "--contrast", "T2FLAIR") == 0
    image, _ = load_nifti(tmp_path / "sub-07_acq-synth_FLAIR.nii.gz")
    assert not image[~inside].any()
    assert (image[inside] > 0).any()


def test_maps_of_other_programs_need_neither_a_transmit_field_nor_compression(subject, tmp_path):
    for name in ("T1map", "T2map", "PDmap"):
        save_nifti(
            load_nifti(subject / f"sub-07_{name}.nii.gz")[0], AFFINE, tmp_path / f"anat/sub-07_{name}.nii"
        )
    assert run(tmp_path / "anat", "--out", tmp_path / "out") == 0
    assert len(list((tmp_path / "out").glob("*.nii.gz"))) == len(CONTRASTS)


def test_mistakes_are_named(subject, tmp_path, capsys):
    out = tmp_path / "out"

    def message(*arguments):
        assert run(*arguments, "--out", out) == 2
        return capsys.readouterr().err

    assert "expected one *_T1map.nii.gz, found none" in message(tmp_path)
    assert "change one contrast, got 6; name it with --contrast" in message(subject, "--ti", "2.2")
    assert "TE and TI between 0 and TR" in message(subject, "--contrast", "T2w", "--te", "9")
    assert "expected a contrast with an inversion" in message(subject, "--contrast", "T2w", "--signed")
    assert "belongs to --contrast DIR" in message(subject, "--contrast", "T2w", "--second-ti", "0.4")
    assert "sum is below TR" in message(subject, "--contrast", "DIR", "--second-ti", "9")
    assert "DIR has two" in message(subject, "--contrast", "DIR", "--null-t1", "1")
    write_json(tmp_path / "table.json", {"T1W": {"repetition_time": 0.5, "echo_time": 0.01}})
    assert "got T1W; correct the name" in message(subject, "--protocols", tmp_path / "table.json")
    few = np.zeros(SHAPE, np.float32)
    few[10:13, 10:13, 2] = 1000 * MAPS.t1[10:13, 10:13, 2]
    save_nifti(few, AFFINE, subject / "sub-07_T1map.nii.gz")
    assert "in s, but the values look like ms" in message(subject)
    save_nifti(0 * MAPS.t1, AFFINE, subject / "sub-07_T1map.nii.gz")
    assert "expected a map with finite values above 0" in message(subject)
    save_nifti(MAPS.t1, AFFINE @ np.diag([-1.0, 1, 1, 1]), subject / "sub-07_T1map.nii.gz")
    assert "expected maps on one grid" in message(subject)
    save_nifti(MAPS.t1[:-1], AFFINE, subject / "sub-07_T1map.nii.gz")
    assert "expected maps on one grid" in message(subject)
    (subject / "sub-07_T2map.nii.gz").unlink()
    assert "sub-07_T2map.nii.gz: expected a NIfTI volume, found no file" in message(subject)
    assert not out.exists()
