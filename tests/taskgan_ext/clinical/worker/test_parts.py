"""The parts of the worker that need no server."""

import json
import os
import random
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worker_process import settings_of

from taskgan_ext.clinical.worker.back_off import pause
from taskgan_ext.clinical.worker.connection import Connection, read_credentials
from taskgan_ext.clinical.worker.destination import Destination
from taskgan_ext.clinical.worker.health_server import health_server
from taskgan_ext.clinical.worker.marker import FINAL, Marker, State
from taskgan_ext.clinical.worker.observations import Observations
from taskgan_ext.clinical.worker.source_series import SourceSeries
from taskgan_ext.clinical.worker.stop import Stop
from taskgan_ext.clinical.worker.work_folder import PREFIX, remove_left_folders, work_folder
from taskgan_ext.clinical.worker.worker_status import COUNTERS, GAUGES, WorkerStatus
from taskgan_ext.errors import ConfigError

UIDS = st.lists(st.from_regex(r"2\.25\.[1-9][0-9]{0,30}", fullmatch=True), max_size=3).map(tuple)
MARKERS = st.builds(
    Marker,
    state=st.sampled_from(State),
    key=st.text("0123456789abcdef", max_size=64),
    code=st.text(max_size=20),
    attempts=st.integers(0, 100),
    worker=st.text("0123456789abcdef", max_size=8),
    beat=st.integers(0, 10**6),
    derived=UIDS,
    old=UIDS,
)


@given(MARKERS)
def test_a_marker_is_read_as_it_was_written(marker: Marker) -> None:
    assert Marker.from_bytes(marker.to_bytes()) == marker
    assert marker.says_done(marker.key) == (marker.state in FINAL)
    assert not marker.says_done(marker.key + "0")


@given(
    st.binary()
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_what_is_no_marker_counts_as_none(content: bytes) -> None:
    assert Marker.from_bytes(content) == Marker()


def test_a_marker_with_a_state_of_another_version_counts_as_none() -> None:
    assert Marker.from_bytes(b'{"state": "dreaming", "key": "a"}') == Marker()


@given(st.integers(1, 10_000), st.integers(0, 2**32))
def test_pauses_grow_to_a_limit(attempt: int, seed: int) -> None:
    seconds = pause(attempt, 2.0, 60.0, random.Random(seed))
    whole = min(60.0, 2.0 * 2 ** min(attempt - 1, 10))
    assert whole / 2 <= seconds <= whole


def test_what_has_changed_is_no_longer_held_back() -> None:
    seen = Observations()
    assert seen.unchanged("a", "images", "1", 10.0) == 0.0
    seen.hold("a", 100.0)
    assert seen.unchanged("a", "images", "1", 15.0) == 5.0
    assert (seen.held_until("a"), seen.due(99.0), seen.due(100.0)) == (100.0, [], ["a"])
    assert seen.unchanged("a", "images", "2", 20.0) == 0.0
    assert seen.held_until("a") == 0.0
    seen.forget("a")
    assert len(seen) == 0


@pytest.mark.parametrize(
    ("tags", "announced"),
    [
        ({"SeriesType": "STATIC\\IMAGE", "NumberOfSlices": "47"}, 47),
        ({"SeriesType": "WHOLE BODY\\IMAGE", "NumberOfSlices": " 300 "}, 300),
        ({"SeriesType": "DYNAMIC\\IMAGE", "NumberOfSlices": "47"}, None),
        ({"SeriesType": "GATED\\IMAGE", "NumberOfSlices": "47"}, None),
        ({"NumberOfSlices": "47"}, None),
        ({"SeriesType": "STATIC\\IMAGE"}, None),
        ({"SeriesType": "STATIC\\IMAGE", "NumberOfSlices": "-3"}, None),
        ({"SeriesType": "STATIC\\IMAGE", "NumberOfSlices": "NaN"}, None),
        ({"SeriesType": "STATIC\\IMAGE", "NumberOfSlices": "9" * 30}, None),
        ({"Modality": "MR", "SeriesType": "STATIC\\IMAGE", "NumberOfSlices": "47"}, None),
    ],
)
def test_the_header_of_a_static_pet_series_announces_its_images(tags: dict, announced: int | None) -> None:
    series = SourceSeries.from_orthanc({"ID": "x", "MainDicomTags": {"Modality": "PT"} | tags})
    assert series.announced == announced


def test_own_output_is_no_source() -> None:
    tags = {"Modality": "PT", "SeriesDescription": "Brain [AI denoised, research only]"}
    assert not SourceSeries.from_orthanc({"ID": "x", "MainDicomTags": tags}).is_source("PT", None)
    tags["SeriesDescription"] = "Brain"
    assert SourceSeries.from_orthanc({"ID": "x", "MainDicomTags": tags}).is_source("PT", None)


def test_the_folder_of_a_dead_worker_is_removed_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from taskgan_ext.clinical.worker.work_folder import work_folder\n"
        "with work_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'image').write_text('x'); print(folder, flush=True); time.sleep(600)\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        with other.stdout as pipe:
            theirs = Path(pipe.readline().strip())
        assert stat.S_IMODE(theirs.stat().st_mode) == 0o700
        with work_folder(tmp_path) as mine:
            assert theirs.exists()
            assert mine.exists()
        assert not mine.exists()
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait(30)
    assert remove_left_folders(tmp_path) == 1
    assert list(tmp_path.glob(f"{PREFIX}*")) == []


def test_a_link_is_not_followed_when_folders_are_removed(tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "kept").touch()
    (tmp_path / "parent").mkdir()
    (tmp_path / "parent" / f"{PREFIX}x").symlink_to(tmp_path / "else")
    assert remove_left_folders(tmp_path / "parent") == 0
    assert (tmp_path / "else" / "kept").exists()


def test_a_signal_ends_the_waiting_at_once() -> None:
    stop = Stop(grace=0.0)
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        stop.listen()
        os.kill(os.getpid(), signal.SIGTERM)
        stop.wait(600.0)
        assert stop.is_asked()
        assert stop.is_at_once()
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
        stop.close()


def test_credentials_come_from_a_file_or_the_environment_and_never_show(tmp_path: Path) -> None:
    environment = {"TASKGAN_ORTHANC_USER": "me", "TASKGAN_ORTHANC_PASSWORD": "hidden"}
    assert read_credentials(None, environment) == ("me", "hidden")
    assert read_credentials(None, {}) == ("", "")
    file = tmp_path / "credentials"
    file.write_text("me:hid:den\n")
    assert read_credentials(file) == ("me", "hid:den")
    assert "hid:den" not in repr(Connection("http://x", *read_credentials(file)))
    for wrong in ("", "me", "me:a\nyou:b"):
        file.write_text(wrong)
        with pytest.raises(ConfigError, match="expected one line USER:PASSWORD"):
            read_credentials(file)
    with pytest.raises(ConfigError, match="expected one line USER:PASSWORD"):
        read_credentials(tmp_path / "absent")


@pytest.mark.parametrize("url", ["", "orthanc", "ftp://x", "http://", "http://me:hidden@x:8042"])
def test_wrong_addresses_are_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(ConfigError, match="--orthanc: expected an address") as caught:
        Connection(url)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "archive", "modality:", "folder:x"])
def test_wrong_destinations_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="expected modality:NAME or peer:NAME"):
        Destination.from_text(text, 1.0)


def test_impossible_times_are_refused(tmp_path: Path) -> None:
    given = {"bundle": tmp_path, "connection": {"url": "http://x"}, "work": tmp_path}
    with pytest.raises(ConfigError, match="expected poll above 0, got 0"):
        settings_of(given | {"settings": {"poll": 0.0}})


def test_health_and_metrics_are_served() -> None:
    status = WorkerStatus(limit=60.0)
    status.count("scans_total", "done")
    status.count("failures_total", 'odd "cause"\n')
    with health_server(("127.0.0.1", 0), status) as port:
        with pytest.raises(urllib.error.HTTPError) as caught:
            _get(port, "/healthz")
        with caught.value as answer:
            assert answer.code == 503
        status.set("orthanc_up", 1)
        assert json.loads(_get(port, "/healthz"))["healthy"] is True
        text = _get(port, "/metrics")
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert names == {f"taskgan_worker_{name}" for name in (*COUNTERS, *GAUGES)}
    assert 'taskgan_worker_scans_total{outcome="done"} 1\n' in text
    assert r'taskgan_worker_failures_total{cause="odd \"cause\"\n"} 1' in text


def test_a_worker_without_a_sign_of_life_is_not_healthy() -> None:
    status = WorkerStatus(limit=-1.0)
    status.set("orthanc_up", 1)
    assert status.healthy()[0] is False


def _get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


def test_the_commands_of_the_worker_import_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from taskgan_ext.clinical.__main__ import main; "
        "status = main(sys.argv[1:]); "
        'sys.exit(f\'{status}: {[name for name in ("torch", "monai") if name in sys.modules]}\')'
    )
    words = ["worker", "--orthanc", "ftp://nowhere", "--bundle", "none", "--work", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120, check=False
    )
    *_, message, loaded = done.stderr.splitlines()
    assert message.startswith("error: --orthanc: expected an address")
    assert loaded == "1: []"


@pytest.mark.parametrize(
    ("url", "others_can_read"),
    [
        ("http://127.0.0.1:8042", False),
        ("http://[::1]:8042", False),
        ("http://localhost:8042", False),
        ("https://pacs.example", False),
        ("http://pacs.example:8042", True),
        ("http://192.0.2.1", True),
    ],
)
def test_an_address_whose_traffic_others_can_read_is_known(url: str, others_can_read: bool) -> None:
    assert Connection(url).is_open is others_can_read
