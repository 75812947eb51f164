import json
import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from monai.data import DataLoader, MetaTensor
from monai.engines import SupervisedEvaluator
from torch import nn

from taskgan_ext.handlers.evaluation_table import EvaluationTable
from taskgan_ext.io.evaluation_files import read_summary, read_table
from taskgan_ext.io.presentation import Presentation
from taskgan_ext.io.roc_file import read_curves
from taskgan_ext.metrics import FaceVerification, PictureQuality
from taskgan_ext.report.page import PICTURE_NOTICE, build_page
from taskgan_ext.report.results import read_results

NUM_PEOPLE = 8
SHAPE = (14, 12, 1)


class Clamp(nn.Module):
    """A generator that leaves its input, in [0, 1]."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return (self.gain * x).clamp(0, 1)


class Pixels(nn.Module):
    """The embedding is the picture itself."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(1.0))

    def forward(self, image):
        return SimpleNamespace(features=[self.gain * (image.flatten(1) - 0.5)])


def make_item(person, number, channels):
    generator = torch.Generator().manual_seed(10 * person + number)
    face = torch.rand(channels, *SHAPE, generator=torch.Generator().manual_seed(person))
    label = (face + 0.6 * torch.rand(face.shape, generator=generator)) / 1.6
    # An affine that would turn a volume: pictures are shown as they are.
    affine = torch.diag(torch.tensor([-1.0, -1.0, 1.0, 1.0]))
    noise = torch.rand(label.shape, generator=generator) - 0.5
    return {
        "subject": f"p{person}",
        "case": f"p{person}_{number:04d}",
        "property": person,
        "image": MetaTensor(label + 2.0 * noise, affine=affine),
        "label": MetaTensor(label, affine=affine),
        "gan": MetaTensor(label + 1.0 * noise, affine=affine),
    }


@pytest.fixture(scope="module", params=[1, 3], ids=["grey", "colour"])
def evaluated(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    same = [f"p{person}\t1\t2" for person in range(NUM_PEOPLE)]
    different = [f"p{person}\t1\tp{(person + 1) % NUM_PEOPLE}\t2" for person in range(NUM_PEOPLE)]
    (folder / "pairs_test.txt").write_text("\n".join([str(NUM_PEOPLE), *same, *different]) + "\n")
    items = [make_item(person, number, request.param) for person in range(NUM_PEOPLE) for number in (1, 2)]
    evaluator = SupervisedEvaluator(
        device=torch.device("cpu"), val_data_loader=DataLoader(items, batch_size=3), network=Clamp()
    )
    evaluator.logger.setLevel(logging.WARNING)
    measures = [PictureQuality()] + [
        FaceVerification(Pixels(), name=name, pairs=folder / "pairs_test.txt") for name in ("task", "judge")
    ]
    presentation = Presentation(
        property_name="identity", orientation="picture", comparisons={"gan": "GAN"}, compare_input=True
    )
    EvaluationTable(measures, folder / "eval", presentation).attach(evaluator)
    evaluator.run()
    return folder / "eval", items, evaluator


def test_embeddings_are_not_written(evaluated):
    folder, _, _ = evaluated
    columns = read_table(folder / "cases.csv")[0].keys()
    assert {"psnr", "ssim_gaussian", "task_cosine", "judge_cosine"} <= columns
    assert not [column for column in columns if column.startswith("_")]


def test_areas_are_in_the_summary_and_among_the_engine_metrics(evaluated):
    folder, _, evaluator = evaluated
    found = {(row.arm, row.metric): row for row in read_summary(folder / "summary.csv")}
    for arm in ("input", "GAN", "restored", "reference"):
        for metric in ("task_auc", "task_cross_auc", "judge_auc", "judge_cross_eer"):
            assert found[arm, metric].n == 2 * NUM_PEOPLE
            assert evaluator.state.metrics[f"{arm}_{metric}"] == found[arm, metric].mean


def test_the_restored_image_is_compared_with_the_input_too(evaluated):
    rows = read_summary(evaluated[0] / "differences.csv")
    assert {row.arm for row in rows} == {"input", "GAN"}
    expected = {"psnr", "nrmse", "judge_cosine", "judge_auc", "judge_cross_auc", "task_auc"}
    assert expected <= {row.metric for row in rows}


def test_measures_share_one_table_of_curves(evaluated):
    folder, _, _ = evaluated
    curves = read_curves(folder / "roc.csv")
    assert len(curves) == len({(curve.measure, curve.arm, curve.kind) for curve in curves}) == 2 * 4 * 2
    assert json.loads((folder / "evaluation.json").read_text())["tables"] == ["roc.csv"]


def test_previews_are_pictures_with_their_rows_down(evaluated):
    folder, items, _ = evaluated
    expected = items[3]["label"].as_tensor()[..., 0]
    with np.load(folder / "preview" / "p1_0002.npz") as preview:
        shown = preview["reference"]
        assert shown.shape == (*SHAPE[:2], 3)[: 2 if len(expected) == 1 else 3]
        np.testing.assert_array_equal(np.atleast_3d(shown), expected.permute(1, 2, 0).numpy())


def test_the_report_shows_faces_curves_and_areas(evaluated):
    page = build_page(read_results(evaluated[0]))
    for expected in (
        PICTURE_NOTICE,
        f"{2 * NUM_PEOPLE} cases of {NUM_PEOPLE} subjects",
        "Judge: verification, same kind of image",
        "Task: verification, against references",
        "Judge: AUC against references",
        "restored \u2212 input",
        'alt="p0_0001: GAN"',
    ):
        assert expected in page
    assert "\u2212 reference" not in page.partition("<h2>Figures</h2>")[0]
    assert 'class="bar"' not in page
    assert page.count("<picture>") == 4 + 3  # four kinds of curves; PSNR and two cosines by case
