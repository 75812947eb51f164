import numpy as np
import pytest
from scipy import stats

from taskgan_ext.data.subject_bootstrap import LEVEL, NUM_DRAWS, SEED, mean_interval


@pytest.fixture
def values():
    return np.random.default_rng(4).lognormal(size=20)


def test_one_case_for_each_subject_agrees_with_scipy(values):
    expected = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=NUM_DRAWS,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    found = mean_interval(values, [f"sub-{number:03}" for number in range(20)])
    assert found == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_subjects_with_several_cases_agree_with_scipy(values):
    """A draw takes a subject with all of its cases: a ratio of resampled sums and counts."""
    subjects = [f"sub-{number}" for number in [0, 0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 3, 4, 5, 6, 6, 7, 7, 7, 7]]
    members = [values[[name == subject for name in subjects]] for subject in sorted(set(subjects))]
    expected = stats.bootstrap(
        ([part.sum() for part in members], [len(part) for part in members]),
        lambda sums, counts, axis: sums.sum(axis=axis) / counts.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=NUM_DRAWS,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    assert mean_interval(values, subjects) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_cases_that_repeat_their_subject_do_not_narrow_the_interval(values):
    """Six equal images of each subject say no more than one; as subjects of their own they would."""
    once = mean_interval(values, [str(number) for number in range(20)])
    repeated = np.repeat(values, 6)
    assert mean_interval(repeated, [str(number // 6) for number in range(120)]) == pytest.approx(once)
    low, high = mean_interval(repeated, [str(number) for number in range(120)])
    assert high - low < 0.6 * (once[1] - once[0])


def test_the_order_of_the_cases_does_not_matter(values):
    subjects = [str(number % 7) for number in range(20)]
    order = np.random.default_rng(1).permutation(20)
    assert mean_interval(values[order], [subjects[index] for index in order]) == pytest.approx(
        mean_interval(values, subjects), rel=1e-12
    )


def test_the_interval_covers_the_true_mean_as_often_as_it_says():
    """Twenty subjects of three alike cases, 400 times; in small samples percentile intervals are narrow."""
    generator = np.random.default_rng(0)
    subjects = [str(number // 3) for number in range(60)]
    covered = 0
    for _ in range(400):
        values = np.repeat(generator.normal(size=20), 3) + 0.2 * generator.normal(size=60)
        low, high = mean_interval(values, subjects)
        covered += low <= 0 <= high
    assert 0.90 < covered / 400 < 0.97


@pytest.mark.parametrize(
    ("values", "subjects"),
    [
        pytest.param([1.0, 2.0, 3.0, 4.0], ["a", "a", "b", "b"], id="two subjects"),
        pytest.param([1.0, np.inf, 2.0], ["a", "b", "c"], id="a perfect image"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_there_is_no_interval_where_it_would_say_nothing(values, subjects):
    assert np.isnan(mean_interval(np.array(values), subjects)).all()
