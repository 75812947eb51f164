from pathlib import Path

from pydicom import Dataset

from taskgan_ext.dicom.dicom_file import DicomFile
from taskgan_ext.mr.reader.dynamics import find_dynamics


def image(**elements: object) -> DicomFile:
    header = Dataset()
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    return DicomFile(Path("image.dcm"), header)


def test_a_trigger_time_that_follows_the_slices_is_no_delay() -> None:
    files, groups = [], []
    for slice_ in range(6):
        for dynamic in range(4):
            trigger = 100.0 * slice_ + 20 * dynamic + 1
            files.append(image(TriggerTime=trigger, InstanceNumber=10 * dynamic + slice_))
            groups.append((slice_, 0, 0))
    dynamics = find_dynamics(files, groups)
    assert dynamics.delays is None
    assert dynamics.index == tuple(range(4)) * 6


def test_one_inversion_time_for_all_images_is_no_delay() -> None:
    files = [image(InversionTime=50, TriggerTime=t) for t in (3879, 1879, 546, 146)]
    dynamics = find_dynamics(files, [(0, 0, 0)] * 4)
    assert dynamics.delays == (0.146, 0.546, 1.879, 3.879)
    assert dynamics.index == (3, 2, 1, 0)
