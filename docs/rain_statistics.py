"""Compare our rain with published layers: python docs/rain_statistics.py ../shared/data (some 20 seconds).

Prints, for each set and for as many layers of ours on the same pictures: mean and deviation of the layer and the share
of its pixels above 10 and above 40 (gray levels of 255), the correlation with the next pixel to the right and with the
fifth one down, the spread of the mean directions (degrees), and the PSNR of the rainy picture on Y (dB).
"""

import sys
from pathlib import Path

import numpy as np

from aigan.data.folders import read_streak
from aigan.data.layouts import find_layout
from aigan.interference import HEAVY, LIGHT
from aigan.interference.draws import KeyedDraws

EVERY = 4  # pictures
Y = np.array([65.481, 128.553, 24.966]) / 255


def statistics(layer: np.ndarray, clean: np.ndarray) -> list[float]:
    """Of a layer (H, W) and its picture (H, W, 3), both in gray levels."""
    power = np.abs(np.fft.fft2(layer - layer.mean())) ** 2
    correlation = np.fft.ifft2(power).real / power.mean()
    down, right = np.fft.fftfreq(layer.shape[0])[:, None], np.fft.fftfreq(layer.shape[1])
    xx, yy, xy = (float(np.sum(power * weight)) for weight in (right * right, down * down, right * down))
    direction = -np.degrees(np.arctan2(2 * xy, xx - yy)) / 2
    error = np.minimum(255, clean + layer[..., None]) - clean
    psnr = 10 * np.log10(255**2 / np.mean((error @ Y) ** 2))
    covered = [np.mean(layer > level) for level in (10, 40)]
    return [layer.mean(), layer.std(), *covered, correlation[0, 1], correlation[5, 0], direction, psnr]


def row(name: str, values: list[list[float]]) -> None:
    """Print the means, but the spread of the directions."""
    means = np.mean(values, axis=0)
    means[6] = np.std(values, axis=0)[6]
    print(f"{name:12}", "".join(f"{value:8.2f}" for value in means))


if __name__ == "__main__":
    heads = ("mean", "std", ">10", ">40", "right", "down", "angle", "PSNR")
    print(" " * 12, "".join(f"{head:>8}" for head in heads))
    for name, rain in (("raintrainl", LIGHT), ("heavy", HEAVY)):
        published, ours = [], []
        for number, pair in enumerate(find_layout(Path(sys.argv[1]) / "rain" / name).pairs()[::EVERY]):
            _, clean = pair.read()
            layer = rain.layer(KeyedDraws(np.array([number])), clean.shape[:2])[0, 0]
            published.append(statistics(read_streak(pair.streak).astype(float), clean))
            ours.append(statistics(np.clip(255 * layer, 0, 255), clean))
        row(name, published)
        row("ours", ours)
