"""Siemens files: headers as they come, what is refused, and what a copy tells of the patient."""

import numpy as np
import pytest
from listmode_files import siemens_words, write_siemens

from preprocessing.pet.listmode.event_part import RandomPart
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.listmode.scanner_geometry import SinogramGeometry
from preprocessing.pet.listmode.siemens_file import virtual_bins
from taskgan_ext.errors import RefusedListMode


def refusal(path):
    with pytest.raises(RefusedListMode) as caught:
        open_listmode(path)
    assert str(path.parent) in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", ["{}.hdr", "{}.hdr.STIR", "other.hdr", "PET_ACQ.l.hdr.txt"])
def test_a_header_is_found_by_its_name_or_by_what_it_names(tmp_path, name):
    path = write_siemens(tmp_path / "scan.l")
    header = path.with_name(name.format(path.name))
    path.with_name("scan.l.hdr").rename(header)
    assert open_listmode(path).geometry() == open_listmode(header).geometry()
    assert open_listmode(header).path == path


def test_a_renamed_pair_is_found_by_its_names(tmp_path):
    path = write_siemens(tmp_path / "scan.l", changes=[(":= scan.l", r":=C:\data\DOE.l")])
    assert open_listmode(path.with_name("scan.l.hdr")).path == path
    assert open_listmode(path).path == path


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_header_may_have_either_line_end(tmp_path, line_end):
    path = write_siemens(tmp_path / "scan.l", line_end=line_end)
    open_listmode(path).thin(tmp_path / "low.l", (0, 0.5), 1)
    copied = (tmp_path / "low.l.hdr").read_bytes()
    assert copied.count(b"\r\n") == (copied.count(b"\n") if line_end == "\r\n" else 0)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("(bits):=32", "(bits):=64", "unsupported"),
        ("axial compression:=1", "axial compression:=11", "unsupported"),
        ("PETLINK bin address", "sinogram subheader", "unsupported"),
        ("CoincidenceList", "sinogram", "unsupported"),
        ("data offset in bytes:=0", "data offset in bytes:=512", "unsupported"),
        ("number of rings:=8", "number of rings:=many", "header_invalid"),
        ("number of rings:=8", "number of rings:=1e400", "header_invalid"),
        ("number of rings:=8", "number of wings:=8", "header_invalid"),
        ("maximum ring difference:=3", "maximum ring difference:=8", "header_invalid"),
        ("number of projections:=21", "number of projections:=2.5", "header_invalid"),
        ("radius (cm):=32.8", "radius (cm):=-1", "header_invalid"),
        ("TOF time bins:=1", "TOF time bins:=100000", "header_invalid"),
        ("!INTERFILE:=", "!INTERFILE:=\0", "header_invalid"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_code(tmp_path, old, new, code):
    assert refusal(write_siemens(tmp_path / "scan.l", changes=[(old, new)])).code == code


def test_too_many_bins_are_refused_before_memory_is_taken(tmp_path):
    path = write_siemens(tmp_path / "scan.l", np.zeros(4, np.uint32), shape=(2000, 1999, 2048, 2048))
    assert refusal(path).code == "header_invalid"


@pytest.mark.parametrize("words", ["many", "-1", ""])
def test_a_useless_number_of_words_is_no_reason_to_refuse(tmp_path, words):
    path = write_siemens(tmp_path / "scan.l", changes=[("word counts:=2052", f"word counts:={words}")])
    assert {check.name: check.verdict for check in open_listmode(path).survey().checks}[
        "words of the header"
    ] == "warning"


def test_a_header_without_events_and_events_without_header_are_told_apart(tmp_path):
    path = write_siemens(tmp_path / "scan.l")
    header = path.with_name("scan.l.hdr")
    content = header.read_bytes()
    header.unlink()
    assert refusal(path).code == "header_missing"
    header.write_bytes(content)
    path.unlink()
    assert refusal(header).code == "header_missing"


@pytest.mark.parametrize("extra", [1, 2, 3])
def test_half_a_word_at_the_end_is_a_truncated_file(tmp_path, extra):
    path = write_siemens(tmp_path / "scan.l")
    path.write_bytes(path.read_bytes()[: 400 + extra])
    error = refusal(path)
    assert error.code == "truncated"
    assert f"byte {400 + extra}, inside word 100" in error.reason


def test_an_address_beyond_the_header_is_named_and_counted(tmp_path):
    words = siemens_words(100, 50)
    words[50] = 0x3FFFFFFF
    source = open_listmode(write_siemens(tmp_path / "scan.l", words))
    with pytest.raises(RefusedListMode, match=r"scan\.l: event \d+: expected a bin address") as caught:
        list(source.events())
    assert caught.value.code == "address_out_of_range"
    checks = {check.name: check for check in source.survey().checks}
    assert checks["addresses"].verdict == "failed"
    assert checks["addresses"].text.startswith("1 events beyond")


def test_time_that_goes_back_fails_the_check(tmp_path):
    marks = np.array([5, 6, 2, 3], np.uint32) | np.uint32(1 << 31)
    survey = open_listmode(write_siemens(tmp_path / "scan.l", marks)).survey()
    assert survey.checks[0].verdict == "failed"
    assert "1 steps back" in survey.checks[0].text


def test_tof_bins_come_first_in_the_address_and_are_experimental(tmp_path):
    tof, plane, view, radial = 4, 7, 11, 3
    word = np.array([((tof * 44 + plane) * 24 + view) * 21 + radial], np.uint32)
    source = open_listmode(write_siemens(tmp_path / "scan.l", word, tof=5))
    event = next(source.events())
    found = (event.tof[0], event.plane[0], event.view[0], event.radial[0], event.prompt[0])
    assert found == (tof, plane, view, radial, False)
    assert source.experimental
    assert "experimental" in " ".join(source.warnings)


def test_a_copy_names_nobody_unless_asked(tmp_path):
    source = open_listmode(write_siemens(tmp_path / "scan.l"))
    assert "Doe" not in str(source.facts())
    source.copy_part(tmp_path / "low.l", RandomPart((0, 0.1), 255))
    text = (tmp_path / "low.l.hdr").read_text()
    for telling in ("Doe", "2017", "17:00:35", "16:07:00", "somebody"):
        assert telling not in text
    assert "study date (yyyy:mm:dd):=2000:01:01" in text
    assert "tracer injection time (hh:mm:ss GMT+00:00):=23:06:25" in text  # 53 minutes 35 s before the scan
    assert "patient orientation:=HFS" in text
    assert "isotope name:=F-18" in text
    assert "share 0.1 of prompts and delayeds at random" in text
    assert f"key {255:032x}" in text
    source.copy_part(tmp_path / "named.l", RandomPart((0, 0.1), 255), keep_identity=True)
    assert "Doe^Jane" in (tmp_path / "named.l.hdr").read_text()


TELLING = """%study description:=FDG Brain Mr DOE JANE
%series description:=JANE DOE PET
%norm file:=C:\\PETDATA\\DOE_JANE_19570321\\norm.n
%MRN:=4711-0815
%exam:=Amyloid DOE
%requested procedure:=dementia DOE JANE
%contact:=JANE.DOE@mail.org
%scan start:=2017-03-27T17:00:35
%path of data:=DOE_JANE_19570321
radiopharmaceutical:=FDG for Jane DOE 19570321
isotope branching factor:=DOE
%segment table:={8,DOE}
!GENERAL DATA:=DOE
PET data type:=DOE
septa state:=none of DOE
"""


def test_a_copy_keeps_only_keys_and_values_that_are_known(tmp_path):
    source = open_listmode(
        write_siemens(
            tmp_path / "scan.l",
            changes=[
                ("PETLINK bin address", "PETLINK of DOE"),
                ("originating system:=2008", "originating system:=DOE"),
                ("%comment:=somebody was here\n", f"{TELLING}\nthe patient is DOE\n; DOE\n"),
            ],
        )
    )
    assert "DOE" not in str(source.facts())
    source.copy_part(tmp_path / "low.l", RandomPart((0, 0.1), 255))
    text = (tmp_path / "low.l.hdr").read_text()
    for telling in ("DOE", "Doe", "JANE", "4711", "1957", "2017", "norm"):
        assert telling not in text
    copy, whole = (dict(open_listmode(tmp_path / name).facts()) for name in ("low.l", "scan.l"))
    assert copy == whole


def test_what_a_real_header_tells_of_the_scanner_is_kept(tmp_path):
    told = {
        "isotope branching factor": "0.97",
        "radiopharmaceutical": "FDG",
        "start horizontal bed position (mm)": "-12.5",
        "%energy window lower level (keV) [1]": "430",
        "%segment table": "{127,115, 115, 93}",
        "septa state": "none",
        "%singles polling method": "instantaneous",
    }
    lines = "".join(f"{key}:={value}\n" for key, value in told.items())
    source = open_listmode(write_siemens(tmp_path / "scan.l", changes=[("%comment", f"{lines}%comment")]))
    source.copy_part(tmp_path / "low.l", RandomPart((0, 0.1), 255))
    copied = (tmp_path / "low.l.hdr").read_text()
    assert [key for key, value in told.items() if f"{key}:={value}\n" not in copied] == []


@pytest.mark.parametrize("time", ["17:00", "", "25:99:99"])
def test_dates_that_cannot_be_moved_are_left_out(tmp_path, time):
    path = write_siemens(tmp_path / "scan.l", changes=[("GMT+00:00):=17:00:35", f"GMT+00:00):={time}")])
    open_listmode(path).thin(tmp_path / "low.l", (0, 0.1), 1)
    text = (tmp_path / "low.l.hdr").read_text()
    assert "date" not in text
    assert "2017" not in text


def test_gaps_are_where_a_crystal_number_is_a_multiple_of_the_block():
    geometry = SinogramGeometry("test", 344, 252, 64, 60, 335.0, 4.0625, virtual_every=9)
    assert np.count_nonzero(virtual_bins(geometry)) == 18_172
    without = SinogramGeometry("test", 344, 252, 64, 60, 335.0, 4.0625)
    assert not virtual_bins(without).any()
