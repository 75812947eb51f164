"""Ask a MONAI Label server with our app for a restored image; the standard library is enough.

On the command line, or in the Python of 3D Slicer (see docs/monailabel.md):

    python integrations/monailabel/restore.py scan.nii.gz restored.nii.gz --model pet_denoising
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

SERVER = "http://127.0.0.1:8000"


class RestorationRefused(Exception):  # noqa: N818  # what happened
    """The server refused, or cannot be reached; the message says why."""


def restore(
    image: str, out: str, model: str, server: str = SERVER, contrast: str = "", send: bool = True
) -> str:
    """Restore an image.

    Args:
        image: file to send; or, with ``send`` off, an ID or a path below the studies of the server.
        out: file to write, ``.nii.gz`` for volumes and ``.png`` for pictures.
        model: name of a bundle of the server.
        server: its address.
        contrast: for a bundle that makes several.
        send: whether the image goes along with the request.

    Returns:
        ``out``.

    Raises:
        RestorationRefused: with the message of the server.
        OSError: a file cannot be read or written.
    """
    if not server.startswith(("http://", "https://")):
        raise RestorationRefused(f"expected an address that begins with http:// or https://, got {server}")
    boundary = uuid.uuid4().hex
    parts = [("params", "", json.dumps({"contrast": contrast} if contrast else {}).encode())]
    if send:
        # The server keeps the ending of the name; the rest could name a patient.
        ending = ".nii.gz" if image.endswith(".nii.gz") else Path(image).suffix
        parts.append(("file", f"image{ending}", Path(image).read_bytes()))
    body = b"".join(_part(boundary, *part) for part in parts) + f"--{boundary}--\r\n".encode()
    query = urllib.parse.urlencode({"output": "image", "image": "" if send else image})
    request = urllib.request.Request(  # noqa: S310  # http, see above
        f"{server.rstrip('/')}/infer/{urllib.parse.quote(model)}?{query}",
        body,
        {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            content = answer.read()
    except urllib.error.HTTPError as error:
        raise RestorationRefused(f"{model}: {_detail(error.read())}") from None
    except urllib.error.URLError as error:
        raise RestorationRefused(
            f"{server}: expected a MONAI Label server, but it cannot be reached ({error.reason})"
        ) from None
    Path(out).write_bytes(content)
    return out


def main() -> int:
    """Restore what the command line names.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description="Restore an image by a MONAI Label server.")
    parser.add_argument("image", help="file, or with --on-server an ID or a path below the server's studies")
    parser.add_argument("out", help="file to write")
    parser.add_argument("--model", required=True, help="name of the bundle")
    parser.add_argument("--server", default=SERVER, help="its address (default: %(default)s)")
    parser.add_argument("--contrast", default="", help="contrast to synthesise (MR)")
    parser.add_argument("--on-server", action="store_true", help="the image is among the server's studies")
    asked = parser.parse_args()
    try:
        restore(asked.image, asked.out, asked.model, asked.server, asked.contrast, not asked.on_server)
    except (RestorationRefused, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _part(boundary: str, name: str, file: str, content: bytes) -> bytes:
    named = f'; filename="{file}"' if file else ""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the server failed and says no more than: {body[:200].decode(errors='replace')}; see its log"


if __name__ == "__main__":
    sys.exit(main())
