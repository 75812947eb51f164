"""Files with bytes changed or cut off: refused with a code or read, and never anything else."""

import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from listmode_files import ge_record, ge_time_mark, write_ge, write_petsird, write_siemens

from preprocessing.pet.listmode.event_part import RandomPart
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.listmode.refusal_codes import CODES
from taskgan_ext.errors import RefusedListMode

LIMIT_S = 5
"""Of the processor, not of the clock: a bound against endless loops, not a measurement."""


def read_all(path, folder):
    """Open, count, decode and copy a file; return the code of the refusal, if there is one."""
    start, copy = time.process_time(), folder / f"copy{path.suffix}"
    try:
        source = open_listmode(path)
        for _ in source.events(256):
            pass
        source.survey()
        source.copy_part(copy, RandomPart((0, 0.5), 1))
        refusal = None
    except RefusedListMode as error:
        refusal = error
    assert time.process_time() - start < LIMIT_S
    assert not list(folder.glob(".writing-*"))
    assert copy.exists() == (refusal is None)
    copy.unlink(missing_ok=True)
    if refusal is None:
        return None
    assert "\n" not in str(refusal)
    assert refusal.code in CODES
    return refusal.code


@st.composite
def damages(draw, size):
    """Where to cut a file, and which bytes to change before."""
    cut = draw(st.one_of(st.just(size), st.integers(0, size)))
    places = st.one_of(st.integers(0, size - 1), st.integers(max(0, size - 4000), size - 1))
    return cut, draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=4))


def damaged(content, damage):
    cut, changes = damage
    data = bytearray(content)
    for place, value in changes:
        data[place] = value
    return bytes(data[:cut])


@pytest.fixture(scope="module")
def petsird_content(tmp_path_factory):
    path = tmp_path_factory.mktemp("petsird") / "scan.petsird"
    return write_petsird(path, events_per_block=40, num_blocks=2).read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_petsird(petsird_content, folder, data):
    # The schema is most of a small file, and every change of it is the same refusal: mostly skip it.
    start = data.draw(st.sampled_from([0, 13_000]))
    damage = data.draw(damages(len(petsird_content) - start))
    content = petsird_content[:start] + damaged(petsird_content[start:], damage)
    path = folder / "scan.petsird"
    path.write_bytes(content)
    read_all(path, folder)


def test_petsird_cut_anywhere_is_truncated(petsird_content, folder):
    path = folder / "cut.petsird"
    for cut in [*range(5, 40), *range(12_980, len(petsird_content), 7)]:
        path.write_bytes(petsird_content[:cut])
        assert read_all(path, folder) == "truncated"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_siemens_headers_and_events(folder, data):
    path = write_siemens(folder / "scan.l", np.arange(0x80000000, 0x80000010, dtype=np.uint32))
    which = data.draw(st.sampled_from([path, path.with_name("scan.l.hdr")]))
    content = which.read_bytes()
    which.write_bytes(damaged(content, data.draw(damages(len(content)))))
    read_all(path, folder)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120))
def test_any_events_of_siemens(folder, content):
    path = write_siemens(folder / "any.l")
    path.write_bytes(content)
    # Hypothesis knows the first bytes of other formats.
    assert read_all(path, folder) in {None, "truncated", "address_out_of_range", "parse_error"}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=200))
def test_any_records_of_ge(folder, content):
    path = write_ge(folder / "any.rdf", content)
    expected = {"truncated", "parse_error", "address_out_of_range", "unsupported"}
    assert read_all(path, folder) in expected


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_ge(folder, data):
    stream = b"".join([ge_time_mark(1), *(ge_record(1, (k, 3), (400 - k, 9), k) for k in range(60))])
    path = write_ge(folder / "scan.rdf", stream)
    content = path.read_bytes()
    path.write_bytes(damaged(content, data.draw(damages(len(content)))))
    assert read_all(path, folder) is not None
