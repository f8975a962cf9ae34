"""The type of a file by its name, as far as a browser may be told: nothing that could run is ever named."""

from __future__ import annotations

from typing import Final

UNKNOWN: Final = "application/octet-stream"

_TYPES: Final = {
    "image/png": "png apng",
    "image/jpeg": "jpg jpeg jfif",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/x-icon": "ico",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg oga opus",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "video/mp4": "mp4 m4v",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/quicktime": "mov",
    "text/plain": "txt text md rst csv tsv log json jsonl toml yaml yml ini cfg conf py c h cpp hpp rs go java sol sh sql diff",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/gzip": "gz tgz",
    "application/x-tar": "tar",
    "font/woff2": "woff2",
}
_BY_EXTENSION: Final = {extension: kind for kind, extensions in _TYPES.items() for extension in extensions.split()}
_SHOWN: Final = ("image/", "audio/", "video/", "text/plain")


def type_of(name: str) -> str:
    """The type of a file of that name; ``application/octet-stream`` for pages, scripts, drawings and what is not known."""
    base, dot, extension = name.rpartition(".")
    return _BY_EXTENSION.get(extension.lower(), UNKNOWN) if dot and base else UNKNOWN


def may_be_shown(name: str) -> bool:
    """Whether a browser may show such a file by itself: pictures, sound, films and plain text cannot do anything there."""
    return type_of(name).startswith(_SHOWN)
