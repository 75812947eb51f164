"""Cases of a validation are shared out whole."""

import pytest
import torch.distributed as dist

from taskgan_ext.data.case_sampler import CaseSampler


def parts(length, size, monkeypatch):
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: size)
    found = []
    for rank in range(size):
        monkeypatch.setattr(dist, "get_rank", lambda rank=rank: rank)
        sampler = CaseSampler(range(length))
        found.append(list(sampler))
        assert len(sampler) == len(found[-1])
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("length", [4, 5, 9])
def test_each_case_is_validated_once(length, size, monkeypatch):
    found = parts(length, size, monkeypatch)
    assert sorted(case for part in found for case in part) == list(range(length))
    assert all(part for part in found)


def test_fewer_cases_than_processes_are_validated_by_each(monkeypatch):
    assert parts(2, 3, monkeypatch) == [[0, 1]] * 3


def test_one_process_validates_all_in_order():
    assert list(CaseSampler(range(3))) == [0, 1, 2]
