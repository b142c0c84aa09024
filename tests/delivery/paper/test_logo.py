"""A picture becomes a logo of one bit, and what could hurt or makes no sense is refused by name."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageDraw

from server.delivery.paper.logo import LOGO_BYTES_MAX, LogoUnusable, otsu, read_logo
from server.domain.paper_layout import Logo
from server.domain.paper_template import LogoWish


def wish(*, width_mm: int = 20, threshold: str = "otsu") -> LogoWish:
    return LogoWish(file="arms.png", width_mm=width_mm, threshold=threshold)


def file_of(picture: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def picture_of(logo: Logo) -> Image.Image:
    """Ink is white here: a set bit."""
    return Image.frombytes("1", (logo.width_dots, logo.height_dots), logo.ink)


def arms(mode: str = "L", *, ink: int = 60, ground: int = 200) -> Image.Image:
    """A disc on a ground."""
    picture = Image.new("L", (400, 200), ground)
    ImageDraw.Draw(picture).ellipse((150, 50, 250, 150), fill=ink)
    return picture.convert(mode)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "LA", "1", "I;16", "CMYK"])
def test_every_kind_of_picture_is_read(mode: str) -> None:
    picture = arms("L" if mode == "I;16" else mode, ink=0, ground=255)
    if mode == "I;16":
        picture = Image.frombytes(
            "I;16", (400, 200), b"".join(bytes((0, v)) for v in picture.tobytes())
        )
    logo = read_logo(file_of(picture, "JPEG" if mode == "CMYK" else "PNG"), wish())
    assert (logo.width_dots, logo.height_dots) == (160, 80)
    left, top, right, bottom = picture_of(logo).getbbox() or (0, 0, 0, 0)
    assert abs(left - 60) <= 1
    assert abs(right - 100) <= 2
    assert abs(top - 20) <= 1
    assert abs(bottom - 60) <= 2


def test_what_is_transparent_is_white() -> None:
    picture = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((0, 0, 49, 99), fill=(10, 10, 10, 255))
    logo = read_logo(file_of(picture), wish())
    assert picture_of(logo).getbbox() == (0, 0, 80, 160)


def test_otsu_finds_the_valley_that_a_fixed_number_misses() -> None:
    pale = arms(ink=200, ground=245)
    assert 200 < otsu(pale) <= 245
    assert picture_of(read_logo(file_of(pale), wish())).getbbox()
    with pytest.raises(LogoUnusable, match="nothing of the picture would be printed") as refused:
        read_logo(file_of(pale), wish(threshold="128"))
    assert refused.value.field == "threshold"


def test_a_larger_threshold_prints_more_ink() -> None:
    ramp = Image.linear_gradient("L").resize((256, 100))
    amounts = [
        picture_of(read_logo(file_of(ramp), wish(threshold=str(level)))).histogram()[255]
        for level in (40, 128, 220)
    ]
    assert amounts == sorted(amounts)
    assert len(set(amounts)) == 3


def test_white_paper_is_no_logo() -> None:
    with pytest.raises(LogoUnusable, match="nothing of the picture"):
        read_logo(file_of(Image.new("L", (50, 50), 255)), wish(threshold="200"))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bomb(2001, 2000), "megapixels"),
        (bomb(12_000, 9_000), "megapixels"),
        (bomb(60_000, 60_000), "megapixels"),
        (b"\0" * (LOGO_BYTES_MAX + 1), "larger than 512 KiB"),
        (b"", "PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no “PNG” or “JPEG” picture"),
        (file_of(arms(), "GIF"), "is no “PNG” or “JPEG” picture"),
        (file_of(arms(), "TIFF"), "is no “PNG” or “JPEG” picture"),
        (file_of(arms())[:300], "is damaged"),
        (bomb(100, 100), "is damaged"),
    ],
    ids=["pixels", "bomb", "big bomb", "bytes", "empty", "svg", "gif", "tiff", "cut", "short"],
)
def test_what_cannot_be_a_logo_is_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(LogoUnusable, match=said) as refused:
        read_logo(data, wish())
    assert refused.value.field == "file"


def test_a_tower_would_waste_the_roll() -> None:
    with pytest.raises(LogoUnusable, match="higher than 40 mm") as refused:
        read_logo(file_of(Image.new("L", (100, 300))), wish(width_mm=20))
    assert refused.value.field == "width_mm"
    with pytest.raises(LogoUnusable, match="higher than 40 mm"):
        read_logo(file_of(Image.new("L", (1, 3000))), wish(width_mm=72))
