"""The layouts in which training and test sets are published, found from what lies on disk.

A `Form` says how files lie (two regular expressions whose group `key` ties a degraded picture to its clean one), a
`Published` what set it is. `find_layout` brings both together for a folder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aigan.data.folders import Keyed, Pair, depth_scenes, list_pictures, match, some, streak_layers
from aigan.errors import AiganError

_CLEAN = "clean|clear|norain|gt|groundtruth|ground_truth|target"
_DEGRADED = "rainy|rain|rainy_image|hazy|haze|noisy|degraded|input"


@dataclass(frozen=True)
class Form:
    """How the files of a set lie below its folder. Patterns match whole paths, without extension and case."""

    files: str  # in words
    clean: str = ""
    degraded: str = ""  # empty: clean pictures only
    marked_by: str = ""  # a file or folder that gives it away, in place of patterns


NUMBERED = Form(
    "rain-NNN beside norain-NNN, or in rainy/ and norain/",
    clean=r"(?:norain/)?norain-(?P<key>\d+)",
    degraded=r"(?:rainy?/)?rain-(?P<key>\d+)",
)
TIMES_TWO = Form(
    "rain/X2/norain-NNNx2 and norain/norain-NNN",
    clean=r"norain/norain-(?P<key>\d+)",
    degraded=r"rain/(?:x2/)?norain-(?P<key>\d+)x2",
)
SAME_NAME = Form(
    "NAME in rainy/, hazy/, noisy/, input/ or degraded/ and in clean/, clear/, norain/, gt/ or target/",
    clean=rf"(?:{_CLEAN})/(?P<key>.+)",
    degraded=rf"(?:{_DEGRADED})/(?P<key>.+)",
)
SCENES = Form(
    "hazy/SCENE_A_BETA or hazy/SCENE_LEVEL, also in hazy/partN/, and SCENE in clear/, clean/ or gt/",
    clean=r"(?:clear|clean|gt)/(?P<key>[^/_]+)",
    degraded=r"hazy/(?:part\d+/)?(?P<key>[^/_]+)_[^/]+",
)
REAL_MEAN = Form(
    "NAME_real beside NAME_mean",
    clean=r"(?:croppedimages/)?(?P<key>.+)_mean",
    degraded=r"(?:croppedimages/)?(?P<key>.+)_real",
)
IN_GT = Form("NNN_in beside NNN_GT", clean=r"(?P<key>.+)_gt", degraded=r"(?P<key>.+)_in")
ORIGINALS = Form("original_png/NNNN", clean=r"original(?:_png)?/(?P<key>[^/]+)")
FLAT = Form("clean pictures in one folder", clean=r"(?P<key>[^/]+)")
TREE = Form("clean pictures in any folders", clean=r"(?P<key>.+)")
STREAKS = Form("streak/NAME with pairs.json, and bsds500/ in a folder above", marked_by="pairs.json")
DEPTH = Form("clean/NAME and depth/NAME.png with index.json", marked_by="depth")


@dataclass(frozen=True)
class Published:
    """A published set; `folder` is the pattern of its folder's name, in lower case without `-`, `_` and blanks."""

    name: str
    task: str  # derain, dehaze or denoise
    count: int  # degraded pictures, or clean ones where it has no others
    folder: str
    forms: tuple[Form, ...]
    source: str  # by whom and where it is published

    @property
    def files(self) -> str:
        """Which files it wants, in words."""
        return "; or ".join(form.files for form in self.forms)


_JORDER = "Yang et al., Deep Joint Rain Detection and Removal from a Single Image, CVPR 2017"
_OLD_RAIN = f"{_JORDER}; the older version in the repository csdwren/PReNet"
_NEW_RAIN = f"{_JORDER}; the newer version on the authors' project page"
_RESIDE = "Li et al., Benchmarking Single-Image Dehazing and Beyond, TIP 2019; project page of RESIDE"
_RAIN = (STREAKS, NUMBERED, TIMES_TWO, SAME_NAME)
_HAZE = (SCENES, SAME_NAME)

PUBLISHED = (
    Published("RainTrainL", "derain", 200, "raintrainl|rain100l/train|raindatatrainlight", _RAIN, _OLD_RAIN),
    Published("RainTrainH", "derain", 1800, "raintrainh|rain100h/train|raindatatrainheavy", _RAIN, _OLD_RAIN),
    Published("Rain100L", "derain", 100, "rain100l(?:/test)?|raindatatestlight", _RAIN, _OLD_RAIN),
    Published("Rain100H", "derain", 100, "rain100h(?:/test)?|raindatatestheavy", _RAIN, _OLD_RAIN),
    Published("Rain200L", "derain", 200, "rain200l(?:/test)?", _RAIN, _NEW_RAIN),
    Published("Rain200H", "derain", 200, "rain200h(?:/test)?", _RAIN, _NEW_RAIN),
    Published(
        name="Rain12",
        task="derain",
        count=12,
        folder="rain12|test12",
        forms=(IN_GT, SAME_NAME),
        source="Li et al., Rain Streak Removal Using Layer Priors, CVPR 2016; repository csdwren/PReNet",
    ),
    Published("RESIDE ITS", "dehaze", 13_990, "its(?:/train)?", _HAZE, _RESIDE),
    Published("RESIDE OTS", "dehaze", 313_950, "ots(?:/train)?", _HAZE, _RESIDE),
    Published("RESIDE SOTS indoor", "dehaze", 500, "sots/?indoor|nyuhaze500|its/test", _HAZE, _RESIDE),
    Published("RESIDE SOTS outdoor", "dehaze", 500, "sots/?outdoor|ots/test", _HAZE, _RESIDE),
    Published(
        name="CBSD68",
        task="denoise",
        count=68,
        folder="cbsd68",
        forms=(ORIGINALS, FLAT),
        source="Roth and Black, Fields of Experts, CVPR 2005; repository clausmichele/CBSD68-dataset",
    ),
    Published(
        name="BSD68",
        task="denoise",
        count=68,
        folder="bsd68",
        forms=(FLAT,),
        source="Roth and Black, Fields of Experts, CVPR 2005; repository cszn/DnCNN",
    ),
    Published(
        name="Set12",
        task="denoise",
        count=12,
        folder="set12",
        forms=(FLAT,),
        source="Zhang et al., Beyond a Gaussian Denoiser, TIP 2017; repository cszn/DnCNN",
    ),
    Published(
        name="BSDS500",
        task="denoise",
        count=500,
        folder="bsds500|bsds500/images|bsr/bsds500/data/images",
        forms=(TREE,),
        source="Arbeláez et al., Contour Detection and Hierarchical Image Segmentation, PAMI 2011; BIDS/BSDS500",
    ),
    Published(
        name="PolyU",
        task="denoise",
        count=100,
        folder="polyu(?:realworldnoisyimagesdataset)?(?:/croppedimages)?",
        forms=(REAL_MEAN,),
        source="Xu et al., Real-world Noisy Image Denoising: A New Benchmark, 2018; "
        "repository csjunxu/PolyU-Real-World-Noisy-Images-Dataset",
    ),
)

# The forms in which one's own data is recognised.
OWN = (STREAKS, DEPTH, NUMBERED, TIMES_TWO, REAL_MEAN, IN_GT, SCENES, SAME_NAME)


@dataclass(frozen=True)
class Layout:
    """A set on disk: how its files lie below `directory`, and which published set it is (None: one's own data)."""

    directory: Path
    form: Form
    published: Published | None = None

    def match(self) -> tuple[list[Pair], list[Path], list[Path]]:
        """(pairs, degraded pictures without a clean one, clean pictures without a degraded one), by their paths."""
        if self.form is STREAKS:
            return streak_layers(self.directory, _bsds_above(self.directory)), [], []
        if self.form is DEPTH:
            return depth_scenes(self.directory), [], []
        return _match(self.form, self.directory, list_pictures(self.directory))

    def pairs(self) -> list[Pair]:
        """The pairs in the order of their paths, or the clean pictures of a set that has no others.

        AiganError where a degraded picture lacks its clean one; clean pictures that nothing belongs to are left out.
        """
        pairs, widowed, _ = self.match()
        if widowed:
            names = some([path.name for path in widowed])
            wants = _wants(self.published) if self.published else f"the folder wants {self.form.files}"
            raise AiganError(f"{self.directory} lacks the clean pictures of {names}: {wants}")
        return pairs


def find_layout(directory: Path) -> Layout:
    """Recognise a published set, one's own pairs or a folder of clean pictures: the form that ties most pictures.

    AiganError where the folder bears the name of a published set and holds nothing of it, or holds degraded pictures
    that no form ties to clean ones. It says which files are wanted and where they are published.
    """
    pictures = list_pictures(directory)
    published = _published(directory)
    best, form = max(
        ((_count(form, directory, pictures), form) for form in (published.forms if published else OWN)),
        key=lambda found: found[0],
    )
    if best:
        return Layout(directory, form, published)
    if published:
        raise AiganError(f"{directory} holds nothing of {published.name}: {_wants(published)}")
    if not pictures:
        raise AiganError(f"{directory} holds no pictures: name a folder of clean pictures or of pairs")
    for path in pictures:
        if re.match(rf"(?:.+/)?(?:{_DEGRADED}|streak)/", _stem(path, directory)):
            raise AiganError(
                f"{path} belongs to no clean picture: name the folder of one set (see `aigan data layouts`)"
            )
    return Layout(directory, TREE)


def _published(directory: Path) -> Published | None:
    end = re.sub(r"[-_ ]", "", "/".join(directory.resolve().parts[-4:]).lower())
    return next((p for p in PUBLISHED if re.search(rf"(?:^|/)(?:{p.folder})$", end)), None)


def _wants(published: Published) -> str:
    return f"{published.name} wants {published.files} ({published.source})"


def _count(form: Form, directory: Path, pictures: Sequence[Path]) -> int:
    if form.marked_by:
        return len(pictures) if (directory / form.marked_by).exists() else 0
    return len(_match(form, directory, pictures)[0])


def _match(form: Form, directory: Path, pictures: Sequence[Path]) -> tuple[list[Pair], list[Path], list[Path]]:
    clean = _keyed(form.clean, directory, pictures)
    if not form.degraded:
        return [Pair(path.stem, clean=path) for _, path in clean], [], []
    return match(_keyed(form.degraded, directory, pictures), clean)


def _keyed(pattern: str, directory: Path, pictures: Sequence[Path]) -> Keyed:
    found = ((re.fullmatch(pattern, _stem(path, directory)), path) for path in pictures)
    return [(stem["key"], path) for stem, path in found if stem]


def _stem(path: Path, directory: Path) -> str:
    return path.relative_to(directory).with_suffix("").as_posix().lower()


def _bsds_above(directory: Path) -> Path:
    for folder in directory.resolve().parents:
        if (folder / "bsds500").is_dir():
            return folder / "bsds500"
    raise AiganError(
        f"{directory} holds rain layers of BSDS500 pictures: put bsds500/{{train,val,test}} into a folder above it"
    )
