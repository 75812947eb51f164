import re
from dataclasses import replace

import numpy as np
import pytest

from taskgan_ext.report.confusion import MOST_CLASSES, confusion_tables, count_decisions
from taskgan_ext.report.results import read_results


@pytest.mark.parametrize("arm", ["restored", "reference", "tuned & slow"])
def test_counts_agree_with_a_histogram(grouped_dir, arm):
    results = read_results(grouped_dir)
    rows = [row for row in results.cases if row["arm"] == arm]
    true, decided = ([float(row[name]) for row in rows] for name in ("property", "judge_decision"))
    found = count_decisions(results, arm, "judge_decision")
    expected, _, _ = np.histogram2d(true, decided, bins=[np.arange(4), np.arange(4)])
    assert [[found[i, j] for j in range(3)] for i in range(3)] == expected.tolist()


def test_real_and_synthesised_images_have_a_matrix_each(grouped_dir):
    html = confusion_tables(read_results(grouped_dir))
    assert re.findall(r"<caption>(.*?)</caption>", html) == [
        "Real images: 8 of 8 right",
        "Synthesised images: 5 of 8 right",
    ]
    assert html.count('class="wrong"') == 1
    assert "T&lt;2&gt;w" in html


def test_a_property_between_the_classes_is_not_counted(grouped_dir):
    results = read_results(grouped_dir)
    for row in results.cases:
        if row["case"] == "sub-0_0":
            row["property"] = "0.5"
    assert count_decisions(results, "reference", "judge_decision").total() == 7


@pytest.mark.parametrize("number", [2, MOST_CLASSES + 1])
def test_two_or_very_many_classes_have_no_matrix(grouped_dir, number):
    results = read_results(grouped_dir)
    names = [str(value) for value in range(number)]
    presentation = replace(results.presentation, class_names=names)
    assert confusion_tables(replace(results, presentation=presentation)) == ""
