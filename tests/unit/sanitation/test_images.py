"""Photos are made anew: what is no picture is refused, and nothing but the picture is kept."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from services.sanitation.domain.images import LONGEST_SIDE, made_anew
from services.sanitation.domain.photos import NotAnImage, PhotoTooLarge

ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825
CAMERA = "CANARY-CAMERA"


def photo(size: tuple[int, int] = (64, 32), kind: str = "JPEG", **how: object) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    written = io.BytesIO()
    image.save(written, kind, **how)
    return written.getvalue()


def is_red(image: Image.Image, at: tuple[int, int]) -> bool:
    pixel = image.getpixel(at)
    assert isinstance(pixel, tuple)
    red, _, blue = pixel
    return red > 200 and blue < 60


def with_metadata() -> bytes:
    """A photo that was taken with the phone turned, and says where, with which phone, and something behind it."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = 6, CAMERA
    exif.get_ifd(GPS)[2] = (29.0, 59.0, 58.75)
    return photo(exif=exif, comment=b"CANARY-COMMENT") + b"CANARY-BEHIND"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_of_each_kind_is_kept_as_jpeg(kind: str) -> None:
    picture = made_anew(photo(kind=kind))

    with Image.open(io.BytesIO(picture.content)) as kept:
        assert (kept.format, kept.size) == ("JPEG", (picture.width, picture.height))
        assert is_red(kept, (8, 16))


def test_nothing_of_what_a_camera_writes_is_kept_and_the_picture_stands_upright() -> None:
    sent = with_metadata()
    assert b"CANARY" in sent

    picture = made_anew(sent)

    assert b"CANARY" not in picture.content
    assert (picture.width, picture.height) == (32, 64)
    with Image.open(io.BytesIO(picture.content)) as kept:
        assert dict(kept.getexif()) == {}
        assert "comment" not in kept.info
        assert is_red(kept, (16, 8))


def test_a_large_photo_is_made_as_small_as_proof_needs() -> None:
    picture = made_anew(photo((4000, 3000)))

    assert (picture.width, picture.height) == (LONGEST_SIDE, LONGEST_SIDE * 3 // 4)


def test_a_small_file_that_claims_to_be_a_giant_picture_is_refused_before_it_is_decoded() -> None:
    bomb = io.BytesIO()
    Image.new("1", (8000, 8000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 20_000

    with pytest.raises(PhotoTooLarge):
        made_anew(bomb.getvalue())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        photo(kind="GIF"),
        photo(kind="TIFF"),
        photo()[:300],
    ],
)
def test_what_is_no_photo_is_refused(content: bytes) -> None:
    with pytest.raises(NotAnImage) as refused:
        made_anew(content)
    assert (refused.value.status, refused.value.field) == (422, "file")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # of broken metadata, which is not kept anyway
@given(
    sent=st.sampled_from([photo(), photo(kind="PNG"), photo(kind="WEBP"), with_metadata()]),
    at=st.floats(0, 1, exclude_max=True),
    put=st.binary(min_size=1, max_size=12),
    cut=st.booleans(),
)
@example(sent=with_metadata(), at=0.05, put=b"\xff" * 12, cut=False)
def test_a_photo_with_changed_bytes_is_a_picture_or_refused_and_nothing_else(
    sent: bytes, at: float, put: bytes, *, cut: bool
) -> None:
    place = int(at * len(sent))
    content = sent[:place] + put + (b"" if cut else sent[place + len(put) :])
    try:
        picture = made_anew(content)
    except (NotAnImage, PhotoTooLarge):
        return
    with Image.open(io.BytesIO(picture.content)) as kept:
        assert max(kept.size) <= LONGEST_SIDE
