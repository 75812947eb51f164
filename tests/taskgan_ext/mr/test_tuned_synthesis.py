"""Times of the synthesis: found on a training set, kept in a file."""

import pytest
import torch
from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import CheckpointError, ConfigError
from taskgan_ext.io.atomic import read_json
from taskgan_ext.mr.protocol import CONTRASTS, load_protocols
from taskgan_ext.mr.tuned_synthesis import TunedSynthesis
from taskgan_ext.transforms.append_analytic import AppendAnalyticd
from taskgan_ext.transforms.scale_by_percentile import ScaleByPercentiled

KEYS = ["image", "maps", "label", "mask"]


def loading():
    return Compose(
        [
            LoadImaged(KEYS, reader="NibabelReader"),
            EnsureChannelFirstd(KEYS),
            ScaleByPercentiled("image", channel=6),
            ScaleByPercentiled("label"),
        ]
    )


@pytest.fixture(scope="module")
def items(tiny_mr_cohort):
    return load_datalist(tiny_mr_cohort, "training")


@pytest.fixture(scope="module")
def synthesis(items, tmp_path_factory):
    return TunedSynthesis(tmp_path_factory.mktemp("synthesis") / "model.pt", items, loading(), "abc")


def test_every_contrast_is_there_in_the_order_of_the_classes(synthesis):
    assert tuple(synthesis.entries) == CONTRASTS
    assert {name: entry.nominal for name, entry in synthesis.entries.items()} == load_protocols()


def test_times_of_exact_physics_are_found_again(synthesis):
    # The targets of the tiny cohort follow the equations, so nothing may be gained by other times.
    for name in ("T1w", "T2w", "STIR", "PDw"):
        entry = synthesis.entries[name]
        assert entry.tuned.times == pytest.approx(entry.nominal.times, rel=0.1)
        assert entry.scale == pytest.approx(entry.nominal_scale, rel=0.02)


def test_analytic_image_comes_close_to_a_scan_that_follows_the_physics(synthesis, items):
    for item in items[:6]:
        loaded = AppendAnalyticd(synthesis, compare=True)(loading()(dict(item)))
        inside = loaded["mask"] > 0
        error = (loaded["analytic"] - loaded["label"])[inside].as_tensor()
        assert float(error.square().mean().sqrt()) < 0.08, item["contrast"]


def test_analytic_channels_are_those_of_the_table(synthesis, items):
    loaded = AppendAnalyticd(synthesis, compare=True)(loading()(dict(items[3])))
    assert loaded["image"].shape[0] == 14
    assert "maps" not in loaded
    assert torch.equal(loaded["image"][8 + items[3]["property"]], loaded["analytic"][0])


def test_item_without_a_protocol_gets_the_nominal_one(synthesis, items):
    item = {key: value for key, value in items[3].items() if key != "protocol"}
    loaded = AppendAnalyticd(synthesis)(loading()(item))
    assert loaded["protocol"] == [9.0, 0.12, 2.47]


def test_file_gives_the_same_table_without_any_data(synthesis):
    synthesis.save()
    assert TunedSynthesis(synthesis.path.with_name("model.pt")).entries == synthesis.entries
    before = synthesis.path.read_bytes()
    synthesis.save()
    assert synthesis.path.read_bytes() == before


def test_table_of_other_data_is_not_taken_over_silently(synthesis, items):
    synthesis.save()
    with pytest.raises(ConfigError, match="expected times tuned on the data list xyz, got abc"):
        TunedSynthesis(synthesis.path.with_name("model.pt"), items, loading(), "xyz").save()


def test_missing_file_says_what_makes_it(tmp_path):
    with pytest.raises(CheckpointError, match="found no file; make them with: make train"):
        _ = TunedSynthesis(tmp_path / "model.pt", make_with="make train").entries


def test_broken_file_is_named(synthesis, tmp_path):
    synthesis.save()
    content = read_json(synthesis.path)
    del content["contrasts"]["T1w"]["scale"]
    path = tmp_path / "synthesis.json"
    path.write_text(str(content).replace("'", '"').replace("None", "null"), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"synthesis.json: .*'scale'"):
        _ = TunedSynthesis(path.with_name("model.pt")).entries
