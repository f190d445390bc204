"""The pictures of the demo."""

import io

import pytest
from PIL import Image

from snappio.demo.pictures import SIZES, photograph

pytestmark = pytest.mark.once


def test_draws_the_same_picture_from_the_same_seed():
    assert photograph(3) == photograph(3)


def test_draws_different_pictures_from_different_seeds():
    assert len({photograph(seed) for seed in range(4)}) == 4


def test_draws_a_jpeg_of_a_camera_like_size():
    picture = Image.open(io.BytesIO(photograph(1)))

    assert picture.format == "JPEG"
    assert picture.size in SIZES
