import json
import logging

import numpy as np
import pytest
import torch
from monai.data import DataLoader, MetaTensor
from monai.engines import SupervisedEvaluator
from torch import nn

from taskgan_ext.data.evaluation_case import Measure
from taskgan_ext.errors import ConfigError
from taskgan_ext.handlers.evaluation_table import EvaluationTable
from taskgan_ext.io.evaluation_files import MetricInfo, read_summary, read_table
from taskgan_ext.io.presentation import Presentation
from taskgan_ext.metrics import ImageQuality

GROUPS = ("T2w", "PDw")
COMPARISONS = {"analytic_nominal": "nominal", "analytic": "a tuned one"}


class FirstChannel(nn.Module):
    """A generator that makes one image of several."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.95))

    def forward(self, x):
        return self.gain * x[:, :1]


class MeanInMask(Measure):
    """Mean in the mask of the case, for one group only; also judges the reference."""

    @property
    def metrics(self):
        return {"mean": MetricInfo("Mean", "Mean in the mask.", headline=True, better="lower")}

    def __call__(self, case, volume):
        assert case.mask.dtype == torch.bool
        return {"mean": float(volume[case.mask].mean())} if case.group == "T2w" else {}


def make_item(subject, group, **changes):
    generator = torch.Generator().manual_seed(10 * subject + GROUPS.index(group))
    label = 100 * (1 + torch.rand(1, 9, 8, 3, generator=generator))
    mask = (torch.rand(label.shape, generator=generator) > 0.3).float()
    item = {
        "subject": f"sub-{subject}",
        "case": f"sub-{subject}_{group}",
        "property": float(GROUPS.index(group)),
        "contrast": group,
        "image": MetaTensor(torch.cat([label, label / 2]), meta={"scale": 100.0}),
        "label": MetaTensor(label),
        "mask": MetaTensor(mask),
        "analytic_nominal": MetaTensor(0.5 * label),
        "analytic": MetaTensor(0.8 * label),
    }
    return item | changes


def run(items, output_dir, **changes):
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"), val_data_loader=DataLoader(items, batch_size=2), network=FirstChannel()
    )
    evaluator.logger.setLevel(logging.WARNING)
    settings = {"comparisons": COMPARISONS, "group_key": "contrast", "class_names": GROUPS} | changes
    measures = [ImageQuality(normalise="none"), MeanInMask()]
    EvaluationTable(measures, output_dir, Presentation(**settings)).attach(evaluator)
    evaluator.run()
    return evaluator


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    items = [make_item(subject, group) for subject in range(3) for group in GROUPS]
    return folder, items, run(items, folder)


def test_comparisons_stand_before_the_restored_image(evaluated):
    folder, _, _ = evaluated
    arms = ["nominal", "a tuned one", "restored", "reference"]
    rows = read_table(folder / "cases.csv")
    assert [row["arm"] for row in rows] == 6 * arms
    assert json.loads((folder / "evaluation.json").read_text())["arms"] == arms
    with np.load(folder / "preview" / "sub-1_PDw.npz") as preview:
        assert [name for name in preview if name in arms] == arms


def test_comparisons_are_measured_like_the_restored_image(evaluated):
    folder, items, _ = evaluated
    rows = {(row["case"], row["arm"]): row for row in read_table(folder / "cases.csv")}
    for item in items:
        # Every image is the reference times a factor, so its relative error is known.
        found = [float(rows[item["case"], arm]["nrmse"]) for arm in ("nominal", "a tuned one", "restored")]
        assert found == pytest.approx([0.5, 0.2, 0.05], rel=1e-4)
        assert rows[item["case"], "reference"]["nrmse"] == ""


def test_rows_carry_their_group(evaluated):
    rows = read_table(evaluated[0] / "cases.csv")
    assert list(rows[0])[:5] == ["case", "subject", "contrast", "property", "arm"]
    assert all(row["case"] == f"{row['subject']}_{row['contrast']}" for row in rows)


def test_measures_see_mask_and_group(evaluated):
    folder, items, _ = evaluated
    rows = {(row["case"], row["arm"]): row for row in read_table(folder / "cases.csv")}
    for item in items:
        inside = item["label"].as_tensor()[item["mask"].as_tensor() > 0]
        expected = f"{float(inside.mean()):.4f}" if item["contrast"] == "T2w" else ""
        found = rows[item["case"], "reference"]["mean"]
        assert (f"{float(found):.4f}" if found else "") == expected


def test_means_of_groups_are_engine_metrics_without_spaces(evaluated):
    folder, _, evaluator = evaluated
    for row in read_summary(folder / "summary.csv"):
        prefix = f"{row.group}_" if row.group else ""
        name = f"{prefix}{row.arm.replace(' ', '_')}_{row.metric}"
        assert evaluator.state.metrics[name] == pytest.approx(row.mean)
    assert {"restored_psnr", "T2w_a_tuned_one_psnr"} <= evaluator.state.metrics.keys()
    assert "PDw_restored_mean" not in evaluator.state.metrics


def test_differences_to_the_comparisons_are_kept(evaluated):
    folder, _, _ = evaluated
    found = {(row.group, row.arm, row.metric): row for row in read_summary(folder / "differences.csv")}
    assert {group for group, _, _ in found} == {"", *GROUPS}
    assert found["PDw", "nominal", "nrmse"].mean == pytest.approx(0.05 - 0.5, rel=1e-3)
    assert found["", "a tuned one", "psnr"].n == 6


def test_without_groups_and_comparisons_nothing_is_added(tmp_path):
    run([make_item(0, "T2w")], tmp_path, comparisons={}, group_key="")
    assert not (tmp_path / "differences.csv").exists()
    rows = read_table(tmp_path / "cases.csv")
    assert [row["arm"] for row in rows] == ["restored", "reference"]
    assert "contrast" not in rows[0]
    assert {row.group for row in read_summary(tmp_path / "summary.csv")} == {""}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"analytic": None}, "expected 'analytic' in the batch .* 'a tuned one'", id="comparison"
        ),
        pytest.param({"analytic": torch.zeros(1, 4, 8, 3)}, "expected analytic of the shape", id="shape"),
        pytest.param({"mask": torch.zeros(1, 9, 8, 2)}, "expected mask of the shape of label", id="mask"),
        pytest.param({"contrast": None}, "expected contrast in the batch", id="group"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_unusable_items_are_refused(tmp_path, change, message):
    changed = make_item(0, "T2w") | change
    with pytest.raises(ConfigError, match=message):
        run([{key: value for key, value in changed.items() if value is not None}], tmp_path)


@pytest.mark.parametrize("names", [("restored",), ("twin", "twin"), ("pixel_mm",)])
def test_every_arm_has_a_name_of_its_own(tmp_path, names):
    comparisons = {str(number): name for number, name in enumerate(names)}
    with pytest.raises(ConfigError, match=f"names of their own, got {names[0]}"):
        EvaluationTable([], tmp_path, Presentation(comparisons=comparisons))
