"""Passes with dropout tell how sure the network is of a voxel; a network without dropout cannot."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_clinical import make_pet_bundle
from torch import nn

from taskgan_ext.clinical.dropout_samples import RunningSpread, dropping_out
from taskgan_ext.clinical.open_bundle import open_bundle
from taskgan_ext.clinical.process import process_folder
from taskgan_ext.clinical.process_options import ProcessOptions
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.nifti import load_nifti

Write = Callable[..., Path]


def test_a_map_lies_beside_the_series_on_its_grid(pet_series: Write, tmp_path: Path) -> None:
    folder = make_pet_bundle(tmp_path, num_dropout_levels=1, dropout=0.5)
    options = ProcessOptions(folder, "cpu", uncertainty=4)
    bundle = open_bundle(options)
    source = read_series(pet_series(tmp_path / "in"))
    (entry,) = process_folder(tmp_path / "in", tmp_path / "out", bundle, options).series
    (file,) = (tmp_path / "out").glob("*.nii.gz")
    assert file.name == f"{entry.series}-denoised_deviation.nii.gz"
    assert file.name in entry.files
    deviation, affine = load_nifti(file)
    assert deviation.shape == source.volume.shape
    np.testing.assert_allclose(affine, source.affine, atol=1e-4)
    assert (deviation >= 0).all()
    assert deviation.max() > 0

    # The samples change nothing about the series itself, and come out the same again.
    plain = process_folder(tmp_path / "in", tmp_path / "plain", bundle, replace(options, uncertainty=0))
    assert plain.series[0].measures == entry.measures
    process_folder(tmp_path / "in", tmp_path / "again", bundle, options)
    np.testing.assert_array_equal(load_nifti(tmp_path / "again" / file.name)[0], deviation)


def test_a_network_without_dropout_is_refused_before_any_scan_is_read(pet_bundle: Path) -> None:
    with pytest.raises(ConfigError, match="uncertainty: expected a network with dropout"):
        open_bundle(ProcessOptions(pet_bundle, "cpu", uncertainty=4))


@pytest.mark.parametrize("passes", [-1, 1])
def test_one_pass_has_no_deviation(passes: int, pet_bundle: Path) -> None:
    with pytest.raises(ConfigError, match="at least 2 passes"):
        ProcessOptions(pet_bundle, uncertainty=passes)


def test_the_running_deviation_is_that_of_all_samples() -> None:
    samples = torch.randn(7, 3, 4, generator=torch.Generator().manual_seed(0)) + 1e3
    spread = RunningSpread()
    for sample in samples:
        spread.add(sample)
    torch.testing.assert_close(spread.deviation(), samples.double().std(dim=0).float())


def test_dropout_leaves_the_mode_and_the_random_numbers_of_the_process_alone() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)).eval()
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with dropping_out(network):
        modes = [layer.training for layer in network]
        network(torch.ones(2, 4))
    assert modes == [False, False, True]
    assert not any(layer.training for layer in network)
    torch.testing.assert_close(torch.rand(2), expected)
