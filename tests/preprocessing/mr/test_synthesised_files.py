import json

import numpy as np
import pytest
from shell_head import draw_maps, grid_points, make_affine

from preprocessing.__main__ import main
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import load_nifti, save_nifti
from taskgan_ext.mr.file_names import contrast_file_name
from taskgan_ext.mr.protocol import CONTRASTS, load_protocols
from taskgan_ext.mr.relaxation_maps import write_maps
from taskgan_ext.mr.signal import spin_echo, synthesise

SHAPE = (24, 28, 4)
AFFINE = make_affine((8.0, 8.0, 20.0), SHAPE)
MAPS = draw_maps(grid_points(AFFINE, SHAPE))


@pytest.fixture
def subject(tmp_path):
    write_maps(MAPS, AFFINE, tmp_path / "sub-07", "sub-07")
    return tmp_path / "sub-07"


def run(*arguments):
    return main(["mr", "synthesise", *map(str, arguments)])


def sidecar(folder, contrast):
    name = contrast_file_name("sub-07", contrast).removesuffix(".nii.gz")
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
    assert run(subject, "--out", tmp_path, "--contrast", "T2FLAIR", "--protocols", table) == 0
    assert sidecar(tmp_path, "T2FLAIR")["InversionTime"] == 2.1


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
    save_nifti(1000 * MAPS.t1, AFFINE, subject / "sub-07_T1map.nii.gz")
    assert "in s, but the values look like ms" in message(subject)
    save_nifti(MAPS.t1[:-1], AFFINE, subject / "sub-07_T1map.nii.gz")
    assert "expected maps of sub-07 on one grid" in message(subject)
    (subject / "sub-07_T2map.nii.gz").unlink()
    assert "sub-07_T2map.nii.gz: expected a NIfTI volume, found no file" in message(subject)
    assert not out.exists()
