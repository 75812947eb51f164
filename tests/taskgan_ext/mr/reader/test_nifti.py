from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import write_json
from taskgan_ext.io.nifti import save_nifti
from taskgan_ext.mr.phase import align_phase
from taskgan_ext.mr.reader.read import read_mdme

PART_VALUES = {
    "real": np.real,
    "imaginary": np.imag,
    "imag": np.imag,
    "mag": np.abs,
    "": np.abs,
    "ph": lambda signal: np.round(1000 * np.angle(signal)),
    "phase": np.angle,
}


def save(values: NDArray[Any], affine: NDArray[Any], path: Path, **sidecar: object) -> None:
    data = values.astype(np.complex64 if np.iscomplexobj(values) else np.float32)
    save_nifti(data, affine, path)
    if sidecar:
        write_json(path.with_name(path.name.removesuffix(".nii.gz") + ".json"), sidecar)


def write_dcm2niix(scan, folder: Path, parts: tuple[str, ...], **more: object) -> None:
    """One 4D file for each echo and part, dynamics in the order of acquisition, longest first."""
    for echo, time in enumerate(scan.sequence.echo_times):
        for part in parts:
            name = f"ax_magic_12_e{echo + 1}{'_' * bool(part)}{part}.nii.gz"
            values = PART_VALUES[part](scan.signal[..., ::-1, echo])
            times = {"EchoTime": time, "RepetitionTime": 4.0, "InversionTime": scan.sequence.delays[-1]}
            save(values, scan.affine, folder / name, **(times | more))


def write_bids(scan, folder: Path, parts: tuple[str, ...], with_delay: bool = True) -> None:
    for delay, td in enumerate(scan.sequence.delays):
        for echo, te in enumerate(scan.sequence.echo_times):
            for part in parts:
                name = f"sub-01_acq-mdmeTD{delay + 1}_echo-{echo + 1}_part-{part}_MESE.nii.gz"
                own = {"SaturationDelayTime": td} if with_delay else {}
                values = PART_VALUES[part](scan.signal[..., delay, echo])
                save(values, scan.affine, folder / name, EchoTime=te, RepetitionTime=4.0, **own)


def check(image, scan, magnitude: bool = False, atol: float = 1e-6) -> None:
    expected = np.abs(scan.signal) if magnitude else scan.signal
    assert image.kind == ("magnitude" if magnitude else "complex")
    assert image.signal.dtype == expected.dtype
    np.testing.assert_allclose(image.signal, expected, rtol=0, atol=atol)
    np.testing.assert_allclose(image.affine, scan.affine)
    assert image.sequence.delays == pytest.approx(scan.sequence.delays)
    assert image.sequence.echo_times == pytest.approx(scan.sequence.echo_times)


@pytest.mark.parametrize("reverse", [False, True], ids=["ascending", "as acquired"])
@pytest.mark.parametrize("parts", [("real", "imaginary"), ("", "ph"), ("",)], ids=str)
def test_a_set_of_dcm2niix_with_given_delays_is_read(
    parts: tuple[str, ...], reverse: bool, scan, tmp_path: Path
) -> None:
    write_dcm2niix(scan, tmp_path, parts)
    image = read_mdme(tmp_path, delays=sorted(scan.sequence.delays, reverse=reverse))
    check(image, scan, magnitude=parts == ("",), atol=1e-3)
    assert image.delays_from == "user"


def test_the_first_inversion_time_alone_is_refused(scan, tmp_path: Path) -> None:
    write_dcm2niix(scan, tmp_path, ("real", "imaginary"))
    with pytest.raises(DataError, match=r"delays of the 4 dynamics are not known.*InversionTime.*--td"):
        read_mdme(tmp_path)


def test_a_list_of_delays_beside_a_set_is_taken(scan, tmp_path: Path) -> None:
    delays = list(reversed(scan.sequence.delays))
    write_dcm2niix(scan, tmp_path, ("real", "imaginary"), SaturationDelayTime=delays)
    image = read_mdme(tmp_path)
    check(image, scan)
    assert image.delays_from == "header"


@pytest.mark.parametrize("parts", [("real", "imag"), ("mag", "phase"), ("mag",)], ids=str)
def test_a_set_of_bids_is_read(parts: tuple[str, ...], scan, tmp_path: Path) -> None:
    write_bids(scan, tmp_path / "anat", parts)
    save(np.ones((4, 4, 4)), scan.affine, tmp_path / "anat" / "sub-01_T1w.nii.gz")
    check(read_mdme(tmp_path), scan, magnitude=parts == ("mag",))


def test_a_set_of_bids_may_get_its_delays(scan, tmp_path: Path) -> None:
    write_bids(scan, tmp_path, ("real", "imag"), with_delay=False)
    with pytest.raises(DataError, match="--td"):
        read_mdme(tmp_path)
    check(read_mdme(tmp_path, delays=scan.sequence.delays), scan)


@pytest.mark.parametrize("with_sidecar", [False, True])
def test_a_set_with_the_trigger_delay_in_its_names_is_read(with_sidecar: bool, scan, tmp_path: Path) -> None:
    """As dcm2niix splits dynamics whose trigger times differ; names have whole milliseconds."""
    for echo, te in enumerate(scan.sequence.echo_times):
        for number, td in enumerate(scan.sequence.delays):
            for part in ("real", "imaginary"):
                name = f"ax_magic_12_e{echo + 1}_{part}_t{1000 * td:.0f}.nii.gz"
                own = {"SaturationDelayTime": td + 0.01} if with_sidecar else {}
                values = PART_VALUES[part](scan.signal[..., number, echo])
                save(values, scan.affine, tmp_path / name, EchoTime=te, RepetitionTime=4.0, **own)
    image = read_mdme(tmp_path)
    shift = 0.01 if with_sidecar else 0.0
    assert image.sequence.delays == pytest.approx([td + shift for td in scan.sequence.delays], abs=6e-4)
    np.testing.assert_array_equal(image.signal, scan.signal)
    assert image.delays_from == "header"
    given = read_mdme(tmp_path, delays=scan.sequence.delays[::-1])
    assert given.sequence.delays == scan.sequence.delays
    np.testing.assert_array_equal(given.signal, scan.signal)


@pytest.mark.parametrize("name", ["anything.nii.gz", "x_e1.nii.gz"])
def test_a_folder_with_one_complex_file_is_this_file(name: str, scan, tmp_path: Path) -> None:
    sequence = scan.sequence
    times = {"EchoTime": list(sequence.echo_times), "SaturationDelayTime": list(sequence.delays)}
    save(scan.signal, scan.affine, tmp_path / name, RepetitionTime=4.0, MagneticFieldStrength=1.5, **times)
    image = read_mdme(tmp_path)
    check(image, scan)
    assert image.field_strength == 1.5


@pytest.mark.parametrize("axes", [4, 5])
def test_one_complex_file_keeps_both_parts(axes: int, scan, tmp_path: Path) -> None:
    signal = scan.signal[..., ::-1, :]
    values = signal if axes == 5 else signal.reshape(*signal.shape[:3], -1)
    times = {"EchoTime": list(scan.sequence.echo_times), "RepetitionTime": 4.0}
    save(values, scan.affine, tmp_path / "scan.nii.gz", **times)
    check(read_mdme(tmp_path / "scan.nii.gz", delays=scan.sequence.delays), scan)
    with pytest.raises(DataError, match=r"SaturationDelayTime.*--td"):
        read_mdme(tmp_path / "scan.nii.gz")
    times["SaturationDelayTime"] = list(scan.sequence.delays)[::-1]
    save(values, scan.affine, tmp_path / "scan.nii.gz", **times)
    check(read_mdme(tmp_path / "scan.nii.gz"), scan)


@pytest.mark.parametrize("whole_folder", [False, True])
def test_a_prepared_file_is_read_as_signed(whole_folder: bool, scan, tmp_path: Path) -> None:
    signed = align_phase(scan.signal)
    path = tmp_path / "sub-001_mdme.nii.gz"
    save(signed.reshape(*signed.shape[:3], -1), scan.affine, path)
    write_json(tmp_path / "sub-001.json", {"sequence": scan.sequence.to_dict()})
    image = read_mdme(tmp_path if whole_folder else path)
    assert image.kind == "signed"
    assert image.sequence == scan.sequence
    np.testing.assert_array_equal(image.signal, signed)


def test_given_times_of_a_prepared_file_replace_its_own(scan, tmp_path: Path) -> None:
    signed = align_phase(scan.signal)
    path = tmp_path / "sub-001_mdme.nii.gz"
    save(signed, scan.affine, path)
    own = replace(scan.sequence, saturation_angle=110.0)
    write_json(tmp_path / "sub-001.json", {"sequence": own.to_dict(), "field_strength": 1.5})
    times = {"delays": (3.0, 2.0, 0.6, 0.2), "echo_times": (0.02, 0.1), "repetition_time": 5.0}
    image = read_mdme(path, **times)
    assert image.sequence == replace(own, **times | {"delays": (0.2, 0.6, 2.0, 3.0)})
    assert (image.delays_from, image.field_strength) == ("user", 1.5)
    np.testing.assert_array_equal(image.signal, signed)
    with pytest.raises(DataError, match=r"expected 4 delays, got \[0\.1, 0\.5\]"):
        read_mdme(path, delays=(0.1, 0.5))
    with pytest.raises(DataError, match=r"expected 2 echo times"):
        read_mdme(path, echo_times=(0.1, 0.2, 0.3))


@pytest.mark.parametrize("name", ["scan.nii.gz", "sub-001_mdme.nii.gz"])
def test_a_file_that_has_lost_its_imaginary_part_is_refused(name: str, scan, tmp_path: Path) -> None:
    save(scan.signal.real, scan.affine, tmp_path / name)
    with pytest.raises(DataError, match="imaginary part is not in it"):
        read_mdme(tmp_path / name, delays=scan.sequence.delays, echo_times=scan.sequence.echo_times)


def rename(old: str, new: str):
    return lambda folder, _: (folder / old).rename(folder / new)


def rewrite(name: str, change):
    """Change the array of one file."""

    def apply(folder: Path, scan) -> None:
        image = nib.load(folder / name)
        save_nifti(change(np.asarray(image.dataobj)), image.affine, folder / name)

    return apply


def without_place(folder: Path, _: object) -> None:
    path = folder / "ax_magic_12_e1_real.nii.gz"
    image = nib.load(path)
    image = nib.Nifti1Image(np.asarray(image.dataobj), image.affine)
    image.set_sform(None, 0)
    image.set_qform(None, 0)
    nib.save(image, path)


def other_place(folder: Path, scan) -> None:
    path = folder / "ax_magic_12_e2_real.nii.gz"
    save_nifti(np.asarray(nib.load(path).dataobj), scan.affine + np.eye(4, k=3), path)


def write_times(**times: object):
    return lambda folder, _: write_json(folder / "ax_magic_12_e1_real.json", times)


NAME = "ax_magic_12_e1_imaginary.nii.gz"
BROKEN: Mapping[str, tuple[Any, str]] = {
    "a missing part": (
        lambda folder, _: (folder / NAME).unlink(),
        r"missing: \(all delays, echo 1, imaginary\)",
    ),
    "two acquisitions": (
        rename(NAME, "ax_magic_13_e1_imaginary.nii.gz"),
        "found several: ax_magic_12, ax_magic_13",
    ),
    "a lost dynamic": (rewrite(NAME, lambda data: data[..., :3]), r"one shape and place.*\(14, 12, 2, 3\)"),
    "one dynamic": (
        rewrite(NAME, lambda data: data[..., 0]),
        r"expected 4 dimensions, got shape \(14, 12, 2\)",
    ),
    "complex parts": (rewrite(NAME, lambda data: data.astype(np.complex64)), "got complex numbers"),
    "no number": (
        rewrite(NAME, lambda data: data * np.nan),
        "1344 values are not finite",
    ),
    "another place": (other_place, "one shape and place"),
    "no place": (without_place, "sform and qform codes are 0"),
    "another repetition time": (
        write_times(RepetitionTime=5.0, EchoTime=0.0169),
        "one RepetitionTime.* 5;",
    ),
    "a list of echo times": (
        write_times(RepetitionTime=4.0, EchoTime=[0.1]),
        r"one number .*EchoTime, got \[0.1\]",
    ),
    "a text": (write_times(RepetitionTime="4 s"), "one number \\(times in s\\) as RepetitionTime, got '4 s'"),
    "a broken file": (lambda folder, _: (folder / NAME).write_bytes(b"no image"), "cannot be read"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_set_is_refused(fault: str, scan, tmp_path: Path) -> None:
    write_dcm2niix(scan, tmp_path, ("real", "imaginary"))
    apply, message = BROKEN[fault]
    apply(tmp_path, scan)
    with pytest.raises(DataError, match=message) as caught:
        read_mdme(tmp_path, delays=scan.sequence.delays)
    assert str(tmp_path) in str(caught.value)


def test_missing_times_are_asked_for(scan, tmp_path: Path) -> None:
    for echo in (1, 2):
        save(np.abs(scan.signal[..., ::-1, echo - 1]), scan.affine, tmp_path / f"scan_e{echo}.nii.gz")
    delays = scan.sequence.delays
    with pytest.raises(DataError, match="found no RepetitionTime; give it with --tr"):
        read_mdme(tmp_path, delays=delays)
    with pytest.raises(DataError, match=r"no echo times.*--te"):
        read_mdme(tmp_path, delays=delays, repetition_time=4.0)
    image = read_mdme(tmp_path, delays=delays, repetition_time=4.0, echo_times=scan.sequence.echo_times)
    check(image, scan, magnitude=True)


def test_a_folder_with_both_kinds_of_files_is_refused(scan, tmp_path: Path) -> None:
    write_dcm2niix(scan, tmp_path, ("",))
    (tmp_path / "image").write_bytes(bytes(128) + b"DICM")
    with pytest.raises(DataError, match="found DICOM and NIfTI files"):
        read_mdme(tmp_path)


def test_dynamics_that_do_not_recover_are_refused(scan, tmp_path: Path) -> None:
    write_dcm2niix(scan, tmp_path, ("real", "imaginary"))
    with pytest.raises(DataError, match="cannot tell whether the dynamics"):
        read_mdme(tmp_path, delays=[0.6, 3.2, 1.2, 2.4])
