"""Pictures in rows and columns: a row for each case, a column for each kind of picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from taskgan_ext.report.pictures import Picture


@dataclass(frozen=True)
class SheetRow:
    """The pictures of one case.

    Attributes:
        case: name of the case, for readers who cannot see the pictures.
        head: HTML that stands before them.
        pictures: a picture for each column; a missing one leaves a gap.
    """

    case: str
    head: str
    pictures: Sequence[Picture]


def picture_sheet(rows: Sequence[SheetRow]) -> str:
    """Lay out the pictures, columns by their captions in the order in which these appear.

    Args:
        rows: the rows, from the top.

    Returns:
        HTML.
    """
    captions = list(dict.fromkeys(picture.caption for row in rows for picture in row.pictures))
    heads = "".join(f'<div class="head">{escape(caption)}</div>' for caption in captions)
    body = "".join(_row(row, captions) for row in rows)
    return (
        f'<div class="scroll"><div class="sheet" style="--columns:{len(captions)}">'
        f"<div></div>{heads}{body}</div></div>"
    )


def _row(row: SheetRow, captions: Sequence[str]) -> str:
    found = {picture.caption: picture for picture in row.pictures}
    cells = "".join(
        _image(found[caption], row.case) if caption in found else "<div></div>" for caption in captions
    )
    return f'<div class="group">{row.head}</div>{cells}'


def _image(picture: Picture, case: str) -> str:
    return (
        f'<img src="{picture.uri}" alt="{escape(case)}: {escape(picture.caption)}" '
        f'style="aspect-ratio:{picture.aspect:.4f}">'
    )
