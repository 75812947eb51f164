import math

import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.report.results import flatten, read_results


def test_everything_is_read(evaluation_dir):
    results = read_results(evaluation_dir)
    assert len(results.cases) == 12
    assert results.column("restored", "psnr") == {f"<b>sub-{number}</b>": 26.0 for number in range(4)}
    assert results.column("reference", "psnr") == {}
    assert math.isnan(results.history["loss_pixel"][2])
    assert results.settings == {"seed": "0", "generator.channels": "32, 64"}


def test_the_first_case_of_each_property_is_shown(evaluation_dir):
    previews = read_results(evaluation_dir).previews
    assert [(preview.name, preview.property) for preview in previews] == [
        ("<b>sub-1</b>", "1"),
        ("<b>sub-0</b>", "0"),
    ]


def test_every_group_is_shown_of_the_first_subject_that_has_all(grouped_dir):
    results = read_results(grouped_dir)
    assert [preview.name for preview in results.previews] == ["sub-1_0", "sub-1_1", "sub-1_2"]
    assert [list(preview.arms) for preview in results.previews] == 3 * [results.arms]


def test_the_order_of_the_arms_comes_from_the_evaluation(grouped_dir):
    assert read_results(grouped_dir).arms == ["tuned & slow", "restored", "reference"]


def test_a_table_of_cases_without_the_groups_is_named(grouped_dir):
    text = (grouped_dir / "cases.csv").read_text()
    (grouped_dir / "cases.csv").write_text(text.replace("contrast", "kind", 1))
    with pytest.raises(DataError, match=r"cases\.csv: expected the groups in a column contrast"):
        read_results(grouped_dir)


def test_previews_of_an_earlier_run_are_not_shown(evaluation_dir):
    text = (evaluation_dir / "cases.csv").read_text()
    (evaluation_dir / "cases.csv").write_text(text.replace("sub-1<", "sub-9<"))
    assert "<b>sub-1</b>" not in [preview.name for preview in read_results(evaluation_dir).previews]


def test_optional_files_may_be_absent(evaluation_dir):
    for name in ("history.csv", "settings.json"):
        (evaluation_dir / name).unlink()
    for path in (evaluation_dir / "preview").iterdir():
        path.unlink()
    results = read_results(evaluation_dir)
    assert (results.history, results.settings, results.previews) == ({}, {}, [])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param(
            "cases.csv", "case,arm\na,input\n", "rows with case, subject, property and arm", id="cases"
        ),
        pytest.param("history.csv", "epoch,loss\n1,high\n", "expected numbers or blank cells", id="history"),
        pytest.param("preview/sub-0.npz", "no archive", "expected a preview", id="preview"),
        pytest.param("evaluation.json", "{}", "expected metrics", id="definitions"),
    ],
)
def test_a_broken_file_is_named(evaluation_dir, name, content, message):
    (evaluation_dir / name).write_text(content)
    with pytest.raises(DataError, match=message) as raised:
        read_results(evaluation_dir)
    assert name in str(raised.value)


def test_nested_settings_become_dotted_names():
    assert flatten({"a": {"b": {"c": 1.5}}, "d": None}) == {"a.b.c": "1.5", "d": "None"}
