"""The report page: HTML, style and pictures in one file."""

import math
from html import escape

from taskgan_ext.io.evaluation_files import REFERENCE
from taskgan_ext.report.confusion import confusion_tables
from taskgan_ext.report.figures import Figure, draw_figures
from taskgan_ext.report.group_pictures import group_pictures
from taskgan_ext.report.groups import group_tables
from taskgan_ext.report.photographs import photographs
from taskgan_ext.report.pictures import CasePictures, ColourBar, Picture, draw_case
from taskgan_ext.report.results import Preview, Results
from taskgan_ext.report.style import STYLE
from taskgan_ext.report.tables import (
    case_table,
    definitions,
    difference_table,
    settings_table,
    summary_table,
)

NOTICE = "Research use only, not for diagnosis"
PICTURE_NOTICE = "Research use only, not for identifying people: a restored face can resemble somebody else"
MOST_OPEN_CASES = 30
"""A longer table of cases is folded."""
INTERVAL_NOTE = "<p>In brackets the 95 % confidence interval (bootstrap over subjects).</p>"
BEST_NOTE = "<p>In brackets the 95 % confidence interval; the best method of each row is bold.</p>"
DIFFERENCE_NOTE = "<p>Restored minus the other, on the same cases: difference with its interval.</p>"
CONFUSION_NOTE = "<p>Rows: the true class. Columns: what the network decides.</p>"


def build_page(results: Results) -> str:
    """Build the page.

    Args:
        results: content of an evaluation folder.

    Returns:
        HTML that refers to no other file and loads nothing.
    """
    title = escape(results.presentation.title)
    sections = [
        _section("Results", _results(results)),
        _section(
            f"By {escape(results.presentation.group_key)}", _with_note(BEST_NOTE, group_tables(results))
        ),
        _section("Images", _images(results)),
        _section("Decisions by class", _with_note(CONFUSION_NOTE, confusion_tables(results))),
        _section("Figures", _figures(draw_figures(results))),
        _section("Cases", _cases(results)),
        _section(
            "Definitions", "<p>x is the image that is judged, y the reference.</p>" + _definitions(results)
        ),
        _section("Settings", settings_table(_settings(results))),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<header><h1>{title}</h1><p class="facts">{_facts(results)}</p>'
        f'<p class="notice">{_notice(results)}</p></header>\n'
        + "\n".join(section for section in sections if section)
        + "\n</main>\n</body>\n</html>\n"
    )


def _notice(results: Results) -> str:
    return PICTURE_NOTICE if results.presentation.orientation == "picture" else NOTICE


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{heading}</h2>{content}</section>" if content else ""


def _with_note(note: str, content: str) -> str:
    return note + content if content else ""


def _results(results: Results) -> str:
    note = INTERVAL_NOTE if any(not math.isnan(row.low) for row in results.summary) else ""
    differences = _with_note(DIFFERENCE_NOTE, difference_table(results))
    return summary_table(results, headline=True) + note + differences + _all_measures(results)


def _images(results: Results) -> str:
    if results.presentation.orientation == "picture":
        return photographs(results)
    if results.groups:
        return group_pictures(results)
    return "".join(_case(preview, results) for preview in results.previews)


def _cases(results: Results) -> str:
    shown = [arm for arm in results.arms if arm != REFERENCE]
    sign = " / " if results.presentation.comparisons else " \u2192 "
    note = escape(sign.join(shown).capitalize())
    content = f"<p>{note}; in brackets the reference, where it has a value.</p>{case_table(results)}"
    number = len({row["case"] for row in results.cases})
    if number <= MOST_OPEN_CASES:
        return content
    return f"<details><summary>All {number} cases</summary>{content}</details>"


def _facts(results: Results) -> str:
    presentation = results.presentation
    names: dict[str, str] = {row["case"]: row["property"] for row in results.cases}
    classes = [presentation.class_name(value) for value in names.values()]
    order = [*presentation.class_names, *sorted(set(classes) - set(presentation.class_names))]
    counts = ", ".join(f"{classes.count(name)} {name}" for name in order if name in classes)
    number = f"{len(names)} case" + ("s" if len(names) != 1 else "")
    subjects = len({row["subject"] for row in results.cases})
    several_each = results.groups or subjects < len(names)
    facts = [f"{number} of {subjects} subject{'s' if subjects != 1 else ''}" if several_each else number]
    if len(set(classes)) <= 8:
        facts.append(f"{presentation.property_name}: {counts}")
    if presentation.unit:
        facts.append(f"data in {presentation.unit}")
    return " &middot; ".join(escape(fact) for fact in facts)


def _all_measures(results: Results) -> str:
    return f"<details><summary>All measures</summary>{summary_table(results, headline=False)}</details>"


def _definitions(results: Results) -> str:
    named = {row.metric for row in results.summary}
    shown = [info for name, info in results.metrics.items() if name in named]
    short, long = (definitions(info for info in shown if info.headline is flag) for flag in (True, False))
    return f"{short}<details><summary>All definitions</summary>{long}</details>"


def _settings(results: Results) -> dict[str, str]:
    versions = results.evaluation.get("versions", {})
    return results.settings | {f"version.{name}": str(value) for name, value in versions.items()}


def _case(preview: Preview, results: Results) -> str:
    presentation = results.presentation
    pictures = draw_case(preview, presentation)
    name = f"{preview.name}, {presentation.property_name}: {presentation.class_name(preview.property)}"
    return (
        f'<article><h3>{escape(name)}</h3><div class="pictures">{_pictures(pictures, preview.name)}</div>'
        f'<div class="bars">{_bar(pictures.image_bar, presentation.unit)}'
        f"{_bar(pictures.error_bar, presentation.unit)}</div></article>"
    )


def _pictures(pictures: CasePictures, case: str) -> str:
    return "".join(_picture(picture, case) for picture in [*pictures.images, *pictures.errors])


def _picture(picture: Picture, case: str) -> str:
    return (
        f'<figure><img src="{picture.uri}" alt="{escape(case)}: {escape(picture.caption)}" '
        f'style="aspect-ratio:{picture.aspect:.4f}"><figcaption>{escape(picture.caption)}</figcaption></figure>'
    )


def _bar(bar: ColourBar, unit: str) -> str:
    middle = (bar.low + bar.high) / 2
    ticks = "".join(f"<span>{_tick(value, bar.high)}</span>" for value in (bar.low, middle, bar.high))
    label = f"{bar.caption}, {unit}" if unit else bar.caption
    return (
        f'<div class="bar"><div class="label">{escape(label)}</div>'
        f'<img src="{bar.uri}" alt=""><div class="ticks">{ticks}</div></div>'
    )


def _tick(value: float, high: float) -> str:
    digits = 0 if high >= 100 else 1 if high >= 10 else 2
    return f"{value:.{digits}f}".replace("-", "\u2212") if abs(value) > 1e-9 * high else "0"


def _figures(figures: list[Figure]) -> str:
    return (
        '<div class="figures">' + "".join(_figure(figure) for figure in figures) + "</div>" if figures else ""
    )


def _figure(figure: Figure) -> str:
    return (
        f"<figure><h3>{escape(figure.title)}</h3>"
        f'<picture><source srcset="{figure.dark}" media="(prefers-color-scheme: dark)">'
        f'<img src="{figure.light}" alt="{escape(figure.text)}"></picture>'
        f"<figcaption>{escape(figure.text)}</figcaption></figure>"
    )
