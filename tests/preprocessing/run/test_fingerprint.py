from tiny_cases import find_tiny

from preprocessing.run.cohort_file import read_cohort_file

HEAD = '[cohort]\nkind = "tiny"\nout = "out"\n'
ROW = '[[subjects]]\nsubject = "sub-01"\nfile = "a.txt"\nvalue = 1\n'


def fingerprint(folder, text):
    path = folder / "cohort.toml"
    path.write_text(text)
    return read_cohort_file(path, find_tiny).cases[0].fingerprint


def test_a_fingerprint_changes_with_what_the_result_depends_on(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    texts = [
        HEAD + ROW,
        HEAD + ROW.replace("= 1", "= 0"),
        HEAD + ROW.replace("sub-01", "sub-02"),
        HEAD + "seed = 2\n" + ROW,
        HEAD + '[defaults]\naction = "copy"\n' + ROW,
    ]
    assert len({fingerprint(tmp_path, text) for text in texts}) == len(texts)


def test_a_fingerprint_does_not_depend_on_how_a_case_is_tried_listed_and_written(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    texts = [
        HEAD + ROW,
        HEAD + 'name = "x"\nretries = 3\ntimeout_minutes = 1\n' + ROW,
        HEAD + "[defaults]\nvalue = 1\n" + ROW.replace("value = 1\n", ""),
        HEAD + ROW.replace("= 1", "= 1.0"),
        HEAD.replace('"out"', '"other"') + ROW.replace("a.txt", "./a.txt"),
    ]
    assert len({fingerprint(tmp_path, text) for text in texts}) == 1


def test_a_fingerprint_changes_with_the_file(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    first = fingerprint(tmp_path, HEAD + ROW)
    (tmp_path / "a.txt").write_text("another")
    assert fingerprint(tmp_path, HEAD + ROW) != first


def test_a_fingerprint_knows_the_files_of_a_folder(tmp_path):
    scans = tmp_path / "scans"
    (scans / "deep").mkdir(parents=True)
    (scans / "deep/1.dcm").write_text("one")
    text = HEAD + ROW.replace("a.txt", "scans")
    first, again = (fingerprint(tmp_path, text) for _ in range(2))
    assert first == again
    (scans / "2.dcm").write_text("two")
    assert fingerprint(tmp_path, text) != first
