import pytest
from file_digests import digests
from photographs import write_people

from preprocessing.face.given_lists import ListFiles
from preprocessing.face.import_faces import ImportRequest, import_faces
from taskgan_ext.errors import ConfigError


@pytest.fixture
def my(tmp_path):
    """A folder whose photographs lie where an import into it would write, also through links."""
    write_people(tmp_path / "my" / "images", {"P": 2, "Q": 2})
    write_people(tmp_path / "my" / "lfw" / "lfw2", {"P": 2, "Q": 2})
    links = {"link": "my/images", "linked/images": "my/images", "homes/P": "my/images/P"}
    for link, target in links.items():
        (tmp_path / link).parent.mkdir(exist_ok=True)
        (tmp_path / link).symlink_to(tmp_path / target)
    (tmp_path / "files" / "P").mkdir(parents=True)
    for name in ("P_0001.png", "P_0002.png"):
        (tmp_path / "files" / "P" / name).symlink_to(tmp_path / "my" / "images" / "P" / name)
    return tmp_path


@pytest.mark.parametrize(
    ("images", "out"),
    [
        ("my/images", "my"),
        ("my/images", "my/images"),
        ("my/images", "my/images/new/cohort"),
        ("my/images", "my/images/../../my"),
        ("my/lfw", "my/lfw/new"),
        ("my/lfw", "my/lfw/lfw2/P"),
        ("my/lfw", "my"),
        ("link", "my"),
        ("my/images", "link"),
        ("my/images", "linked"),
        ("homes", "my"),
        ("files", "my"),
    ],
)
def test_originals_are_never_in_the_way_of_a_cohort(my, images, out):
    before, folders = digests(my), sorted(my.rglob("*"))
    with pytest.raises(ConfigError, match="choose another folder with --out"):
        import_faces(ImportRequest(my / images, my / out))
    assert digests(my) == before
    assert sorted(my.rglob("*")) == folders


def test_linked_photographs_are_imported_to_another_folder(my):
    import_faces(ImportRequest(my / "files", my / "out", section="test"))
    assert (my / "out" / "images" / "P" / "P_0001.png").is_file()


def test_a_list_that_would_be_replaced_is_refused(my):
    given = my / "out" / "pairs_test.txt"
    given.parent.mkdir()
    given.write_text("1\nP\t1\t2\nP\t1\tQ\t1\n")
    with pytest.raises(ConfigError, match="expected a list elsewhere"):
        import_faces(ImportRequest(my / "my" / "images", my / "out", ListFiles(pairs_test=given)))
    assert [path.name for path in given.parent.iterdir()] == ["pairs_test.txt"]
