"""Photos as phones send them: proved to be pictures, and made anew without what a camera writes beside the picture.

A photo says where it was taken, when and with which phone, and may carry a second file behind the picture. Nothing of
that is kept: the picture is decoded, turned upright, made as small as proof needs, and encoded again.
"""

import io
import struct
import zlib
from dataclasses import dataclass, field

from PIL import Image, ImageOps

from services.sanitation.domain.photos import NotAnImage, PhotoTooLarge

MAX_BYTES = 8_000_000
"""As a phone sends it."""
LONGEST_SIDE = 1600
"""Pixels of what is kept: a label on a bottle can still be read."""
MOST_PIXELS = 30_000_000
"""A file of some kilobytes can claim to be a picture of gigabytes."""
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 80
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What decoders say of files that are none, or were tampered with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as it is kept: JPEG without any metadata."""

    content: bytes = field(repr=False)
    width: int
    height: int


def made_anew(content: bytes) -> Picture:
    """Decode a photo and encode its picture alone. Blocks: call it in a thread.

    Raises:
        NotAnImage: neither JPEG, PNG nor WebP, or broken.
        PhotoTooLarge: more pixels than a phone's camera makes.
    """
    try:
        return _made_anew(content)
    except _BROKEN:
        raise NotAnImage(
            "文件不是可读的照片（JPEG、PNG、WebP）。The file is no photo that can be read (JPEG, PNG, WebP).",
            field="file",
            remedy="重新拍照上传。Take the photo again.",
        ) from None


def _made_anew(content: bytes) -> Picture:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise PhotoTooLarge(
                f"照片像素过大，最多 {MOST_PIXELS // 1_000_000} 百万。"
                f"At most {MOST_PIXELS // 1_000_000} million pixels.",
                field="file",
                remedy="降低相机分辨率。Choose a lower resolution.",
            )
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded no larger than needed
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = Image.new("RGB", upright.size, "white")
    plain.paste(upright, mask=upright.getchannel("A"))
    kept = io.BytesIO()
    plain.save(kept, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(content=kept.getvalue(), width=plain.width, height=plain.height)
