import re

import pytest

from taskgan_ext.io.evaluation_files import MetricInfo, SummaryRow
from taskgan_ext.report.groups import best_methods, group_tables
from taskgan_ext.report.results import read_results
from taskgan_ext.report.tables import difference_table


def cells(html):
    """Text of every cell, row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


def test_a_table_has_the_groups_downwards_and_the_arms_across(grouped_dir):
    found = cells(group_tables(read_results(grouped_dir)))
    assert found[0] == ["contrast", "tuned &amp; slow", "restored", "restored \u2212 tuned &amp; slow"]
    assert [row[0] for row in found[1:]] == ["T1w", "T&lt;2&gt;w", "PDw", "all cases"]
    assert found[1] == ["T1w", "21.00 [20.50, 21.50]", "23.00 [22.50, 23.50]", "3.00 [1.50, 2.50]"]


def test_the_best_method_of_a_row_is_bold(grouped_dir):
    bold = re.findall(r"<strong>(.*?)</strong>", group_tables(read_results(grouped_dir)))
    # The comparison wins in the last group only.
    assert bold == ["23.00", "24.00", "23.00", "22.00"]


def test_without_groups_there_is_no_table(evaluation_dir):
    results = read_results(evaluation_dir)
    assert (group_tables(results), difference_table(results)) == ("", "")


def test_differences_over_all_cases(grouped_dir):
    assert cells(difference_table(read_results(grouped_dir))) == [
        ["", "restored \u2212 tuned &amp; slow"],
        ["PSNR (dB) \u2191", "2.00 [1.50, 2.50]"],
    ]


@pytest.mark.parametrize(
    ("better", "means", "expected"),
    [
        ("higher", {"a": 1.0, "b": 2.0, "reference": 9.0}, {"b"}),
        ("lower", {"a": 1.0, "b": 2.0}, {"a"}),
        ("zero", {"a": -0.5, "b": 0.1}, {"b"}),
        ("one", {"a": 0.2, "b": 1.3}, {"b"}),
        ("higher", {"a": 2.0001, "b": 2.0, "c": 1.0}, {"a", "b"}),
        ("higher", {"a": 2.0001, "b": 2.0}, set()),
        ("higher", {"a": 2.0}, set()),
        ("", {"a": 1.0, "b": 2.0}, set()),
    ],
)
def test_best_is_judged_by_what_is_printed(better, means, expected):
    rows = {arm: SummaryRow(arm, "m", mean, 0.0, 3) for arm, mean in means.items()}
    assert best_methods(rows, MetricInfo("M", "", digits=2, better=better)) == expected
