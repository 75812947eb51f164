"""What single values become."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.deidentify import values
from preprocessing.deidentify.pseudonyms import LEAST_DAYS, NUM_SHIFTS, Pseudonyms
from preprocessing.deidentify.values import Disguise

PSEUDONYMS = Pseudonyms(bytes(range(32)))
DISGUISE = Disguise(PSEUDONYMS, "sub-01", timedelta(days=1000))


@given(day=st.dates(date(1900, 1, 1)), time=st.times())
def test_a_date_goes_back_by_whole_days_and_the_time_of_day_stays(day: date, time: datetime) -> None:
    text = f"{day:%Y%m%d}{time:%H%M%S.%f}+0100"
    moved = values.date_time("", text, DISGUISE)
    assert moved is not None
    assert moved[8:] == text[8:]
    assert moved[:8] == values.date("", text[:8], DISGUISE) == f"{day - timedelta(days=1000):%Y%m%d}"


@pytest.mark.parametrize("text", ["20000230", "00010101", "2000", "soon", "20000101-20000105"])
def test_what_is_no_date_or_cannot_be_moved_goes(text: str) -> None:
    assert values.date("", text, DISGUISE) is None


@pytest.mark.parametrize(
    ("given_age", "kept"),
    [("007D", "007D"), ("089Y", "089Y"), ("090Y", "090Y"), ("104Y", "090Y"), ("90Y", None), ("Jane", None)],
)
def test_the_very_old_are_ninety(given_age: str, kept: str | None) -> None:
    assert values.age("", given_age, DISGUISE) == kept


@pytest.mark.parametrize("text", ["nan", "1e400", "19450312", "0042", "1_0", "Jane", "1,5"])
def test_what_is_no_number_of_its_kind_goes(text: str) -> None:
    assert values.number("PatientWeight", text, DISGUISE) is None


@given(patient=st.text(max_size=20))
def test_the_shift_is_of_more_than_a_year_and_less_than_ten(patient: str) -> None:
    shift = PSEUDONYMS.shift(patient)
    assert timedelta(days=LEAST_DAYS) <= shift < timedelta(days=3653)
    assert shift == PSEUDONYMS.shift(patient)


def test_all_weekdays_are_equally_likely() -> None:
    assert NUM_SHIFTS % 7 == 0
    counts = [0] * 7
    for number in range(7000):
        counts[PSEUDONYMS.shift(str(number)).days % 7] += 1
    assert max(abs(count - 1000) for count in counts) < 150  # five standard deviations


@given(uids=st.lists(st.from_regex(r"\A1(\.[1-9][0-9]{0,5}){3,8}\Z"), min_size=2, max_size=5, unique=True))
def test_uids_stay_different_and_valid(uids: list[str]) -> None:
    new = [PSEUDONYMS.uid(uid) for uid in uids]
    assert len(set(new)) == len(uids)
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in new)
    assert new == [PSEUDONYMS.uid(uid) for uid in uids]
    assert not set(new) & {Pseudonyms(bytes(range(1, 33))).uid(uid) for uid in uids}


def test_uids_of_the_standard_stay() -> None:
    assert PSEUDONYMS.uid("1.2.840.10008.5.1.4.1.1.128") == "1.2.840.10008.5.1.4.1.1.128"
    assert PSEUDONYMS.uid("1.2.840.10008.77042").startswith("2.25.")
    assert PSEUDONYMS.uid("") == ""


def test_words_of_an_image_type_keep_their_places_and_synthetic_images_are_known() -> None:
    words = ["ORIGINAL", "jane doe", "m_se", "SYNTHETIC T1W"]
    kept = [values.term("ImageType", word, DISGUISE) for word in words]
    assert kept == ["ORIGINAL", "OTHER", "M_SE", "SYNTHETIC"]


def test_the_key_is_not_shown() -> None:
    assert repr(PSEUDONYMS.key) not in repr(DISGUISE)
