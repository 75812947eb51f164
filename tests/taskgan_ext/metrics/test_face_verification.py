import logging
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from taskgan_ext.data.embedding import embedding_of
from taskgan_ext.data.evaluation_case import Case
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.roc_file import ROC
from taskgan_ext.metrics.measures.face_verification import FaceVerification
from taskgan_ext.metrics.roc import area_under_curve

ARMS = {"input": 3.0, "gan": 2.0, "restored": 1.0, "reference": 0.0}
NUM_PEOPLE = 12


class Projection(nn.Module):
    """Embeds a picture by a fixed linear map; counts its calls and refuses to run in training mode."""

    def __init__(self, channels=1):
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.weight = nn.Parameter(torch.randn(6, channels * 64, generator=generator))
        self.calls = 0

    def forward(self, image):
        assert not self.training
        self.calls += 1
        centred = image.flatten(1) - image.flatten(1).mean(dim=1, keepdim=True)
        return SimpleNamespace(features=[image, centred @ self.weight.T])


def make_case(name, volumes):
    subject = name.rpartition("_")[0]
    return Case(subject, 0.0, image=volumes["input"], label=volumes["reference"], pred=volumes["restored"])


def make_volumes(person, number, channels=1):
    generator = torch.Generator().manual_seed(1000 * person + number)
    face = torch.rand(channels, 8, 8, 1, generator=torch.Generator().manual_seed(person))
    label = face + 0.8 * torch.rand(face.shape, generator=generator)
    noise = torch.rand(face.shape, generator=generator)
    return {arm: label + amount * noise if amount else label for arm, amount in ARMS.items()}


@pytest.fixture
def pairs(tmp_path):
    """Each person once with herself, once with the next."""
    same = [f"p{person}\t1\t2" for person in range(NUM_PEOPLE)]
    different = [f"p{person}\t1\tp{(person + 1) % NUM_PEOPLE}\t2" for person in range(NUM_PEOPLE)]
    (tmp_path / "pairs.txt").write_text("\n".join([str(NUM_PEOPLE), *same, *different]) + "\n")
    return tmp_path / "pairs.txt"


def measure_all(measure, people=range(NUM_PEOPLE)):
    rows = []
    for person in people:
        for number in (1, 2):
            volumes = make_volumes(person, number)
            case = make_case(f"p{person}_{number:04d}", volumes)
            rows += [
                {
                    "case": f"p{person}_{number:04d}",
                    "subject": f"p{person}",
                    "arm": arm,
                    **measure(case, volume),
                }
                for arm, volume in volumes.items()
            ]
    return rows


@pytest.mark.parametrize("channels", [1, 3])
def test_cosine_is_that_of_the_embeddings_of_arm_and_reference(channels):
    network, volumes = Projection(channels), make_volumes(0, 1, channels)
    case = make_case("p0_0001", volumes)
    measure = FaceVerification(network, name="task")
    embedded = {
        arm: embedding_of(network.eval()(volume[None, ..., 0]))[0].detach() for arm, volume in volumes.items()
    }
    for arm in ("input", "gan", "restored"):
        expected = float(embedded[arm] @ embedded["reference"])
        assert measure(case, volumes[arm])["task_cosine"] == pytest.approx(expected, abs=1e-5)
    assert "task_cosine" not in measure(case, volumes["reference"])


def test_the_reference_is_embedded_once_for_all_arms_of_a_case():
    network = Projection()
    measure_all(FaceVerification(network), people=[0, 1])
    assert network.calls == 2 * 2 * len(ARMS)


def test_network_units_and_flat_pictures_are_accepted():
    volumes = {arm: 7 * volume[..., 0] for arm, volume in make_volumes(0, 1).items()}
    flat = Case("p0", 0.0, volumes["input"], volumes["reference"], volumes["restored"], scale=7.0)
    measure, plain = FaceVerification(Projection()), make_volumes(0, 1)
    case = make_case("p0_0001", plain)
    expected = measure(case, plain["restored"])["judge_cosine"]
    assert measure(flat, flat.pred)["judge_cosine"] == pytest.approx(expected, abs=1e-5)


def test_areas_equal_counting_of_distances(pairs):
    measure = FaceVerification(Projection(), pairs=pairs)
    rows = measure_all(measure)
    found = {(row.arm, row.metric): row for row in measure.summarise(rows)}
    embedded = {(row["case"], row["arm"]): row["_judge_embedding"] for row in rows}
    for arm in ARMS:
        for metric, gallery in (("judge_auc", arm), ("judge_cross_auc", "reference")):
            scores = [
                -np.linalg.norm(embedded[one, arm] - embedded[other, gallery])
                for first, second, _ in measure.pairs
                for one, other in (
                    [(first, second)] if gallery == arm else [(first, second), (second, first)]
                )
            ]
            same = np.repeat([pair.same for pair in measure.pairs], len(scores) // len(measure.pairs))
            row = found[arm, metric]
            assert row.mean == pytest.approx(area_under_curve(np.array(scores), same))
            assert row.n == 2 * NUM_PEOPLE
            assert np.isnan(row.low) or row.low <= row.mean <= row.high
    assert found["reference", "judge_auc"].mean == found["reference", "judge_cross_auc"].mean
    assert found["reference", "judge_auc"].mean > found["input", "judge_auc"].mean


def test_differences_are_those_of_the_areas(pairs):
    measure = FaceVerification(Projection(), pairs=pairs)
    rows = measure_all(measure)
    areas = {(row.arm, row.metric): row.mean for row in measure.summarise(rows)}
    found = measure.compare(rows, ["input", "gan", "absent"])
    assert {(row.arm, row.metric) for row in found} == {
        (arm, metric) for arm in ("input", "gan") for metric in ("judge_auc", "judge_cross_auc")
    }
    for row in found:
        assert row.mean == pytest.approx(areas["restored", row.metric] - areas[row.arm, row.metric])
        assert np.isnan(row.low) or row.low <= row.mean <= row.high


def test_curves_of_every_arm_and_kind_have_the_area_of_the_summary(pairs):
    measure = FaceVerification(Projection(), name="task", pairs=pairs)
    rows = measure_all(measure)
    areas = {(row.arm, row.metric): row.mean for row in measure.summarise(rows)}
    table = measure.tables(rows)[ROC]
    assert {row["measure"] for row in table} == {"task"}
    for kind, metric in (("same", "task_auc"), ("cross", "task_cross_auc")):
        for arm in ARMS:
            points = [
                (row["false_accept_rate"], row["true_accept_rate"])
                for row in table
                if (row["arm"], row["kind"]) == (arm, kind)
            ]
            far, tar = zip(*points, strict=True)
            assert np.trapezoid(tar, far) == pytest.approx(areas[arm, metric])


def test_pairs_whose_faces_were_not_evaluated_are_left_out_and_said(pairs, caplog):
    measure = FaceVerification(Projection(), pairs=pairs)
    rows = measure_all(measure, people=range(6))
    with caplog.at_level(logging.WARNING):
        found = measure.summarise(rows)
    assert {row.n for row in found} == {6 + 5}
    assert caplog.messages == ["Judge: 13 of 24 pairs name cases that were not evaluated; they are left out"]


def test_without_pairs_there_is_the_cosine_alone(pairs):
    measure = FaceVerification(Projection())
    rows = measure_all(measure, people=[0])
    assert (measure.summarise(rows), measure.compare(rows, ["input"]), measure.tables(rows)) == ([], [], {})
    assert measure.metrics.keys() == {"judge_cosine"}
    with_pairs = FaceVerification(Projection(), pairs=pairs)
    names = {row.metric for row in with_pairs.summarise(measure_all(with_pairs))}
    assert names | {"judge_cosine"} == with_pairs.metrics.keys()


def test_a_kind_of_pair_without_any_has_no_area(pairs):
    measure = FaceVerification(Projection(), pairs=pairs)
    assert measure.summarise(measure_all(measure, people=[3])) == []


def test_a_restored_image_that_is_no_number_has_no_columns():
    volumes = make_volumes(0, 1)
    measure = FaceVerification(Projection())
    assert measure(make_case("p0_0001", volumes), volumes["restored"] * float("nan")) == {}


def test_a_volume_is_refused():
    volumes = {arm: volume.expand(-1, -1, -1, 2) for arm, volume in make_volumes(0, 1).items()}
    with pytest.raises(ConfigError, match="p0: expected a picture, which is one slice, for Judge"):
        FaceVerification(Projection())(make_case("p0_0001", volumes), volumes["restored"])


def test_a_missing_list_of_pairs_is_named(tmp_path):
    with pytest.raises(DataError, match=r"pairs_test\.txt: expected a list of pairs, found no file"):
        FaceVerification(Projection(), pairs=tmp_path / "pairs_test.txt")
