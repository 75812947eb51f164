from dataclasses import fields

import numpy as np
import pytest

from preprocessing.face.traits import Identity, draw_identity

PARTS = [entry.name for entry in fields(Identity) if entry.name != "seed"]


def people(count):
    return [draw_identity(np.random.default_rng(number)) for number in range(count)]


def test_a_seed_is_a_person():
    assert draw_identity(np.random.default_rng(1)) == draw_identity(np.random.default_rng(1))
    assert len({str(person.to_dict()) for person in people(50)}) == 50


@pytest.mark.parametrize("part", PARTS)
def test_measures_spread_about_their_means(part):
    drawn = [getattr(person, part) for person in people(400)]
    for entry in fields(drawn[0]):
        values = np.array([getattr(traits, entry.name) for traits in drawn])
        mean, spread = entry.metadata["mean"], entry.metadata["spread"]
        assert values.mean() == pytest.approx(mean, abs=0.25 * spread)
        assert values.std() == pytest.approx(spread, rel=0.25)


def test_a_robust_build_has_a_wide_jaw_and_dense_brows():
    jaw, brows = np.array([(person.skull.jaw, person.eyes.brow_thick) for person in people(300)]).T
    assert np.corrcoef(jaw, brows)[0, 1] > 0.2
