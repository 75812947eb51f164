import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.mr.reader.grid import check_full_grid, rank_times


def test_missing_and_double_places_are_listed_and_long_lists_counted() -> None:
    labels = ([f"slice at {z}.00 mm" for z in range(5)], ["TE 17 ms", "TE 85 ms"])
    every = [(z, e) for z in range(5) for e in range(2)]
    names = [str(number) for number in range(10)]
    check_full_grid(every, names, labels, "scan")
    with pytest.raises(DataError, match=r"1 of 10 .*\(slice at 2.00 mm, TE 85 ms\)") as caught:
        check_full_grid([*every[:5], *every[6:], (0, 1)], names, labels, "scan")
    assert "there more than once: (slice at 0.00 mm, TE 85 ms): 1, 9" in str(caught.value)
    with pytest.raises(DataError, match=r"9 of 10 images are missing: .* and 3 more"):
        check_full_grid([(1, 1)], ["one"], labels, "scan")


def test_times_that_are_rounded_differently_are_one() -> None:
    rank, times = rank_times([0.0169, 0.01691, 0.0845, 0.01689], 1e-4)
    assert rank.tolist() == [0, 0, 1, 0]
    assert times == (0.0169, 0.0845)
