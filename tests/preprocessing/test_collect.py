from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.collect import DEFAULT_FRACTIONS, STRATUM, collect, count_sections, split_subjects
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.keys import SECTIONS

labels = st.lists(st.sampled_from([0, 1]), min_size=1, max_size=60)
seeds = st.integers(0, 2**32 - 1)


def as_strata(values):
    return {f"sub-{number:03d}": value for number, value in enumerate(values)}


@given(labels, seeds)
def test_split_keeps_every_subject_exactly_once(values, seed):
    strata = as_strata(values)
    sections = split_subjects(strata, seed=seed)
    assert sorted(subject for members in sections.values() for subject in members) == sorted(strata)
    assert sections == split_subjects(dict(reversed(strata.items())), seed=seed)


@given(labels, seeds)
def test_every_section_holds_both_classes_if_each_class_has_three_subjects(values, seed):
    strata = as_strata(values)
    counts = Counter(values)
    sections = split_subjects(strata, seed=seed)
    for members in sections.values():
        if len(counts) == 2 and min(counts.values()) >= len(SECTIONS):
            assert {strata[subject] for subject in members} == {0, 1}
        if len(values) >= len(SECTIONS):
            assert members


@pytest.mark.parametrize(
    ("num_positive", "num_subjects", "expected"),
    [
        (10, 40, {"training": (26, 6), "validation": (4, 1), "test": (10, 3)}),
        (0, 40, {"training": (26, 0), "validation": (4, 0), "test": (10, 0)}),
        (3, 6, {"training": (2, 1), "validation": (2, 1), "test": (2, 1)}),
        (1, 1, {"training": (1, 1), "validation": (0, 0), "test": (0, 0)}),
    ],
)
def test_split_sizes_are_those_of_the_paper(num_positive, num_subjects, expected):
    strata = as_strata([1] * num_positive + [0] * (num_subjects - num_positive))
    sections = split_subjects(strata, seed=3)
    sizes = {name: (len(members), sum(strata[m] for m in members)) for name, members in sections.items()}
    assert sizes == expected


def test_a_stratum_of_its_own_for_every_subject_does_not_sort_the_split_by_name():
    subjects = {f"person-{number:03d}": number for number in range(40)}
    sections = split_subjects(subjects, seed=0)
    assert [len(sections[name]) for name in SECTIONS] == [26, 4, 10]
    assert sections["training"] != sorted(subjects)[:26]


def test_another_seed_gives_another_split():
    strata = as_strata([0, 1] * 20)
    assert split_subjects(strata, seed=0) != split_subjects(strata, seed=1)


def test_a_section_with_no_share_stays_empty():
    sections = split_subjects(as_strata([0, 1] * 5), {"training": 0.5, "test": 0.5})
    assert [len(sections[name]) for name in SECTIONS] == [5, 0, 5]


@pytest.mark.parametrize("fractions", [{"training": 0.5}, {"training": 1.5, "test": -0.5}, {"train": 1.0}])
def test_wrong_fractions_are_refused(fractions):
    with pytest.raises(ConfigError, match="add up to 1"):
        split_subjects(as_strata([0, 1]), fractions)


@pytest.fixture
def items(tmp_path):
    result = []
    for number in range(8):
        subject = f"sub-{number:03d}"
        (tmp_path / f"{subject}_full.nii.gz").touch()
        for realisation in (1, 2):
            image = f"{subject}_real-{realisation}.nii.gz"
            (tmp_path / image).touch()
            result.append(
                {
                    "image": image,
                    "label": f"{subject}_full.nii.gz",
                    "property": number % 2,
                    "subject": subject,
                    "realisation": realisation,
                }
            )
    return result


def write(items, path, **changes):
    settings = {
        "name": "n",
        "description": "d",
        "modality": "PET",
        "property_info": {"name": "amyloid_status", "type": "binary", "classes": ["negative", "positive"]},
    }
    return collect(items, path, **(settings | changes))


def test_realisations_of_a_subject_stay_in_one_section_and_the_list_loads(items, tmp_path):
    path = tmp_path / "datalist.json"
    content = write(items, path)
    loaded = load_datalist(path, SECTIONS)
    assert len(loaded) == len(items)
    assert all(Path(item["image"]).is_file() for item in loaded)
    assert list(content)[:4] == ["name", "description", "modality", "property"]
    assert all(len(content[section]) % 2 == 0 for section in SECTIONS)
    assert sum(count_sections(content).values(), Counter()) == {0: 4, 1: 4}


def test_a_property_that_varies_within_a_subject_is_not_stratified(items, tmp_path):
    varying = [item | {"property": ["T1w", "T2w"][item["realisation"] - 1]} for item in items]
    content = write(varying, tmp_path / "datalist.json")
    for section, counts in count_sections(content).items():
        assert counts["T1w"] == counts["T2w"], section


def test_a_stratum_is_shared_out_where_the_property_varies(items, tmp_path):
    varying = [
        item | {"property": item["realisation"], STRATUM: ["with", "without"][item["property"]]}
        for item in items
    ]
    content = write(varying, tmp_path / "datalist.json")
    for section in SECTIONS:
        assert {item[STRATUM] for item in content[section]} == {"with", "without"}


def test_mistakes_in_items_are_named(items, tmp_path):
    path = tmp_path / "datalist.json"
    with pytest.raises(DataError, match="found none"):
        write([], path)
    with pytest.raises(DataError, match="item 1 has no 'property'"):
        write([items[0], {k: v for k, v in items[1].items() if k != "property"}], path)
    with pytest.raises(DataError, match="does not exist"):
        write([items[0] | {"image": "missing.nii.gz"}], path)
    assert not path.exists()


def test_default_fractions_are_26_4_10_of_40():
    assert {section: share * 40 for section, share in DEFAULT_FRACTIONS.items()} == pytest.approx(
        {"training": 26, "validation": 4, "test": 10}
    )
