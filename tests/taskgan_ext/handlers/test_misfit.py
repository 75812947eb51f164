"""Weights that do not fit are described by their first difference."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from taskgan_ext.handlers.misfit import describe_misfit


def network(widths=(4, 8)):
    return nn.Sequential(nn.Linear(widths[0], widths[1]), nn.Linear(widths[1], 1))


def test_the_first_tensor_and_the_number_are_told():
    assert describe_misfit(network(), network((4, 16)).state_dict()) == (
        "3 of 4 tensors differ, first 0.weight: expected (8, 4), found (16, 4); they are of another network "
        "definition, or of another bundle"
    )


def test_a_tensor_that_is_missing_is_told():
    weights = network().state_dict()
    del weights["1.bias"]
    assert "first 1.bias: expected (1), found none" in describe_misfit(network(), weights)


def test_tensors_of_other_names_are_told():
    weights = {f"other.{name}": value for name, value in network().state_dict().items()}
    assert describe_misfit(network(), weights).startswith("8 of 4 tensors differ, first 0.weight")


@given(st.sets(st.sampled_from(sorted(network().state_dict()))))
def test_as_many_are_counted_as_differ(names):
    weights = {
        name: torch.zeros(9) if name in names else value for name, value in network().state_dict().items()
    }
    text = describe_misfit(network(), weights)
    assert text == "" if not names else text.startswith(f"{len(names)} of 4 tensors differ")
