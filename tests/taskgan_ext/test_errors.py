"""An error that a user can mend keeps its class, its code and its message wherever it is carried."""

import pickle

import pytest

from taskgan_ext.errors import SERIES_CODES, CheckpointError, RefusedSeries


def test_a_refusal_of_a_series_has_a_code_of_the_list():
    for code in SERIES_CODES:
        assert RefusedSeries(code, "reason").code == code
    with pytest.raises(ValueError, match="expected a code of SERIES_CODES, got 'unheard_of'"):
        RefusedSeries("unheard_of", "reason")


def test_every_code_is_one_word_and_has_a_meaning():
    for code, meaning in SERIES_CODES.items():
        assert code.isidentifier()
        assert code.islower()
        assert meaning


def test_a_refusal_passes_between_processes():
    found = pickle.loads(pickle.dumps(RefusedSeries("nonfinite", "a.nii: NaN")))
    assert isinstance(found, RefusedSeries)
    assert (found.code, str(found)) == ("nonfinite", "a.nii: NaN [nonfinite]")


def test_an_error_that_names_its_subject_is_still_the_same_error():
    refused = RefusedSeries("truncated", "a.nii: cut").naming("sub-01")
    assert isinstance(refused, RefusedSeries)
    assert (refused.code, str(refused)) == ("truncated", "sub-01: a.nii: cut [truncated]")
    named = CheckpointError("model.pt: damaged").naming("sub-01")
    assert isinstance(named, CheckpointError)
    assert str(named) == "sub-01: model.pt: damaged"
