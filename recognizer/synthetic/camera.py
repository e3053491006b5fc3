"""What a camera and a codec do to a clean picture."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Camera:
    """``blur_px`` deviation; ``noise`` deviation in 8-bit steps; ``gamma``; ``balance`` (3,) factor a channel;
    ``codec`` h264, mpeg4 or none; ``quality`` CRF for h264, quantiser for mpeg4."""

    blur_px: float = 0.0
    noise: float = 0.0
    gamma: float = 1.0
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    codec: str = "none"
    quality: int = 23

    @property
    def is_perfect(self) -> bool:
        return self == Camera(quality=self.quality)


def draw_camera(rng: np.random.Generator) -> Camera:
    """From a studio camera to a phone's front camera."""
    red, green, blue = np.exp(rng.normal(0, 0.06, 3))
    codec = str(rng.choice(["h264", "mpeg4", "none"], p=[0.7, 0.15, 0.15]))
    return Camera(
        blur_px=float(rng.choice([0.0, rng.uniform(0.3, 1.3)])),
        noise=float(rng.exponential(2.0)),
        gamma=float(np.exp(rng.normal(0, 0.15))),
        balance=(float(red), float(green), float(blue)),
        codec=codec,
        quality=int(rng.integers(15, 33)) if codec == "h264" else int(rng.integers(2, 9)),
    )


def expose(
    frames: Iterable[Image], light: Iterable[float], camera: Camera, rng: np.random.Generator
) -> Iterator[Image]:
    """Blur, flicker, gamma, white balance and noise, frame by frame."""
    bank: list[NDArray[np.int16]] = []
    for frame, factor in zip(frames, light, strict=True):
        image = cv2.GaussianBlur(frame, (0, 0), camera.blur_px) if camera.blur_px else frame
        image = cv2.LUT(image, _tone_curve(camera, factor))
        if camera.noise > 0.2:
            image = _add_noise(image, camera.noise, bank, rng)
        yield image


def _tone_curve(camera: Camera, light: float) -> Image:
    linear = (np.arange(256) / 255) ** 2.0 * light
    curve = np.clip(linear, 0, 1)[:, None] ** (0.5 * camera.gamma) * np.sqrt(camera.balance)
    return np.clip(np.round(255 * curve), 0, 255).astype(np.uint8)[None]


def _add_noise(image: Image, size: float, bank: list[NDArray[np.int16]], rng: np.random.Generator) -> Image:
    """Fresh noise is dear (20 ns a value): twelve sheets are drawn once, then shifted at random."""
    if len(bank) < 12:
        bank.append(np.clip(np.round(rng.normal(0, size, image.shape)), -127, 127).astype(np.int16))
        sheet = bank[-1]
    else:
        down, right = rng.integers(0, image.shape[0]), rng.integers(0, image.shape[1])
        sheet = np.roll(bank[int(rng.integers(len(bank)))], (down, right), (0, 1))
    return np.asarray(cv2.add(image, sheet, dtype=cv2.CV_8U))


def compress(frames: Iterable[Image], camera: Camera, fps: float) -> Iterator[Image]:
    """Encode to memory and decode again: what comes out has the codec's artefacts. ``none`` passes through."""
    if camera.codec == "none":
        yield from frames
        return
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = None
        for frame in frames:
            if stream is None:
                stream = _open_stream(container, camera, fps, frame.shape)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        if stream is None:
            return
        container.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer, "r") as container:
        for decoded in container.decode(video=0):
            yield decoded.to_ndarray(format="rgb24")


def _open_stream(container: Any, camera: Camera, fps: float, shape: tuple[int, ...]) -> Any:
    name = {"h264": "libx264", "mpeg4": "mpeg4"}[camera.codec]
    # The rate only steers the codec's bit allocation; MPEG-4 knows no clock finer than 1/65535 s.
    stream = container.add_stream(name, rate=Fraction(fps).limit_denominator(100))
    stream.height, stream.width = shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.thread_count = 1
    if camera.codec == "h264":
        stream.options = {"crf": str(camera.quality), "preset": "veryfast", "tune": "zerolatency"}
    else:
        stream.options = {"qmin": str(camera.quality), "qmax": str(camera.quality)}
    return stream
