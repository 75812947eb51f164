from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from taskgan_ext.data.evaluation_case import Case
from taskgan_ext.errors import ConfigError
from taskgan_ext.metrics import ImageQuality, QuantitativeError, RegionalUptake, TaskDecision, slice_quality


class Threshold(nn.Module):
    """Logit = 10 (mean of the slice - threshold), so the decision is known by hand."""

    def __init__(self, threshold=1.0, num_classes=1):
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(threshold))
        self.num_classes = num_classes

    def forward(self, x):
        logit = 10 * (x.mean(dim=(1, 2, 3)) - self.threshold)
        return SimpleNamespace(logit=torch.stack([logit * k for k in range(1, self.num_classes + 1)], dim=1))


def make_case(**changes):
    generator = torch.Generator().manual_seed(2)
    label = torch.rand(1, 10, 9, 4, generator=generator) + 1
    values = {
        "subject": "sub-1",
        "property": 1.0,
        "image": label + 0.4 * torch.rand(label.shape, generator=generator),
        "label": label,
        "pred": label * 1.05,
        "regions": torch.randint(1, 21, label.shape, generator=generator),
    }
    return Case(**(values | changes))


MEASURES = {
    "image quality": ImageQuality(slices=(1, 2)),
    "plain image quality": ImageQuality(normalise="none", data_range=1.0),
    "quantitative error": QuantitativeError(),
    "regional uptake": RegionalUptake(region_names={"3": "parietal"}),
    "task decision": TaskDecision(Threshold(), slices=(1, 2)),
    "task decision, classes": TaskDecision(Threshold(num_classes=3)),
}


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())
def test_every_column_is_defined(measure):
    case = make_case(truth={"true_suvr": 1.2})
    columns = measure(case, case.pred)
    assert columns.keys() <= measure.metrics.keys()
    assert all(isinstance(value, float) and np.isfinite(value) for value in columns.values())
    rows = [
        {"case": "a", "property": 1.0, "true_suvr": 1.2, "arm": arm} | measure(case, volume)
        for arm, volume in (("input", case.image), ("restored", case.pred), ("reference", case.label))
        if arm != "reference" or measure.judges_reference
    ]
    assert {row.metric for row in measure.summarise(rows)} <= measure.metrics.keys()


def test_image_quality_of_a_volume_equals_the_function():
    case = make_case()
    found = ImageQuality(slices=(1, 2))(case, case.image)
    quality = slice_quality(case.image[0], case.label[0], (1, 2))
    assert (found["psnr"], found["ssim"], found["nrmse"]) == (quality.psnr, quality.ssim, quality.nrmse)


def test_image_quality_of_a_flat_image_ignores_slices():
    case = make_case()
    flat = make_case(image=case.image[..., 1], label=case.label[..., 1], pred=case.pred[..., 1])
    found = ImageQuality(slices=(20, 30), norm_slices=(20, 30), normalise="none")(flat, flat.image)
    assert found["nrmse"] == slice_quality(case.image[0], case.label[0], (1, 1), normalise="none").nrmse


def test_mean_normalisation_hides_the_bias_that_quantitative_error_shows():
    case = make_case()
    assert ImageQuality()(case, case.pred)["nrmse"] == pytest.approx(0, abs=1e-6)
    assert QuantitativeError()(case, case.pred)["bias"] == pytest.approx(0.05, abs=1e-6)


def test_a_case_without_regions_has_no_uptake_columns():
    case = make_case(regions=None)
    assert RegionalUptake()(case, case.pred) == {}


def test_uptake_of_the_reference_has_no_bias_column():
    case = make_case(truth={"true_suvr": 2.0})
    found = RegionalUptake()(case, case.label)
    assert "suvr_bias" not in found
    assert found["suvr_truth_bias"] == pytest.approx(found["suvr_cortex"] / 2.0 - 1)


def test_slope_of_uptake_against_reference_and_truth():
    reference, truth = [1.0, 1.2, 1.6, 1.5], [0.9, 1.2, 1.7, 1.5]
    rows = [
        {"case": str(i), "arm": arm, "true_suvr": truth[i], "suvr_cortex": value}
        for i in range(4)
        for arm, value in (("reference", reference[i]), ("restored", 0.4 + 0.5 * reference[i]))
    ]
    found = {(row.arm, row.metric): row for row in RegionalUptake().summarise(rows)}
    assert found["restored", "suvr_slope"].mean == pytest.approx(0.5)
    assert found["restored", "suvr_slope"].n == 4
    expected = np.polyfit(truth, reference, 1)[0]
    assert found["reference", "suvr_truth_slope"].mean == pytest.approx(expected)
    assert ("input", "suvr_slope") not in found


def test_decision_in_network_units_and_its_error():
    case = make_case(label=torch.full((1, 4, 4, 3), 1200.0), scale=1000.0)
    measure = TaskDecision(Threshold(1.0), name="judge")
    found = measure(case, case.label)
    assert (found["judge_decision"], found["judge_error"], found["judge_slice_error"]) == (1.0, 0.0, 0.0)
    assert found["judge_score"] == pytest.approx(torch.tensor(2.0).sigmoid().item(), abs=1e-5)
    negative = make_case(label=case.label, scale=1000.0, property=0.0)
    assert measure(negative, negative.label)["judge_error"] == 1.0


def test_a_property_between_the_classes_has_no_decision_error():
    case = make_case(property=0.5)
    assert TaskDecision(Threshold())(case, case.pred).keys() == {"judge_score", "judge_mae", "judge_decision"}


def test_a_property_that_is_no_number_is_refused():
    case = make_case(property="T1w")
    with pytest.raises(ConfigError, match="sub-1: expected the property as a number"):
        TaskDecision(Threshold())(case, case.pred)


def test_flips_are_counted_against_the_decision_on_the_reference():
    decisions = {"reference": [1.0, 1.0, 0.0, 0.0], "restored": [1.0, 0.0, 1.0, 0.0], "input": [1.0] * 4}
    rows = [
        {"case": str(i), "arm": arm, "property": float(i < 2), "judge_decision": value, "judge_score": value}
        for arm, values in decisions.items()
        for i, value in enumerate(values)
    ]
    found = {(row.arm, row.metric): row.mean for row in TaskDecision(Threshold()).summarise(rows)}
    assert found["restored", "judge_flip"] == pytest.approx(0.5)
    assert found["input", "judge_flip"] == pytest.approx(0.5)
    assert found["reference", "judge_auc"] == pytest.approx(1.0)
    assert found["restored", "judge_auc"] == pytest.approx(0.5)
