from dataclasses import replace

import numpy as np
import pytest

from taskgan_ext.data.evaluation_case import Measure
from taskgan_ext.handlers.case_summary import paired_differences, summarise, summarise_groups
from taskgan_ext.io.evaluation_files import MetricInfo, SummaryRow
from taskgan_ext.io.presentation import Presentation

METRICS = {
    "psnr": MetricInfo("PSNR", "", better="higher", headline=True),
    "bias": MetricInfo("Bias", "", better="zero", headline=True),
    "nrmse": MetricInfo("NRMSE", "", better="lower"),
}
ARMS = ["input", "tuned", "restored", "reference"]
GROUPS = ["T2w", "PDw"]
PLAIN = Presentation(comparisons={"analytic": "tuned"})
GROUPED = replace(PLAIN, group_key="contrast")


class Rows(Measure):
    """Columns are in the rows already; the value of the whole table is their number."""

    metrics = METRICS

    def __call__(self, *_):
        raise AssertionError

    def summarise(self, rows):
        return [SummaryRow("restored", "rows", float(len(rows)), float("nan"), len(rows))]


@pytest.fixture
def rows():
    """Four subjects with two groups each; one case lacks the PSNR of the comparison."""
    generator = np.random.default_rng(0)
    found = [
        {
            "case": f"{subject}_{group}",
            "subject": f"sub-{subject}",
            "contrast": group,
            "arm": arm,
            **{name: float(generator.normal()) for name in METRICS if arm != "reference"},
        }
        for subject in range(4)
        for group in GROUPS
        for arm in ARMS[1:]
    ]
    del found[0]["psnr"]
    return found


def test_missing_values_are_left_out(rows):
    rows[3]["psnr"] = float("nan")
    (found,) = [row for row in summarise(rows, METRICS, ARMS) if (row.arm, row.metric) == ("tuned", "psnr")]
    values = [row["psnr"] for row in rows[6:] if row["arm"] == "tuned"]
    assert (found.mean, found.sd, found.n) == pytest.approx((np.mean(values), np.std(values, ddof=1), 6))


def test_rows_of_a_group_equal_the_summary_of_that_subset(rows):
    found = summarise_groups(rows, [Rows()], ARMS, GROUPED)
    assert list(dict.fromkeys(row.group for row in found)) == ["", *GROUPS]
    for group in GROUPS:
        alone = summarise_groups([row for row in rows if row["contrast"] == group], [Rows()], ARMS, PLAIN)
        of_group = [row for row in found if row.group == group]
        assert [(row.arm, row.metric, row.n) for row in of_group] == [
            (row.arm, row.metric, row.n) for row in alone
        ]
        numbers = [[(row.mean, row.sd, row.low, row.high) for row in each] for each in (of_group, alone)]
        np.testing.assert_array_equal(*numbers)


def test_groups_named_like_classes_stand_in_the_order_of_the_classes(rows):
    presentation = replace(GROUPED, class_names=("PDw", "T1w", "T2w"))
    found = summarise_groups(rows, [Rows()], ARMS, presentation)
    assert list(dict.fromkeys(row.group for row in found)) == ["", "PDw", "T2w"]


def test_measures_see_all_rows_and_those_of_each_group(rows):
    found = {
        row.group: row.mean for row in summarise_groups(rows, [Rows()], ARMS, GROUPED) if row.metric == "rows"
    }
    assert found == {"": 24, "T2w": 12, "PDw": 12}


def test_arms_stand_in_the_order_that_is_given(rows):
    order = ["restored", "tuned", "input", "reference"]
    assert list(dict.fromkeys(row.arm for row in summarise(rows, METRICS, order))) == ["restored", "tuned"]


def test_differences_are_taken_within_a_case(rows):
    found = {row.group: row for row in paired_differences(rows, [Rows()], GROUPED)}
    values = {(row["case"], row["arm"]): row["psnr"] for row in rows if "psnr" in row}
    for group, number in (("", 7), ("T2w", 3), ("PDw", 4)):
        pairs = [
            values[case, "restored"] - value
            for (case, arm), value in values.items()
            if arm == "tuned" and case.endswith(group)
        ]
        assert (found[group].arm, found[group].metric, found[group].n) == ("tuned", "psnr", number)
        assert found[group].mean == pytest.approx(np.mean(pairs))
        assert found[group].low < found[group].mean < found[group].high


def test_a_constant_gain_has_an_interval_of_no_width(rows):
    """What makes cases differ cancels within them, however wide the intervals of the means are."""
    psnr = {row["case"]: row["psnr"] for row in rows if row["arm"] == "restored"}
    for row in rows:
        if row["arm"] == "tuned":
            row["psnr"] = psnr[row["case"]] - 1.5
    (found,) = paired_differences(rows, [Rows()], PLAIN)
    assert (found.mean, found.low, found.high) == pytest.approx((1.5, 1.5, 1.5))
