"""A configuration that only changes another one says so when it is run alone."""

import sys

import pytest

from taskgan_ext.bundle.delta import refuse_delta_alone
from taskgan_ext.errors import ConfigError


@pytest.fixture(autouse=True)
def untouched_hook(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


def test_a_delta_alone_is_refused_with_the_command_that_gives_both():
    with pytest.raises(ConfigError) as caught:
        refuse_delta_alone([], base="train.json", delta="evaluate.json", run_id="evaluating")
    assert str(caught.value).endswith(
        "python -m monai.bundle run evaluating --config_file "
        "\"['<bundle>/configs/train.json','<bundle>/configs/evaluate.json']\""
    )


def test_a_delta_with_its_base_is_accepted():
    refuse_delta_alone([1], base="train.json", delta="evaluate.json", run_id="evaluating")
