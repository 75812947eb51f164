"""The pictures of one subject in every group: a row for each group, a column for each arm."""

from html import escape

from taskgan_ext.report.pictures import CasePictures, ColourBar, draw_case
from taskgan_ext.report.results import Preview, Results
from taskgan_ext.report.sheet import SheetRow, picture_sheet

NOTE = (
    "Every row has a grey scale and an error scale of its own. Errors: red above the reference, blue below, "
    "white equal."
)


def group_pictures(results: Results) -> str:
    """Lay out the previews in rows; images of a row share one scale, their errors another.

    Args:
        results: content of an evaluation folder, one preview for each group.

    Returns:
        HTML; empty without previews.
    """
    if not results.previews:
        return ""
    rows = [_row(results, preview, draw_case(preview, results.presentation)) for preview in results.previews]
    subjects = {row["case"]: row["subject"] for row in results.cases}
    shown = ", ".join(dict.fromkeys(subjects[preview.name] for preview in results.previews))
    return f"<p>{escape(shown)}, middle slice. {NOTE}</p>{picture_sheet(rows)}"


def _row(results: Results, preview: Preview, drawn: CasePictures) -> SheetRow:
    group, unit = results.groups[preview.name], results.presentation.unit
    bars = "".join(_range(bar, unit) for bar in (drawn.image_bar, drawn.error_bar))
    head = f"<strong>{escape(group)}</strong>{bars}"
    return SheetRow(preview.name, head, [*drawn.images, *drawn.errors])


def _range(bar: ColourBar, unit: str) -> str:
    ends = f"\u00b1 {bar.high:g}" if bar.low == -bar.high else f"{bar.low:g} to {bar.high:g}"
    return f"<span>{bar.caption} {ends}{f' {escape(unit)}' if unit else ''}</span>"
