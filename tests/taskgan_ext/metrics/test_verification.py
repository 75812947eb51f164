import numpy as np
import pytest

from taskgan_ext.data.face_pairs import Pair
from taskgan_ext.data.subject_bootstrap import draw_subjects
from taskgan_ext.metrics.roc import area_under_curve
from taskgan_ext.metrics.verification import (
    area_draws,
    area_with_interval,
    cross_scores,
    index_pairs,
    same_kind_scores,
)


def make_faces(num_people, noise, seed=0, dims=8):
    """Two images of each person: a direction of the person, and noise; as many pairs of each kind."""
    generator = np.random.default_rng(seed)
    people = generator.normal(size=(num_people, 1, dims))
    embeddings = (people + noise * generator.normal(size=(num_people, 2, dims))).reshape(-1, dims)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    cases = [f"p{person}_{number:04d}" for person in range(num_people) for number in (1, 2)]
    subjects = [case.partition("_")[0] for case in cases]
    same = [Pair(cases[2 * person], cases[2 * person + 1], True) for person in range(num_people)]
    shifted = [(person + 1) % num_people for person in range(num_people)]
    different = [Pair(cases[2 * a], cases[2 * b + 1], False) for a, b in enumerate(shifted)]
    return embeddings.astype(np.float32), index_pairs([*same, *different], cases, subjects)


def test_scores_order_pairs_as_the_cosine_does():
    embeddings, pairs = make_faces(30, 0.5)
    cosine = (embeddings[pairs.first] * embeddings[pairs.second]).sum(axis=1)
    (scores,) = same_kind_scores(embeddings, pairs)
    np.testing.assert_allclose(scores, -np.sqrt(2 - 2 * cosine), atol=1e-5)


def test_each_face_of_a_pair_is_the_probe_once():
    embeddings, pairs = make_faces(5, 0.5)
    references, _ = make_faces(5, 0.5, seed=1)
    scores = cross_scores(embeddings, references, pairs)
    for place, (one, other) in enumerate(zip(pairs.first, pairs.second, strict=True)):
        expected = [
            -np.linalg.norm(embeddings[one] - references[other]),
            -np.linalg.norm(embeddings[other] - references[one]),
        ]
        np.testing.assert_allclose(scores[:, place], expected, rtol=1e-5)


def test_cross_pairs_of_the_references_themselves_are_the_pairs_of_references():
    embeddings, pairs = make_faces(12, 0.8)
    (same_kind,) = same_kind_scores(embeddings, pairs)
    np.testing.assert_array_equal(cross_scores(embeddings, embeddings, pairs), [same_kind, same_kind])


def test_people_who_look_apart_are_separated():
    embeddings, pairs = make_faces(20, 0.01, dims=64)
    area, low, high = area_with_interval(same_kind_scores(embeddings, pairs), pairs)
    assert area == 1.0
    assert np.isnan([low, high]).all(), "draws without an error cannot tell how sure that is"


def test_faces_without_identity_are_not_told_apart():
    embeddings, pairs = make_faces(300, 1e6)
    area, low, high = area_with_interval(same_kind_scores(embeddings, pairs), pairs)
    assert area == pytest.approx(0.5, abs=0.06)
    assert low < 0.5 < high


@pytest.mark.parametrize("scores_of", [same_kind_scores, lambda e, p: cross_scores(e, e[::-1], p)])
def test_the_interval_holds_the_area_and_shrinks_with_more_people(scores_of):
    widths = []
    for num_people in (20, 80, 320):
        embeddings, pairs = make_faces(num_people, 1.0)
        area, low, high = area_with_interval(scores_of(embeddings, pairs), pairs)
        assert low < area < high
        widths.append(high - low)
    assert widths[0] > 1.5 * widths[1] > 1.5 * 1.5 * widths[2]


def test_the_same_pairs_give_the_same_interval():
    embeddings, pairs = make_faces(25, 1.0)
    scores = same_kind_scores(embeddings, pairs)
    assert area_with_interval(scores, pairs) == area_with_interval(scores.copy(), pairs)


def test_a_draw_equals_the_area_of_the_people_who_are_drawn():
    """Copies of a person are compared with other people, not with each other."""
    embeddings, pairs = make_faces(9, 1.0)
    (scores,) = same_kind_scores(embeddings, pairs)
    found = area_draws(scores[None], pairs)
    first, second = pairs.subjects[pairs.first], pairs.subjects[pairs.second]
    expected = []
    for drawn in draw_subjects(9)[:30]:
        copies = [
            (scores[number], pairs.same[number])
            for number in range(len(scores))
            for one in drawn
            for other in ([one] if pairs.same[number] else drawn)
            if (first[number], second[number]) == (one, other)
        ]
        expected.append(area_under_curve(*(np.array(column) for column in zip(*copies, strict=True))))
    there = [area for area in expected if np.isfinite(area)]
    assert 20 < len(there) < 30, "some draws lack pairs of two people"
    np.testing.assert_allclose(found[: len(there)], there)


def test_the_difference_of_an_arm_to_itself_is_nothing():
    embeddings, pairs = make_faces(15, 1.0)
    scores = same_kind_scores(embeddings, pairs)
    difference, low, high = area_with_interval(scores, pairs, scores)
    assert difference == 0
    assert np.isnan([low, high]).all()


def test_a_paired_difference_is_surer_than_two_areas():
    embeddings, pairs = make_faces(60, 1.0)
    blurred = embeddings + 0.05 * np.random.default_rng(3).normal(size=embeddings.shape).astype(np.float32)
    better, worse = (same_kind_scores(each, pairs) for each in (embeddings, blurred))
    difference, low, high = area_with_interval(better, pairs, worse)
    areas = [area_with_interval(each, pairs) for each in (better, worse)]
    assert difference == pytest.approx(areas[0][0] - areas[1][0])
    assert low < difference < high
    assert high - low < 0.7 * min(end - start for _, start, end in areas)


def test_the_interval_holds_the_true_area_at_least_as_often_as_it_says():
    """Forty people, 150 times: each in one pair of one person and two of two, as in development lists."""
    embeddings, pairs = make_faces(20_000, 1.0)
    truth = area_under_curve(same_kind_scores(embeddings, pairs)[0], pairs.same)
    covered = 0
    for seed in range(150):
        embeddings, pairs = make_faces(40, 1.0, seed=seed)
        _, low, high = area_with_interval(same_kind_scores(embeddings, pairs), pairs)
        covered += low <= truth <= high
    assert 0.92 <= covered / 150 <= 1.0


def test_two_people_have_no_interval():
    embeddings, pairs = make_faces(2, 1.0)
    area, low, high = area_with_interval(same_kind_scores(embeddings, pairs), pairs)
    assert np.isfinite(area)
    assert np.isnan([low, high]).all()


def test_pairs_with_a_face_that_is_not_there_are_left_out():
    pairs = index_pairs(
        [Pair("a_0001", "a_0002", True), Pair("a_0001", "b_0001", False), Pair("a_0002", "c_0001", False)],
        ["a_0001", "b_0001", "a_0002"],
        ["a", "b", "a"],
    )
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0, 0], [2, 1])
    assert pairs.same.tolist() == [True, False]
