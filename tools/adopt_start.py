"""Converts the starting weights to shipped models.

    python tools/adopt_start.py ../shared/weights/start src/aigan/weights

What they saw and how they were trained stands in the starting weights' own headers and README; it goes into the specs.
`aigan export --halo-pictures DIR` measures the halo and writes the ONNX files.
"""

import sys
from pathlib import Path

from aigan.decomposition import Figure, ModelSpec
from aigan.network import weights
from aigan.network.presets import macs_per_pixel, parameters_of
from aigan.network.start import load_start

TERMS = "BSDS500: non-commercial research and educational purposes"

MODELS = {
    "denoise-s": {
        "start": "noise_s",
        "task": "denoise",
        "training": "3.95 Gpx on a GPU; colour Gaussian noise, blind, σ₂₅₅ 0–55",
        "training_data": ("BSDS500 less CBSD68",),
        "data_terms": TERMS,
        "saw_test_scenes_of": ("rain100l", "rain100h"),
        "limits": "Trained on Gaussian noise, alike in all colours: what a camera's processing and JPEG leave is "
        "another kind of noise and is taken out only in part. Above σ₂₅₅ 55 it smooths too little.",
        "figures": tuple(
            Figure(benchmark="cbsd68", degradation=f"sigma_255={sigma}", psnr=psnr)
            for sigma, psnr in ((15, 33.81), (25, 31.14), (50, 27.88))
        ),
    },
    "derain-s": {
        "start": "rain_s",
        "task": "derain",
        "training": "7.5 Gpx: 4.3 on light rain on a GPU, then 3.2 on light and heavy rain on a CPU; the pairs, and "
        "their layers (without the 10 that recur in Rain100L) on the other pictures",
        "training_data": (
            "RainTrainL, less 10 layers",
            "100 pairs of RainTrainH's newer version, 18 of the older",
            "BSDS500 less Rain100",
            "photos",
        ),
        "data_terms": TERMS,
        "saw_test_scenes_of": ("bsd68", "cbsd68", "ybsd68"),
        "limits": "Knows the drawn streaks of synthetic sets: real rain out of focus, drops on the lens, mist "
        "and splashes stay. Bright thin lines (wires, reeds, rigging) can be taken for rain.",
        "figures": (
            Figure(benchmark="rain100l", psnr_y=37.49),
            Figure(benchmark="rain100h", psnr_y=28.18),
        ),
    },
    "dehaze-s": {
        "start": "haze_s",
        "task": "dehaze",
        "training": "4.24 Gpx on a GPU; depth of the 240 scenes on all pictures, β times its mean 0.15–2.0, A 0.7–1.0",
        "training_data": (
            "240 scenes of SOTS outdoor outside the test pairs",
            "BSDS500 less CBSD68",
        ),
        "data_terms": TERMS + "; RESIDE: published for research",
        "saw_test_scenes_of": ("rain100l", "rain100h"),
        "limits": "Sees 100 px around a pixel and cannot know the air light of the whole picture: faint boxes at that "
        "distance from the border, dense fog is made too dark, indoor haze is underestimated.",
        "figures": (
            Figure(benchmark="reside-outdoor", psnr=26.80),
            Figure(benchmark="reside-indoor", psnr=19.43),
        ),
    },
}


def main(start: Path, out: Path) -> None:
    """Write NAME.safetensors for each model."""
    for name, facts in MODELS.items():
        network = load_start(start / f"{facts.pop('start')}.safetensors")
        radius = network.receptive_radius_px
        spec = ModelSpec(
            name=name,
            channels=network.config.channels,
            multiple_of=network.multiple_of,
            receptive_radius_px=radius,
            halo_px=-(-radius // network.multiple_of) * network.multiple_of,
            parameters=parameters_of(network),
            kmac_per_px=round(macs_per_pixel(network) / 1000, 1),
            **facts,
        )
        weights.save(out / f"{name}.safetensors", network, spec)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
