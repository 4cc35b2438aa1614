"""Small images of every kind the decoder meets, and what Pillow makes of them.

    python images.py > images.json      (Pillow, NumPy)
"""

import base64
import io
import json

import numpy as np
import PIL
from PIL import Image, features

rng = np.random.default_rng(0)


def smooth(height, width):
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 5 + y / 9), np.cos(x / 7 - y / 4), np.sin((x + y) / 6)]
    return np.stack([127.5 + 120 * w for w in waves], -1).round().astype(np.uint8)


def noisy(height, width):
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def encode(image, **options):
    out = io.BytesIO()
    image.save(out, **options)
    return out.getvalue()


exif = Image.Exif()
exif[0x0112] = 6  # turn by 90 degrees, which is not to be done
# a profile that any colour management would act on: made from sRGB's by exchanging two of its primaries
from PIL import ImageCms  # noqa: E402

profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")

rgb, noise = Image.fromarray(smooth(32, 32)), Image.fromarray(noisy(32, 32))
images = {
    "JPEG 4:2:0": encode(rgb, format="JPEG", quality=75, subsampling=2),
    "JPEG 4:4:4, noise": encode(noise, format="JPEG", quality=95, subsampling=0),
    "JPEG 4:2:2, noise": encode(noise, format="JPEG", quality=60, subsampling=1),
    "JPEG 4:2:0, progressive, odd size": encode(Image.fromarray(smooth(17, 33)), format="JPEG", quality=85, subsampling=2, progressive=True),
    "JPEG grey": encode(rgb.convert("L"), format="JPEG", quality=80),
    "JPEG with orientation and colour profile": encode(rgb, format="JPEG", quality=90, exif=exif, icc_profile=profile),
    "PNG": encode(noise.crop((0, 0, 12, 9)), format="PNG"),
    "PNG with a palette": encode(rgb.quantize(16), format="PNG"),
    "PNG grey": encode(rgb.convert("L"), format="PNG"),
    "PNG with transparency": encode(Image.fromarray(np.dstack([smooth(8, 8), np.full((8, 8), 100, np.uint8)])), format="PNG"),
}


def entry(name, data):
    image = Image.open(io.BytesIO(data))
    pixels = np.asarray(image.convert("RGB"))
    height, width, _ = pixels.shape
    text = lambda b: base64.b64encode(b).decode()  # noqa: E731
    grey = np.asarray(image.convert("RGB").convert("L"))
    return {"name": name, "height": height, "width": width, "encoded": text(data), "rgb": text(pixels.tobytes()), "grey": text(grey.tobytes())}


made_by = f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}"
print(json.dumps({"madeBy": made_by, "images": [entry(n, d) for n, d in images.items()]}, indent=1))
