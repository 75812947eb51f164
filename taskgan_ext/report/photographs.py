"""The photographs of some people: a row for each person, a column for each arm, as Figure 2c of the paper."""

from html import escape

from taskgan_ext.report.pictures import Picture, draw_png
from taskgan_ext.report.results import Preview, Results
from taskgan_ext.report.sheet import SheetRow, picture_sheet


def photographs(results: Results) -> str:
    """Lay out the previews, black at 0 and white at 1.

    Args:
        results: content of an evaluation folder, one preview for each person.

    Returns:
        HTML; empty without previews.
    """
    if not results.previews:
        return ""
    return picture_sheet([_row(results, preview) for preview in results.previews])


def _row(results: Results, preview: Preview) -> SheetRow:
    pictures = [
        Picture(
            arm,
            draw_png(image, results.presentation.colormap, 0.0, 1.0),
            aspect=image.shape[1] / image.shape[0],
        )
        for arm, image in preview.arms.items()
    ]
    return SheetRow(preview.name, escape(preview.name), pictures)
