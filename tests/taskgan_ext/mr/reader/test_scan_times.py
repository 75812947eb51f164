"""Times of a scan, from its files and from the table."""

import pytest

from taskgan_ext.mr.protocol import load_protocols
from taskgan_ext.mr.reader.scan_times import ScanTimes, merge_protocol

TABLE = load_protocols()
FLAIR = TABLE["T2FLAIR"]
"""TR 9 s, TE 0.12 s, TI 2.47 s."""


def test_all_times_of_the_files_are_taken_without_a_word():
    merged = merge_protocol("T2FLAIR", ScanTimes(8.0, 0.1, 2.3, ("SE", "IR")), FLAIR)
    assert merged.protocol.times == [8.0, 0.1, 2.3]
    assert (merged.origin, merged.notices) == ("header", ())


def test_nothing_told_gives_the_table_and_says_so():
    merged = merge_protocol("T1w", ScanTimes(), TABLE["T1w"])
    assert (merged.protocol, merged.origin) == (TABLE["T1w"], "table")
    assert "the files of T1w do not tell TR and TE; " in merged.notices[0]
    assert "TI" not in merged.notices[0]


@pytest.mark.parametrize(
    ("found", "times", "origin"),
    [
        (ScanTimes(8.0, 0.1, None), [8.0, 0.1, 2.47], "header, TI from table"),
        (ScanTimes(None, 0.1, 2.3), [9.0, 0.1, 2.3], "header, TR from table"),
        (ScanTimes(8.0, None, None), [8.0, 0.12, 2.47], "header, TE and TI from table"),
    ],
)
def test_only_what_is_missing_comes_from_the_table(found, times, origin):
    merged = merge_protocol("T2FLAIR", found, FLAIR)
    assert merged.protocol.times == times
    assert merged.origin == origin
    lacking = origin.removeprefix("header, ").removesuffix(" from table")
    assert [f"do not tell {lacking};" in text for text in merged.notices] == [True]


@pytest.mark.parametrize(
    "found",
    [
        ScanTimes(2.3, 0.00298, 0.9, ("GR", "IR")),
        ScanTimes(0.008, 0.003, None, ("GR",)),
        ScanTimes(0.008, 0.003),
        ScanTimes(2.3, 0.00298, 0.9),
    ],
    ids=["MPRAGE", "SPGR", "unnamed SPGR", "unnamed MPRAGE"],
)
def test_a_gradient_echo_has_no_protocol_of_its_own(found):
    merged = merge_protocol("T1w", found, TABLE["T1w"])
    assert (merged.protocol, merged.origin) == (TABLE["T1w"], "table")
    assert len(merged.notices) == 1
    assert "T1w is a gradient echo (TR " in merged.notices[0]


@pytest.mark.parametrize("found", [ScanTimes(650, 10), ScanTimes(0.5, 0.6)], ids=["ms", "TE above TR"])
def test_impossible_times_are_told_and_replaced(found):
    merged = merge_protocol("T1w", found, TABLE["T1w"])
    assert (merged.protocol, merged.origin) == (TABLE["T1w"], "table")
    assert f"the files of T1w tell {found} (" in merged.notices[0]


def test_a_spin_echo_given_as_flair_is_noticed():
    merged = merge_protocol("T2FLAIR", ScanTimes(5.0, 0.1, None, ("SE",)), FLAIR)
    assert any("TR of T2FLAIR is 5 s" in text for text in merged.notices)
    assert any("do not tell TI" in text for text in merged.notices)


def test_an_inversion_that_the_contrast_does_not_have_is_kept_and_noticed():
    merged = merge_protocol("T2w", ScanTimes(5.0, 0.1, 2.47, ("SE", "IR")), TABLE["T2w"])
    assert merged.protocol.inversion_time == 2.47
    assert "T2w was scanned with an inversion (TI 2.47 s)" in merged.notices[0]
