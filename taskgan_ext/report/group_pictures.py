"""The pictures of one subject in every group: a row for each group, a column for each arm."""

from html import escape

from taskgan_ext.report.pictures import CasePictures, ColourBar, Picture, draw_case
from taskgan_ext.report.results import Preview, Results

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
    rows = [(preview, draw_case(preview, results.presentation)) for preview in results.previews]
    if not rows:
        return ""
    captions = list(
        dict.fromkeys(picture.caption for _, drawn in rows for picture in [*drawn.images, *drawn.errors])
    )
    head = "".join(f'<div class="head">{escape(caption)}</div>' for caption in captions)
    body = "".join(_row(results, preview, drawn, captions) for preview, drawn in rows)
    subjects = {row["case"]: row["subject"] for row in results.cases}
    shown = ", ".join(dict.fromkeys(subjects[preview.name] for preview, _ in rows))
    return (
        f'<p>{escape(shown)}, middle slice. {NOTE}</p><div class="scroll"><div class="sheet" '
        f'style="--columns:{len(captions)}"><div></div>{head}{body}</div></div>'
    )


def _row(results: Results, preview: Preview, drawn: CasePictures, captions: list[str]) -> str:
    group, unit = results.groups[preview.name], results.presentation.unit
    found = {picture.caption: picture for picture in [*drawn.images, *drawn.errors]}
    cells = "".join(
        _image(found[caption], preview.name) if caption in found else "<div></div>" for caption in captions
    )
    bars = "".join(_range(bar, unit) for bar in (drawn.image_bar, drawn.error_bar))
    return f'<div class="group"><strong>{escape(group)}</strong>{bars}</div>{cells}'


def _image(picture: Picture, case: str) -> str:
    return (
        f'<img src="{picture.uri}" alt="{escape(case)}: {escape(picture.caption)}" '
        f'style="aspect-ratio:{picture.aspect:.4f}">'
    )


def _range(bar: ColourBar, unit: str) -> str:
    ends = f"\u00b1 {bar.high:g}" if bar.low == -bar.high else f"{bar.low:g} to {bar.high:g}"
    return f"<span>{bar.caption} {ends}{f' {escape(unit)}' if unit else ''}</span>"
