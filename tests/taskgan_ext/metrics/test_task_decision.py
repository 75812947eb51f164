from types import SimpleNamespace

import pytest
import torch
from torch import nn

from taskgan_ext.data.evaluation_case import Case
from taskgan_ext.metrics.measures.task_decision import TaskDecision

FAMILIES = {"0": "T1", "1": "T1", "2": "T2", "4": "T2"}


class Rounding(nn.Module):
    """Decides for the class whose index is nearest to the mean of the slice."""

    def __init__(self, num_classes=6):
        super().__init__()
        self.classes = nn.Parameter(torch.arange(num_classes, dtype=torch.float32))

    def forward(self, x):
        return SimpleNamespace(logit=-(x.mean(dim=(1, 2, 3))[:, None] - self.classes).square())


def make_case(value, prop, mask=None, depth=3):
    volume = torch.full((1, 10, 10, depth), float(value))
    return Case(subject="sub-1", property=prop, image=volume, label=volume, pred=volume, mask=mask)


@pytest.mark.parametrize(
    ("decided", "right", "error", "family_error"),
    [(1, 1, 0, 0), (1, 0, 1, 0), (4, 2, 1, 0), (2, 0, 1, 1), (3, 5, 1, 1), (3, 3, 0, 0)],
)
def test_errors_by_class_and_by_family(decided, right, error, family_error):
    case = make_case(decided, right)
    found = TaskDecision(Rounding(), name="task", families=FAMILIES)(case, case.pred)
    assert (found["task_error"], found["task_family_error"]) == (error, family_error)
    assert found["task_decision"] == decided
    assert "task_score" not in found


def test_families_appear_only_where_they_are_given():
    case = make_case(1, 1)
    plain, grouped = TaskDecision(Rounding()), TaskDecision(Rounding(), families=FAMILIES)
    assert grouped(case, case.pred).keys() - plain(case, case.pred).keys() == {"judge_family_error"}
    assert grouped.metrics.keys() - plain.metrics.keys() == {"judge_family_error"}
    assert "T1 (0, 1), T2 (2, 4)" in grouped.metrics["judge_family_error"].definition


def test_mae_of_several_classes_is_what_the_right_class_lacks():
    case = make_case(1.2, 1)
    found = TaskDecision(Rounding())(case, case.pred)
    logit = -(torch.tensor(1.2) - torch.arange(6)).square()
    assert found["judge_mae"] == pytest.approx(1 - logit.softmax(0)[1].item(), abs=1e-6)


@pytest.mark.parametrize("slices", [None, (1, 4)])
def test_slices_without_brain_do_not_vote(slices):
    mask = torch.zeros(1, 10, 10, 6, dtype=torch.bool)
    mask[:, 0, :4, 2] = True  # 4 %
    mask[:, 0, :3, 3] = True  # 3 %
    mask[:, :, :, 5] = True  # voted on only where slices are not cut
    case = make_case(0, 5, mask, depth=6)
    case.pred[..., 2] = case.pred[..., 5] = 5
    measure = TaskDecision(Rounding(), slices=slices)
    found = measure(case, case.pred)
    assert (found["judge_decision"], found["judge_slice_error"]) == (5, 0)
    assert TaskDecision(Rounding(), slices=slices, min_mask=0)(case, case.pred)["judge_decision"] == 0


def test_the_share_of_brain_counts_within_the_crop():
    # The slice data sets of the training crop before they choose slices; 4 of 36 pixels, 4 of 100 before.
    mask = torch.zeros(1, 10, 10, 3, dtype=torch.bool)
    mask[:, 4:6, 4:6, 1] = True
    mask[:, 0, :, 2] = True  # outside the crop
    case = make_case(0, 5, mask)
    case.pred[..., 1] = 5
    found = TaskDecision(Rounding(), crop=(6, 6, -1), min_mask=0.1)(case, case.pred)
    assert (found["judge_decision"], found["judge_slice_error"]) == (5, 0)
    assert TaskDecision(Rounding(), min_mask=0.05)(case, case.pred)["judge_decision"] == 0


def test_the_crop_of_the_definition_is_that_of_the_measure():
    cropped, whole = (TaskDecision(Rounding(), crop=crop).metrics["judge_error"] for crop in ((6, 6), None))
    assert "less than 4 % after the crop do not count" in cropped.definition
    assert "less than 4 % do not count" in whole.definition


def test_a_case_in_which_no_slice_votes_has_no_columns():
    case = make_case(0, 0, torch.zeros(1, 10, 10, 3, dtype=torch.bool))
    assert TaskDecision(Rounding())(case, case.pred) == {}


def test_a_flat_image_decides_by_itself():
    volume = torch.full((1, 10, 10), 2.0)
    nothing = torch.zeros(1, 10, 10, dtype=torch.bool)
    case = Case(subject="sub-1", property=2, image=volume, label=volume, pred=volume, mask=nothing)
    assert TaskDecision(Rounding(), crop=(6, 6))(case, volume)["judge_decision"] == 2


def test_flips_are_counted_for_every_arm_and_class():
    decisions = {"analytic": [0.0, 1.0, 2.0], "restored": [0.0, 4.0, 2.0], "reference": [0.0, 1.0, 5.0]}
    rows = [
        {"case": str(i), "arm": arm, "property": float(i), "judge_decision": value}
        for arm, values in decisions.items()
        for i, value in enumerate(values)
    ]
    found = {(row.arm, row.metric): row.mean for row in TaskDecision(Rounding()).summarise(rows)}
    assert found == pytest.approx({("analytic", "judge_flip"): 1 / 3, ("restored", "judge_flip"): 2 / 3})
