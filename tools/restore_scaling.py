"""What `aigan restore` takes for pictures of 0.1 to 100 megapixels, and for a folder of small ones.

python tools/restore_scaling.py [--megapixels 0.1,1,100] [--small 1000] [--plot docs/img/restore-scaling.png] [...]

Each is a whole process, `aigan restore IN -o OUT --task denoise`, JPEG in and out, TIFF above 100 megapixels; options
that are not known here are passed on to it. Prints a row for each: its wall time, the seconds of it that were inference
by the command's own `--json`, and its memory at its highest, libraries included. Stop all else first. Needs the extra
eval for the plot.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import pyvips

MEGAPIXELS = "0.1,0.3,1,3,10,30,100"
LARGEST_JPEG = 100  # megapixels
SMALL = 481, 321
EXAMPLE = Path(__file__).parent.parent / "examples/flower-clean.jpg"


class Taken(NamedTuple):
    """What one process took."""

    pixels: int
    wall_s: float
    inference_s: float
    peak_mb: float


def draw(path: Path, width: int, height: int) -> None:
    """Write a photograph, repeated to that size, with noise of 25 gray levels."""
    photograph = pyvips.Image.new_from_file(str(EXAMPLE))
    across, down = -(-width // photograph.width), -(-height // photograph.height)
    noise = pyvips.Image.gaussnoise(width, height, sigma=25, mean=0)
    noisy = photograph.replicate(across, down).crop(0, 0, width, height) + noise
    noisy = noisy.cast("uchar").copy(interpretation="srgb")
    if path.suffix == ".jpg":
        noisy.jpegsave(str(path), Q=95)
    else:
        noisy.tiffsave(str(path), tile=True, bigtiff=True)


def restore(source: Path, folder: Path, options: list[str]) -> Taken:
    """Restore a picture, or a folder of them, in a process of its own."""
    report = folder / "report.json"
    command = ["restore", source, "-o", folder / f"restored-{source.name}", "--task", "denoise", "--json", report]
    command += options
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "aigan", *map(str, command)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    if status:
        sys.exit(f"the command failed: {command}")
    results = json.loads(report.read_text())
    return Taken(
        pixels=sum(result["width"] * result["height"] for result in results),
        wall_s=wall_s,
        inference_s=sum(result["seconds"]["restoring"] for result in results),
        peak_mb=usage.ru_maxrss * 1.024e-3,  # of KiB
    )


def row(name: str, taken: Taken) -> str:
    """A line of the table."""
    megapixels = taken.pixels / 1e6
    return (
        f"| {name} | {taken.wall_s:.2f} | {taken.inference_s / megapixels:.3f} | {taken.wall_s / megapixels:.3f} |"
        f" {100 * taken.inference_s / taken.wall_s:.0f} % | {taken.peak_mb:.0f} |"
    )


def plot(all_taken: list[Taken], path: Path) -> None:
    """Seconds against megapixels, on logarithmic axes, with the line of the largest picture's time a pixel."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    megapixels = [taken.pixels / 1e6 for taken in all_taken]
    rate = all_taken[-1].inference_s / megapixels[-1]
    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    axes.loglog(megapixels, [rate * size for size in megapixels], color="0.7", label=f"{rate:.2f} s a megapixel")
    axes.loglog(megapixels, [taken.inference_s for taken in all_taken], "o", label="inference")
    axes.loglog(megapixels, [taken.wall_s for taken in all_taken], "x", label="the whole command")
    axes.set(xlabel="megapixels", ylabel="seconds", title="aigan restore --task denoise")
    axes.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Parse, draw, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", default=MEGAPIXELS, help="of the pictures, by commas")
    parser.add_argument("--small", type=int, default=1000, help="pictures in the folder; 0 for no folder")
    parser.add_argument("--plot", type=Path)
    arguments, options = parser.parse_known_args()
    print("| picture | seconds in all | inference, s/Mpx | in all, s/Mpx | inference | MB |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as scratch:
        folder, all_taken = Path(scratch), []
        for megapixels in map(float, arguments.megapixels.split(",")):
            width = round((1.5e6 * megapixels) ** 0.5)
            height = round(1e6 * megapixels / width)
            picture = folder / ("picture.jpg" if megapixels <= LARGEST_JPEG else "picture.tif")
            draw(picture, width, height)
            all_taken.append(restore(picture, folder, options))
            (folder / f"restored-{picture.name}").unlink()
            print(row(f"{width}×{height}, {megapixels:g} Mpx", all_taken[-1]), flush=True)
        if arguments.plot:
            plot(all_taken, arguments.plot)
        if not arguments.small:
            return
        many = folder / "many"
        many.mkdir()
        draw(many / "0.jpg", *SMALL)
        for number in range(1, arguments.small):
            (many / f"{number}.jpg").hardlink_to(many / "0.jpg")
        print(row(f"{arguments.small} of {SMALL[0]}×{SMALL[1]}", restore(many, folder, options)))


if __name__ == "__main__":
    main()
