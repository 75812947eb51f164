import json
import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from monai.data import DataLoader, MetaTensor
from monai.engines import SupervisedEvaluator
from monai.transforms import Lambdad
from torch import nn

from taskgan_ext.errors import ConfigError
from taskgan_ext.handlers.evaluation_table import EvaluationTable
from taskgan_ext.io.evaluation_files import read_summary, read_table
from taskgan_ext.io.presentation import Presentation
from taskgan_ext.metrics import ImageQuality, QuantitativeError, RegionalUptake, TaskDecision, slice_quality

SCALE = 500.0


class Gain(nn.Module):
    """A generator that multiplies by 0.9."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.9))

    def forward(self, x):
        return self.gain * x


class Judge(nn.Module):
    """Says 1 where the mean of the slice in network units is above 2.2."""

    def __init__(self):
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(2.2))

    def forward(self, x):
        return SimpleNamespace(logit=20 * (x.mean(dim=(1, 2, 3)) - self.threshold).unsqueeze(1))


def make_item(number, shape=(12, 10, 4), **changes):
    generator = torch.Generator().manual_seed(number)
    label = SCALE * (2.0 + 0.6 * (number % 2) + 0.1 * torch.rand(1, *shape, generator=generator))
    image = label + 0.2 * SCALE * torch.rand(1, *shape, generator=generator)
    regions = torch.randint(1, 21, (1, *shape), generator=generator).float()
    affine = torch.diag(torch.tensor([-2.0, 3.0, 4.0, 1.0]))
    item = {
        "subject": f"sub-{number}",
        "property": float(number % 2),
        "true_suvr": 1.0 + 0.01 * number,
        "regions": MetaTensor(regions, affine=affine),
        "image": MetaTensor(image, affine=affine, meta={"scale": SCALE}),
        "label": MetaTensor(label, affine=affine, meta={"scale": SCALE}),
    }
    return item | changes


def run(items, output_dir, measures=None, **arguments):
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=DataLoader(items, batch_size=2),
        network=Gain(),
        **arguments,
    )
    evaluator.logger.setLevel(logging.WARNING)
    measures = measures or [
        ImageQuality(slices=(1, 2)),
        QuantitativeError(),
        RegionalUptake(),
        TaskDecision(Judge(), name="judge", slices=(1, 2)),
    ]
    presentation = Presentation(
        property_name="amyloid status", class_names=("negative", "positive"), unit="Bq/ml"
    )
    table = EvaluationTable(measures, output_dir, presentation)
    table.attach(evaluator)
    evaluator.run()
    return evaluator


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    items = [make_item(number) for number in range(3)]
    return folder, items, run(items, folder)


def test_one_row_for_each_case_and_arm(evaluated):
    rows = read_table(evaluated[0] / "cases.csv")
    assert [(row["case"], row["arm"]) for row in rows] == [
        (f"sub-{number}", arm) for number in range(3) for arm in ("input", "restored", "reference")
    ]
    assert rows[3]["property"] == "1.0"
    assert rows[3]["true_suvr"] == "1.01"
    assert all(row["psnr"] == "" for row in rows if row["arm"] == "reference")


def test_rows_hold_what_the_measures_give(evaluated):
    folder, items, _ = evaluated
    rows = {(row["case"], row["arm"]): row for row in read_table(folder / "cases.csv")}
    for item in items:
        expected = slice_quality(item["image"].as_tensor()[0], item["label"].as_tensor()[0], (1, 2))
        row = rows[item["subject"], "input"]
        assert float(row["nrmse"]) == pytest.approx(expected.nrmse, rel=1e-6)
        assert float(row["psnr"]) == pytest.approx(expected.psnr, rel=1e-6)
        assert float(rows[item["subject"], "restored"]["suvr_cortex"]) == pytest.approx(
            float(row["suvr_cortex"]), rel=1e-4
        )


def test_task_network_sees_network_units(evaluated):
    rows = read_table(evaluated[0] / "cases.csv")
    decisions = [row["judge_decision"] for row in rows if row["arm"] == "reference"]
    assert decisions == ["0.0", "1.0", "0.0"]


def test_summary_holds_mean_sd_and_count(evaluated):
    folder, _, _ = evaluated
    rows = read_table(folder / "cases.csv")
    summary = {(row.arm, row.metric): row for row in read_summary(folder / "summary.csv")}
    values = np.array([float(row["psnr"]) for row in rows if row["arm"] == "restored"])
    found = summary["restored", "psnr"]
    assert (found.mean, found.sd, found.n) == pytest.approx((values.mean(), values.std(ddof=1), 3))
    assert values.min() <= found.low < found.mean < found.high <= values.max()
    assert ("reference", "psnr") not in summary
    assert summary["reference", "judge_error"].mean == 0
    assert summary["input", "suvr_slope"].n == 3


def test_means_are_engine_metrics(evaluated):
    folder, _, evaluator = evaluated
    for row in read_summary(folder / "summary.csv"):
        assert row.group == ""
        assert evaluator.state.metrics[f"{row.arm}_{row.metric}"] == pytest.approx(row.mean)


def test_definitions_are_complete(evaluated):
    content = json.loads((evaluated[0] / "evaluation.json").read_text())
    rows = read_summary(evaluated[0] / "summary.csv")
    assert {row.metric for row in rows} <= content["metrics"].keys()
    assert content["measures"][0] == {
        "measure": "ImageQuality",
        "settings": {
            "slices": [1, 2],
            "norm_slices": None,
            "normalise": "mean",
            "data_range": "max(max(y), 1) of each slice",
        },
    }
    assert content["num_subjects"] == 3
    assert content["arms"] == ["input", "restored", "reference"]
    assert content["interval"]["method"] == "percentile bootstrap over subjects"
    assert set(content["versions"]) == {"taskgan_ext", "torch", "monai", "python"}


def test_preview_is_the_middle_slice_turned_to_ras(evaluated):
    folder, items, _ = evaluated
    with np.load(folder / "preview" / "sub-1.npz") as preview:
        # The affine of the items runs to the left along the first axis.
        np.testing.assert_array_equal(preview["reference"], items[1]["label"][0, ..., 2].numpy()[::-1])
        np.testing.assert_allclose(preview["restored"], 0.9 * preview["input"], rtol=1e-6)
        assert preview["input"].dtype == np.float32
        assert preview["property"] == "1.0"
        np.testing.assert_allclose(preview["pixel_mm"], [2.0, 3.0])


def test_the_same_run_gives_the_same_bytes(evaluated, tmp_path):
    folder, items, _ = evaluated
    run(items, tmp_path)
    written = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert written == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert all((folder / path).read_bytes() == (tmp_path / path).read_bytes() for path in written)


def test_short_table_is_logged(tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="taskgan_ext"):
        run([make_item(0)], tmp_path)
    assert any(line.startswith("PSNR (dB)") for line in caplog.messages)


def test_a_second_run_starts_from_nothing(tmp_path):
    evaluator = run([make_item(0)], tmp_path)
    evaluator.run()
    assert len(read_table(tmp_path / "cases.csv")) == 3


def test_cases_may_lack_regions_and_truth(tmp_path):
    items = [{key: value for key, value in make_item(0).items() if key not in ("regions", "true_suvr")}]
    run(items, tmp_path)
    assert "suvr_cortex" not in read_table(tmp_path / "cases.csv")[0]


def test_flat_images_without_metadata_are_evaluated(tmp_path):
    items = [
        {
            "subject": f"person/{n}",
            "property": "name",
            "image": torch.rand(1, 9, 8),
            "label": torch.rand(1, 9, 8),
        }
        for n in range(2)
    ]
    run(items, tmp_path, [ImageQuality(normalise="none", data_range=1.0)])
    assert len(read_table(tmp_path / "cases.csv")) == 6
    with np.load(tmp_path / "preview" / "person_0.npz") as preview:
        assert preview["reference"].shape == (9, 8)


def test_an_input_of_other_kind_than_the_target_is_not_measured(tmp_path):
    items = [make_item(0, image=MetaTensor(torch.rand(3, 12, 10, 4) * SCALE))]
    first_channel = Lambdad("pred", lambda pred: pred[:1])
    run(items, tmp_path, [ImageQuality()], postprocessing=first_channel)
    assert [row["arm"] for row in read_table(tmp_path / "cases.csv")] == ["restored", "reference"]


@pytest.mark.parametrize(
    ("items", "arguments", "message"),
    [
        pytest.param([make_item(0), make_item(0)], {}, "expected each case once", id="case twice"),
        pytest.param([make_item(0)], {"decollate": False}, "decollate=True", id="not decollated"),
        pytest.param(
            [make_item(0)],
            {"postprocessing": Lambdad("pred", lambda pred: pred[..., :2])},
            "expected pred of the shape of label",
            id="other shape",
        ),
        pytest.param(
            [{key: value for key, value in make_item(0).items() if key != "subject"}],
            {},
            "expected subject",
            id="no subject",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_unusable_runs_are_refused(items, arguments, message, tmp_path, caplog):
    with pytest.raises(ConfigError, match=message):
        run(items, tmp_path, **arguments)


def test_two_measures_may_not_write_one_column(tmp_path):
    with pytest.raises(ConfigError, match="judge_error"):
        EvaluationTable([TaskDecision(Judge()), TaskDecision(Judge())], tmp_path)
