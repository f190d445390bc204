"""Photographs drawn by code: a sky, a sun, some hills, perhaps water."""

import io
import math
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

SIZES = ((1280, 960), (960, 1280), (1080, 1080), (1280, 720))
# How far from grey the film grain goes, of 128.
GRAIN = 12

Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Light:
    """The colours of a time of day."""

    zenith: Color
    horizon: Color
    sun: Color
    far_hills: Color
    near_hills: Color


LIGHTS = (
    Light((38, 52, 110), (244, 162, 97), (255, 226, 170), (120, 90, 120), (38, 34, 58)),
    Light((70, 140, 214), (205, 229, 243), (255, 252, 235), (118, 158, 170), (44, 92, 66)),
    Light((22, 24, 58), (96, 84, 142), (236, 238, 252), (58, 56, 98), (18, 20, 38)),
    Light((206, 146, 128), (250, 220, 184), (255, 246, 214), (176, 132, 120), (92, 60, 62)),
    Light((128, 146, 158), (214, 220, 220), (245, 247, 244), (142, 154, 160), (70, 84, 88)),
)


def photograph(seed: int) -> bytes:
    """Return a JPEG; the same seed draws the same picture."""
    chance = random.Random(seed)  # noqa: S311
    size = chance.choice(SIZES)
    light = chance.choice(LIGHTS)
    horizon = int(size[1] * chance.uniform(0.45, 0.62))
    picture = _sky(size, light)
    _sun(picture, light, chance, horizon)
    layers = chance.randint(3, 5)
    for layer in range(layers):
        nearness = layer / (layers - 1)
        base = horizon + int((size[1] - horizon) * nearness * 0.55)
        _hills(picture, _mixed(light.far_hills, light.near_hills, nearness), base, chance)
    if chance.random() < 0.5:  # noqa: PLR2004
        _water(picture, chance)
    return _developed(picture, chance)


def _sky(size: tuple[int, int], light: Light) -> Image.Image:
    gradient = Image.linear_gradient("L").resize(size)
    return ImageOps.colorize(gradient, light.zenith, light.horizon)


def _sun(picture: Image.Image, light: Light, chance: random.Random, horizon: int) -> None:
    width, height = picture.size
    x, y = int(width * chance.uniform(0.2, 0.8)), int(horizon * chance.uniform(0.45, 0.9))
    radius = int(height * chance.uniform(0.03, 0.06))
    for spread, strength in ((8.0, 60), (3.0, 110), (1.0, 255)):
        glow = Image.new("L", picture.size)
        reach = radius * spread
        ImageDraw.Draw(glow).ellipse((x - reach, y - reach, x + reach, y + reach), fill=strength)
        glow = glow.filter(ImageFilter.BoxBlur(int(reach / 3) if spread > 1 else 2))
        picture.paste(light.sun, mask=glow)


def _hills(picture: Image.Image, color: Color, base: int, chance: random.Random) -> None:
    width, height = picture.size
    waves = [
        (
            chance.uniform(0.5, 1.0) * height * 0.07 / n,
            n * chance.uniform(0.6, 1.4),
            chance.random(),
        )
        for n in range(1, 7)
    ]
    ridge = [
        (x, base - sum(a * math.sin(math.tau * (f * x / width + p)) for a, f, p in waves))
        for x in range(0, width + 8, 8)
    ]
    ImageDraw.Draw(picture).polygon([*ridge, (width, height), (0, height)], fill=color)


def _water(picture: Image.Image, chance: random.Random) -> None:
    width, height = picture.size
    shore = int(height * chance.uniform(0.72, 0.8))
    depth = height - shore
    above = picture.crop((0, shore - depth, width, shore))
    mirrored = ImageOps.flip(above).filter(ImageFilter.BoxBlur(6))
    darker = ImageChops.multiply(mirrored, Image.new("RGB", mirrored.size, (190, 200, 214)))
    picture.paste(darker, (0, shore))


def _developed(picture: Image.Image, chance: random.Random) -> bytes:
    width, height = picture.size
    noise = Image.frombytes("L", picture.size, chance.randbytes(width * height))
    grain = noise.point(lambda value: 128 + (value - 128) * GRAIN // 128).convert("RGB")
    file = io.BytesIO()
    ImageChops.soft_light(picture, grain).save(file, "JPEG", quality=88)
    return file.getvalue()


def _mixed(one: Color, other: Color, share: float) -> Color:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
