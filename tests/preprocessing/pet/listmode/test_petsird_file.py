"""PETSIRD files: beside the official SDK, value by value."""

import hashlib
import subprocess
import sys

import numpy as np
import petsird
import pytest
from listmode_files import petsird_events, petsird_scanner, read_petsird, write_petsird
from petsird.helpers.geometry import get_detecting_box

from preprocessing.pet.listmode.event_part import RandomPart, TimeWindow
from preprocessing.pet.listmode.open_listmode import open_listmode
from preprocessing.pet.listmode.petsird_copy import copy_petsird
from preprocessing.pet.thinning import event_uniforms, keep_mask
from taskgan_ext.errors import DependencyError, RefusedListMode


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_petsird(tmp_path_factory.mktemp("petsird") / "scan.petsird")


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """The example of the SDK with fewer modules: two types of them, and rows of a type that there is not."""
    path = tmp_path_factory.mktemp("generator") / "example.petsird"
    make = (
        "from petsird.helpers import generator as g; g.mtype0_def.num_modules_along_ring = 6; "
        "g.mtype1_def.num_modules_along_ring = 3; g.generate()"
    )
    with path.open("wb") as file:
        subprocess.run([sys.executable, "-c", make], stdout=file, check=True)
    return path


def write_blocks(path, blocks, scanner=None):
    with petsird.BinaryPETSIRDWriter(str(path)) as writer:
        writer.write_header(petsird.Header(scanner=scanner or petsird_scanner()))
        writer.write_time_blocks(petsird.TimeBlock.EventTimeBlock(block) for block in blocks)
    return path


def event_block(prompts, start=0, stop=10):
    return petsird.EventTimeBlock(
        time_interval=petsird.TimeInterval(start=start, stop=stop), prompt_events=[[prompts]]
    )


def test_decoded_events_are_those_of_the_sdk(path):
    chunks = list(open_listmode(path).events(300))
    assert len(chunks) > 3
    found = [
        (*map(int, detectors), int(tof), bool(prompt), int(time))
        for chunk in chunks
        for detectors, tof, prompt, time in zip(
            chunk.detectors, chunk.tof, chunk.prompt, chunk.time_ms, strict=True
        )
    ]
    expected = []
    for block in read_petsird(path)[1]:
        if not isinstance(block, petsird.TimeBlock.EventTimeBlock):
            continue
        for prompt, rows in ((True, block.value.prompt_events), (False, block.value.delayed_events)):
            for event in rows[0][0]:
                detectors = [bin_ // 2 for bin_ in event.detection_bins]  # two energy bins
                expected.append((*detectors, event.tof_idx, prompt, block.value.time_interval.start))
    assert found == expected


def test_detectors_stand_where_the_sdk_puts_them(path):
    geometry = open_listmode(path).geometry()
    scanner = read_petsird(path)[0].scanner
    for module, element in ((0, 0), (3, 5), (15, 11)):
        place = petsird.ExpandedDetectionBin(module_index=module, element_index=element, energy_index=1)
        corners = [corner.c for corner in get_detecting_box(scanner, 0, place).corners]
        np.testing.assert_allclose(
            geometry.centres[module * 12 + element], np.mean(corners, axis=0), atol=1e-3
        )
    assert geometry.centres.shape == (192, 3)
    assert (geometry.num_rings, geometry.ring_spacing) == (12, pytest.approx(4))
    assert (geometry.tof_edges.size, geometry.tof_fwhm) == (10, 60)
    np.testing.assert_array_equal(geometry.efficiencies, 1)


def test_the_sdk_reads_a_thinned_file_with_everything_else_unchanged(path, tmp_path):
    low = tmp_path / "low.petsird"
    open_listmode(path).copy_part(low, RandomPart((0, 0.3), 9), keep_identity=True)
    before, after = read_petsird(path), read_petsird(low)
    assert after[0] == before[0]
    assert len(after[1]) == len(before[1])
    for old, new in zip(before[1], after[1], strict=True):
        if isinstance(old, petsird.TimeBlock.EventTimeBlock):
            for name in ("time_interval", "single_events", "triple_events", "quadruple_events"):
                assert getattr(new.value, name) == getattr(old.value, name)
        elif not isinstance(old, petsird.TimeBlock.DeadTimeTimeBlock):  # object arrays have no equality
            assert new == old


def test_the_example_of_the_sdk_keeps_its_bytes_and_thins(generated, tmp_path):
    source = open_listmode(generated)
    whole, low = tmp_path / "whole.petsird", tmp_path / "low.petsird"
    source.copy_part(whole, RandomPart((0, 1), 3), keep_identity=True)
    assert whole.read_bytes() == generated.read_bytes()
    kept = source.thin(low, (0, 0.2), 3)
    events = [
        event for block in read_petsird(generated)[1] for row in block.value.prompt_events for cell in row
        for event in cell
    ]  # fmt: skip
    mask = keep_mask(event_uniforms(3, 0, len(events)), (0, 0.2))
    thinned = [
        event for block in read_petsird(low)[1] for row in block.value.prompt_events for cell in row
        for event in cell
    ]  # fmt: skip
    assert thinned == [event for event, keep in zip(events, mask, strict=True) if keep]
    assert kept.prompts == len(thinned)


def test_several_types_of_modules_are_numbered_on_and_surplus_rows_left_out(generated):
    source = open_listmode(generated)
    scanner = read_petsird(generated)[0].scanner
    geometry = source.geometry()
    assert geometry.centres.shape == (672 + 270, 3)
    place = petsird.ExpandedDetectionBin(module_index=2, element_index=7, energy_index=0)
    corners = [corner.c for corner in get_detecting_box(scanner, 1, place).corners]
    np.testing.assert_allclose(geometry.centres[672 + 2 * 90 + 7], np.mean(corners, axis=0), atol=1e-3)
    survey = source.survey()
    decoded = sum(chunk.tof.size for chunk in source.events())
    surplus = next(check for check in survey.checks if check.name == "types of modules")
    assert surplus.verdict == "warning"
    assert surplus.text.startswith(f"{survey.counts.prompts - decoded} events in rows")
    assert decoded == survey.counts.prompts * 3 // 5
    assert len(source.warnings) == 2


def test_the_exam_is_left_out_unless_asked(path, tmp_path):
    source = open_listmode(path)
    assert "Doe" not in str(source.facts())
    assert source.facts()["tracers"] == [{"dose": 3e8, "injection_to_scan_s": 3600.0}]
    source.copy_part(tmp_path / "low.petsird", RandomPart((0, 0.1), 1))
    assert b"Doe" in path.read_bytes()
    assert b"Doe" not in (tmp_path / "low.petsird").read_bytes()
    assert read_petsird(tmp_path / "low.petsird")[0].exam is None
    assert open_listmode(tmp_path / "low.petsird").facts()["exam"] == "none"


def test_a_list_longer_than_what_is_drawn_at_once_is_thinned_alike(path, tmp_path, monkeypatch):
    part = RandomPart((0.3, 0.6), 4)
    open_listmode(path).copy_part(tmp_path / "one.petsird", part)
    monkeypatch.setattr("preprocessing.pet.listmode.petsird_copy._AT_ONCE", 10)
    open_listmode(path).copy_part(tmp_path / "two.petsird", part)
    assert (tmp_path / "one.petsird").read_bytes() == (tmp_path / "two.petsird").read_bytes()


def schema_of(path):
    """Where the schema lies in a file, and its text."""
    content = path.read_bytes()
    schema = petsird.BinaryPETSIRDReader.schema.encode()
    start = content.index(schema)
    return content, start, schema


@pytest.mark.parametrize(
    ("old", "new", "found"), [("PETSIRD", "PETSIRX", "an unknown version"), ("yardl", "yardX", None)]
)
def test_a_file_of_another_version_is_refused_in_one_line(path, tmp_path, old, new, found):
    other = tmp_path / "other.petsird"
    other.write_bytes(path.read_bytes().replace(old.encode(), new.encode(), 1))
    with pytest.raises(RefusedListMode) as caught:
        open_listmode(other)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.code == ("version_mismatch" if found else "format_unknown")
    assert found is None or f"expected a file of PETSIRD 0.12, found one of {found}" in message


def test_a_known_older_schema_is_named(path, tmp_path, monkeypatch):
    content, start, schema = schema_of(path)
    older = schema.replace(b"sgid", b"sgix") if b"sgid" in schema else schema.replace(b"tofIdx", b"tofIdy")
    other = tmp_path / "other.petsird"
    other.write_bytes(content[:start] + older + content[start + len(schema) :])
    digest = hashlib.sha256(older).hexdigest()[:16]
    monkeypatch.setattr("preprocessing.pet.listmode.petsird_layout._RELEASES", {digest: "0.11"})
    with pytest.raises(
        RefusedListMode, match=r"expected a file of PETSIRD 0\.12, found one of PETSIRD 0\.11"
    ):
        open_listmode(other)


def test_without_the_package_the_message_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "petsird", None)
    with pytest.raises(DependencyError, match=r'pip install "taskgan-ext\[pet\]"'):
        open_listmode(path)


@pytest.mark.parametrize(("bins", "tof"), [([384, 0], 0), ([5, 2**31], 0), ([5, 4], 9)])
def test_an_event_beyond_the_scanner_is_refused(tmp_path, bins, tof):
    event = petsird.CoincidenceEvent(detection_bins=bins, tof_idx=tof)
    source = open_listmode(write_blocks(tmp_path / "bad.petsird", [event_block([event])]))
    for read in (lambda: list(source.events()), source.survey):
        with pytest.raises(RefusedListMode) as caught:
            read()
        assert caught.value.code == "address_out_of_range"


def test_bins_of_every_number_of_bytes_decode(tmp_path):
    scanner = petsird_scanner(num_modules=3000, num_elements=100, num_energies=1, num_tof=300)
    bins = [0, 127, 128, 16383, 16384, 299_999]
    events = [
        petsird.CoincidenceEvent(detection_bins=[high, low], tof_idx=tof)
        for high in bins for low in bins for tof in (0, 127, 128, 299)
    ]  # fmt: skip
    source = open_listmode(write_blocks(tmp_path / "bins.petsird", [event_block(events)], scanner))
    chunk = next(source.events())
    expected = [(*event.detection_bins, event.tof_idx) for event in events]
    found = np.column_stack([chunk.detectors, chunk.tof]).tolist()
    assert [tuple(row) for row in found] == expected


def test_a_window_of_blocks_that_are_longer_is_refused_and_nothing_written(tmp_path):
    rng, scanner = np.random.default_rng(0), petsird_scanner()
    block = event_block(petsird_events(scanner, 50, rng), 0, 1000)
    source = open_listmode(write_blocks(tmp_path / "long.petsird", [block]))
    with pytest.raises(RefusedListMode, match="no times of their own") as caught:
        source.copy_part(tmp_path / "out" / "window.petsird", TimeWindow(0, 100))
    assert caught.value.code == "unsupported"
    assert not list((tmp_path / "out").iterdir())


def test_a_scanner_without_time_of_flight_has_one_bin(tmp_path):
    scanner = petsird_scanner()
    scanner.tof_bin_edges = []
    event = petsird.CoincidenceEvent(detection_bins=[9, 4], tof_idx=0)
    source = open_listmode(write_blocks(tmp_path / "plain.petsird", [event_block([event])], scanner))
    geometry = source.geometry()
    assert (geometry.tof_edges.size, geometry.tof_fwhm) == (2, 0)
    assert next(source.events()).tof.tolist() == [0]


def test_efficiencies_are_those_of_detectors(tmp_path):
    scanner = petsird_scanner(num_energies=2)
    table = np.linspace(0.5, 1.5, 384, dtype=np.float32)
    scanner.detection_efficiencies.detection_bin_efficiencies = [table.tolist()]
    geometry = open_listmode(write_blocks(tmp_path / "eff.petsird", [], scanner)).geometry()
    np.testing.assert_allclose(geometry.efficiencies, table.reshape(-1, 2).mean(1), rtol=1e-6)


def test_a_header_that_contradicts_itself_is_refused(tmp_path):
    scanner = petsird_scanner()
    scanner.detection_efficiencies.detection_bin_efficiencies = [[1.0, 1.0]]
    with pytest.raises(RefusedListMode) as caught:
        open_listmode(write_blocks(tmp_path / "bad.petsird", [], scanner))
    assert caught.value.code == "header_invalid"


def test_bytes_after_the_end_are_refused(path, tmp_path):
    longer = tmp_path / "longer.petsird"
    longer.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(RefusedListMode) as caught:
        copy_petsird(longer, tmp_path / "copy.petsird", RandomPart((0, 1), 0))
    assert caught.value.code == "parse_error"
