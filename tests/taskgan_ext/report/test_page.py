import re
import sys
from html.parser import HTMLParser

import pytest

from taskgan_ext.errors import DependencyError
from taskgan_ext.report.__main__ import main
from taskgan_ext.report.page import NOTICE, build_page
from taskgan_ext.report.results import read_results

VOID = {"meta", "img", "source"}


class Structure(HTMLParser):
    """Collects tags and attributes and checks that every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.links, self.text = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in {"src", "srcset", "href", "action"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def page(evaluation_dir):
    return build_page(read_results(evaluation_dir))


@pytest.fixture
def structure(page):
    structure = Structure()
    structure.feed(page)
    return structure


def test_every_tag_is_closed(structure):
    assert structure.open == []


def test_page_refers_to_nothing_outside_itself(page, structure):
    assert structure.links
    assert all(link.startswith("data:image/png;base64,") for link in structure.links)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))
    assert not {"script", "link", "iframe", "a"} & set(structure.tags)


def test_text_of_files_is_escaped(page, structure):
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "<script>alert(1)</script>" in "".join(structure.text)
    assert "mean < square >" in "".join(structure.text)


def test_page_says_what_it_must(structure):
    text = "".join(structure.text)
    for expected in (
        NOTICE,
        "amyloid & status",
        "PSNR (dB)",
        "26.00",
        "17.00 \u2192 26.00",
        "version.torch",
        "Bq/ml",
    ):
        assert expected in text


def test_a_page_without_groups_has_the_plain_sections(page):
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == ["Results", "Images", "Figures", "Cases", "Definitions", "Settings"]
    assert "Input \u2192 restored" in page
    assert '26.00<span class="sd"> [25.75, 26.25]</span>' in page


def test_all_pictures_and_figures_are_there(structure):
    # Two cases with five pictures and two bars; paired plot, agreement, losses and one validation curve.
    assert structure.tags.count("img") == 2 * 7 + 4
    assert structure.tags.count("source") == 4


def test_the_same_results_give_the_same_page(page, evaluation_dir):
    assert build_page(read_results(evaluation_dir)) == page


def test_sections_without_content_are_left_out(evaluation_dir):
    for path in (evaluation_dir / "preview").iterdir():
        path.unlink()
    assert "<h2>Images</h2>" not in build_page(read_results(evaluation_dir))


def test_a_page_with_groups_shows_each_of_them(grouped_dir):
    page = build_page(read_results(grouped_dir))
    structure = Structure()
    structure.feed(page)
    assert structure.open == []
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings[1:5] == ["By contrast", "Images", "Decisions by class", "Figures"]
    # Three groups with three arms and two errors each, and one figure.
    assert structure.tags.count("img") == 3 * 5 + 1
    assert "PSNR by contrast" in page
    assert "20.00 / 22.00" in page


def test_a_long_table_of_cases_is_folded(grouped_dir, monkeypatch):
    results = read_results(grouped_dir)
    assert "All 8 cases" not in build_page(results)
    monkeypatch.setattr("taskgan_ext.report.page.MOST_OPEN_CASES", 7)
    assert "<summary>All 8 cases</summary>" in build_page(results)


def test_command_writes_the_page_and_names_it(evaluation_dir, tmp_path, capsys):
    assert main([str(evaluation_dir)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert "restored" in printed[0], "the short table comes first"
    assert printed[-1] == str(evaluation_dir / "report.html")
    assert main([str(evaluation_dir), "--out", str(tmp_path / "new" / "page.html")]) == 0
    assert (tmp_path / "new" / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_missing_files_give_one_line_and_exit_code_2(tmp_path, capsys):
    assert main([str(tmp_path / "nowhere")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "found no cases.csv, summary.csv, evaluation.json; run the evaluation" in captured.err


def test_without_matplotlib_the_message_says_what_to_install(evaluation_dir, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DependencyError, match=r'pip install "taskgan-ext\[report\]"'):
        build_page(read_results(evaluation_dir))
