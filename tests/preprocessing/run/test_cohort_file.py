import json
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_cases import find_tiny, write_tiny_table

from preprocessing.run.cohort_file import read_cohort_file
from preprocessing.run.kinds import KINDS, find_kind
from preprocessing.schedule import Trials
from taskgan_ext.errors import ConfigError

HEAD = '[cohort]\nkind = "tiny"\nout = "out"\n'
ROW = '[[subjects]]\nsubject = "sub-01"\nfile = "a.txt"\nvalue = 1\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    for name in "abc":
        (folder / f"{name}.txt").write_text(name)
    (folder / "folder").mkdir()
    return folder


def read(folder, text):
    path = folder / "cohort.toml"
    path.write_text(text)
    return read_cohort_file(path, find_tiny)


def problems(folder, text):
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return [line.strip() for line in str(caught.value).splitlines()][1:]


def test_settings_have_defaults(folder):
    cohort = read(folder, HEAD + ROW)
    assert (cohort.out, cohort.name, cohort.seed) == (folder / "out", "copies", 0)
    assert cohort.trials == Trials(retries=1, time_limit=None)
    subject, values = cohort.cases[0].request
    assert subject == "sub-01"
    assert values == {"file": folder / "a.txt", "value": 1.0, "seed": 0}


def test_settings_are_read(folder):
    cohort = read(folder, HEAD + 'name = "mine"\nseed = 7\nretries = 0\ntimeout_minutes = 0.5\n' + ROW)
    assert (cohort.name, cohort.seed, cohort.trials) == ("mine", 7, Trials(0, 30.0))
    assert cohort.cases[0].request[1]["seed"] == 7


def test_a_row_goes_before_the_defaults_and_these_before_the_seed_of_the_cohort(folder):
    rows = ROW.replace("value = 1\n", "") + ROW.replace("01", "02").replace("a.txt", "b.txt") + "seed = 3\n"
    cohort = read(folder, f'{HEAD}seed = 1\n[defaults]\nvalue = 0.5\nseed = 2\naction = "copy"\n{rows}')
    assert [case.request[1]["value"] for case in cohort.cases] == [0.5, 1.0]
    assert [case.request[1]["seed"] for case in cohort.cases] == [2, 3]


@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_a_table_in_a_file_gives_the_cases_of_one_in_the_cohort_file(folder, separator):
    rows = [["subject", "value", "file", "action"], ["sub-01", "1", "a.txt", ""], ["", "", "", ""]]
    rows += [["sub-02", " 0.5", "b.txt", "copy"]]
    text = "\ufeff" + "\r\n".join(separator.join(row) for row in rows)
    (folder / "table.csv").write_text(text, newline="")
    second = ROW.replace("01", "02").replace("a.txt", "b.txt").replace("1\n", '0.5\naction = "copy"\n')
    assert (
        read(folder, f'table = "table.csv"\n{HEAD}').cases
        == read(folder, f'{HEAD}table = "table.csv"\n').cases
        == read(folder, HEAD + ROW + second).cases
    )


def test_all_problems_are_told_at_once_with_row_and_column(folder):
    text = f"""{HEAD}
[defaults]
valu = 1
[[subjects]]
subject = "sub-01"
fiel = "a.txt"
[[subjects]]
subject = "Sub-01"
file = "none.txt"
value = "many"
[[subjects]]
file = "a.txt"
value = true
action = "explode"
[[subjects]]
subject = "sub-04"
file = "a.txt"
value = 1
"""
    where = folder.resolve()
    assert problems(folder, text) == [
        "[defaults]: column 'valu' is not known; did you mean 'value'?",
        "[[subjects]] number 1: column 'fiel' is not known; did you mean 'file'?",
        "[[subjects]] number 1: expected a value for 'file', found none",
        "[[subjects]] number 1: expected a value for 'value', found none",
        f"[[subjects]] number 2, column 'file': expected a file or folder that is there, seen from {where}, "
        "got 'none.txt'",
        "[[subjects]] number 2, column 'value': expected a number, got 'many'",
        "[[subjects]] number 2, column 'subject': expected a name of its own, got that of "
        "[[subjects]] number 1",
        "[[subjects]] number 3, column 'value': expected a number, got True",
        "[[subjects]] number 3, column 'subject': expected letters, digits and hyphens, such as sub-01",
        "[[subjects]] number 4, column 'file': expected an input of its own, got that of "
        "[[subjects]] number 3; one person under two names could end up in training and test",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a section [cohort]"),
        ("cohort = 3", "expected a section [cohort]"),
        ("[cohort]", "[cohort]: expected 'kind', found none"),
        (HEAD + "retrys = 2\n" + ROW, "[cohort]: 'retrys' is not known; did you mean 'retries'?"),
        (HEAD + "retries = -1\n" + ROW, "[cohort] retries: expected a whole number of 0 or more, got -1"),
        (HEAD + "retries = 1.5\n" + ROW, "[cohort] retries: expected a whole number"),
        (HEAD + "timeout_minutes = 0\n" + ROW, "timeout_minutes: expected more than 0"),
        (HEAD + "timeout_minutes = inf\n" + ROW, "timeout_minutes: expected a number, got inf"),
        (HEAD + 'name = "a\\nb"\n' + ROW, "name: expected a text on one line"),
        (HEAD + ROW + "[default]\nvalue = 1", "section 'default' is not known; did you mean 'defaults'?"),
        (HEAD + "[[defaults]]\nvalue = 1\n" + ROW, "expected [defaults] as a section"),
        (HEAD, "got neither"),
        ('table = "t.csv"\n' + HEAD + ROW, "got both"),
        (HEAD + "subjects = []", "[cohort]: 'subjects' is not known"),
        ("subjects = []\n" + HEAD, "expected at least one subject"),
        ("subjects = [1]\n" + HEAD, "expected [[subjects]] as tables"),
        ('table = "none.csv"\n' + HEAD, "none.csv: expected a CSV or TSV file"),
        ('table = "folder"\n' + HEAD, "folder: expected a CSV or TSV file"),
        ("table = 3\n" + HEAD, "table: expected a text"),
        (HEAD + ROW.replace("sub-01", "Logs"), "column 'subject': expected letters"),
        (HEAD + ROW.replace("sub-01", "../sub"), "column 'subject': expected letters"),
        (HEAD + ROW.replace('"sub-01"', "1"), "column 'subject': expected letters"),
        (HEAD + ROW + 'action = "explode"', "[[subjects]] number 1: expected an action among copy"),
        (HEAD + ROW.replace("a.txt", "a\\u0000.txt"), "column 'file': expected a text on one line"),
        (
            HEAD + ROW.replace("a.txt", "a" * 300),
            "column 'file': expected a file or folder (File name too long)",
        ),
    ],
)
def test_every_mistake_has_a_message(folder, text, message):
    assert any(message in problem for problem in problems(folder, text)), problems(folder, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[cohort", "expected TOML"),
        (b"\xff", "expected TOML"),
        (b"a = " + b"[" * 5000, "expected TOML"),
        (b"a = " + b"9" * 5000, "expected TOML"),
        (b'[cohort]\nkind = "mr"\nout = "o"', "kind: expected tiny, got 'mr'"),
    ],
)
def test_what_is_no_cohort_file_is_one_line(tmp_path, text, message):
    path = tmp_path / "cohort.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_cohort_file(path, find_tiny)
    assert str(path) in str(caught.value)
    with pytest.raises(ConfigError, match="No such file"):
        read_cohort_file(tmp_path / "none.toml", find_tiny)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "line 1: expected the names of the columns, got none"),
        ("subject,,file\n", "line 1: expected the names of the columns, got an empty one"),
        ("subject,file,file\n", "line 1: expected the names of the columns, got 'file' twice"),
        (
            "subject,file,value\nsub-01,a.txt,1\nsub-02,b.txt\n",
            "line 3: expected 3 cells as in the header, got 2",
        ),
        ("subject,file,value\n", "expected at least one subject"),
        ('subject,file,value\n"sub-01,a.txt,1\n', "unexpected end of data"),
        ("subject,file,value\nsub-01,a.txt,x\n", "line 2, column 'value': expected a number, got 'x'"),
    ],
)
def test_mistakes_in_a_table_are_told_with_their_line(folder, table, message):
    (folder / "bad.csv").write_text(table)
    assert any(message in problem for problem in problems(folder, f'table = "bad.csv"\n{HEAD}'))


def test_of_many_problems_the_first_are_told_and_the_rest_counted(folder):
    found = problems(folder, HEAD + "".join(ROW.replace("01", f"{n:02d}") for n in range(40)))
    assert len(found) == 21
    assert found[-1] == "and 19 more"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KNOWN = "cohort defaults subjects table kind out seed retries subject file value timeout_minutes action name"
KEYS = st.sampled_from(KNOWN.split()) | st.text(max_size=6)


def mutate(content, path, value):
    """Put a value somewhere into a nested content."""
    for key in path[:-1]:
        content = content.setdefault(key, {}) if isinstance(content, dict) else content[0]
        if not isinstance(content, dict | list) or not content:
            return
    if isinstance(content, dict):
        content[path[-1]] = value
    else:
        content.append(value)


def read_or_refuse(path):
    """Anything but a ``ConfigError`` is a mistake of ours."""
    with suppress(ConfigError):
        assert read_cohort_file(path, find_tiny).cases


def to_toml(value):
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(k)} = {to_toml(v)}" for k, v in value.items() if v is not None)
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(to_toml(item) for item in value if item is not None) + "]"
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != float("inf") else "nan"  # noqa: PLR0124
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.lists(KEYS, min_size=1, max_size=3), VALUES), max_size=3))
def test_whatever_stands_in_a_cohort_file_is_read_or_refused(folder, changes):
    content = {
        "cohort": {"kind": "tiny", "out": "out"},
        "defaults": {"value": 1},
        "subjects": [{"subject": "sub-01", "file": "a.txt"}, {"subject": "sub-02", "file": "b.txt"}],
    }
    for path, value in changes:
        mutate(content, path, value)
    text = "\n".join(f"{json.dumps(k)} = {to_toml(v)}" for k, v in content.items() if v is not None)
    (folder / "any.toml").write_text(text, encoding="utf-8", errors="replace")
    read_or_refuse(folder / "any.toml")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="replace")),
       position=st.integers(0, 60))  # fmt: skip
def test_whatever_stands_in_a_table_is_read_or_refused(folder, data, position):
    table = b"subject,file,value\nsub-01,a.txt,1\nsub-02,b.txt,0\n"
    (folder / "any.csv").write_bytes(table[:position] + data + table[position:])
    (folder / "csv.toml").write_text(f'table = "any.csv"\n{HEAD}')
    read_or_refuse(folder / "csv.toml")


def test_every_kind_is_there_and_another_is_told_with_the_nearest():
    assert [find_kind(name).name for name in KINDS] == list(KINDS)
    with pytest.raises(ConfigError, match="got 'mr-imports'; did you mean 'mr-import'"):
        find_kind("mr-imports")


def test_the_table_of_other_tests_is_a_cohort_file(tmp_path):
    assert len(read_cohort_file(write_tiny_table(tmp_path, ["copy", "fail"]), find_tiny).cases) == 2
