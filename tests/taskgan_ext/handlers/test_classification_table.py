"""The class of every image, on disk and in the log."""

import logging

import pytest
import torch
from ignite.engine import Engine
from monai.data import MetaTensor

from taskgan_ext.errors import DataError
from taskgan_ext.handlers.classification_table import ClassificationTable
from taskgan_ext.io.evaluation_files import read_table

CLASSES = ["A", "B", "C"]
FAMILIES = {"0": "first", "1": "first"}


def classify(folder, *images, runs=1):
    """Run an engine over images, each (name, probabilities of its slices[, property])."""
    handler = ClassificationTable(CLASSES, folder / "out", FAMILIES)

    def step(engine, image):
        name, scores, *known = image
        file = {"filename_or_obj": str(folder / f"{name}.nii.gz")}
        item = {"image": MetaTensor(torch.zeros(1, 2, 2, 2), meta=file), "subject": name}
        engine.state.batch = [item | dict(zip(["property"], known, strict=False))]
        return [{"pred": torch.tensor(scores)}]

    engine = Engine(step)
    handler.attach(engine)
    for _ in range(runs):
        engine.run(images)
    return read_table(folder / "out" / "classes.csv")


def test_the_class_of_the_largest_mean_wins_even_where_fewer_slices_decide_so(tmp_path):
    (row,) = classify(tmp_path, ("x", [[0.4, 0.3, 0.3], [0.4, 0.3, 0.3], [0.0, 1.0, 0.0]]))
    assert (row["decision"], row["family"], row["slices"]) == ("B", "first", "3")
    assert [float(row[name]) for name in CLASSES] == pytest.approx([0.8 / 3, 1.6 / 3, 0.2], abs=1e-6)
    assert row["file"] == str(tmp_path / "x.nii.gz")
    assert row["subject"] == "x"


def test_a_class_without_a_family_is_one_of_its_own(tmp_path):
    (row,) = classify(tmp_path, ("x", [[0.1, 0.1, 0.8]]))
    assert row["family"] == "C"


def test_the_property_is_a_column_only_where_it_is_known(tmp_path):
    assert "property" not in classify(tmp_path, ("x", [[1.0, 0.0, 0.0]]))[0]
    rows = classify(tmp_path, ("x", [[1.0, 0.0, 0.0]], 1), ("y", [[1.0, 0.0, 0.0]]))
    assert [row["property"] for row in rows] == ["B", ""]


def test_the_log_counts_right_classes_and_right_families(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    a, b = [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]
    classify(tmp_path, ("p", a, 0), ("q", b, 0), ("r", b, 0), ("s", a, 2), ("t", b))
    text = "\n".join(record.message for record in caplog.records if record.name.startswith("taskgan_ext"))
    assert "right: 1 of 4, right family: 3 of 4" in text
    assert [line.split() for line in text.splitlines()[-3:]] == [
        ["A", "B", "C"],
        ["A", "1", "2", "0"],
        ["C", "1", "0", "0"],
    ]
    assert [line for line in text.splitlines() if line.startswith("t.nii.gz")]


def test_the_log_counts_nothing_where_nothing_is_known(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    classify(tmp_path, ("x", [[1.0, 0.0, 0.0]]))
    assert "right" not in caplog.text


def test_a_second_run_of_the_engine_starts_a_new_table(tmp_path):
    assert len(classify(tmp_path, ("x", [[1.0, 0.0, 0.0]]), runs=2)) == 1


def test_an_image_without_votes_is_refused_by_name_and_nothing_is_written(tmp_path):
    with pytest.raises(DataError, match=r"x\.nii\.gz: expected slices that show the head"):
        classify(tmp_path, ("x", torch.zeros(0, 0).tolist()))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", [3, -1, 0.5])
def test_a_property_that_is_no_class_is_refused(tmp_path, value):
    with pytest.raises(DataError, match=r"expected a property from 0 to 2, .* data list of another bundle"):
        classify(tmp_path, ("x", [[1.0, 0.0, 0.0]], value))
