"""A sample is a function of (seed, step, index in the global batch) only; every kind of source gives what it says."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aigan.data import sources
from aigan.data.sampler import Sampler
from aigan.data.sources import (
    Clean,
    Degrade,
    Depths,
    Folder,
    Pairs,
    Source,
    Stores,
    Streaks,
    clean_paths,
    kept_pairs,
    make_source,
)
from aigan.errors import AiganError
from aigan.interference.haze import Haze
from aigan.interference.noise import Camera, Noise
from aigan.interference.rain import Rain

CPU = torch.device("cpu")
NOISE = Degrade(noise=Noise(sigma_255=(10, 10)))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for name in ("clean", "set/clean", "set/rainy", "layers/streak"):
        (folder / name).mkdir(parents=True)
    for number in range(7):
        clean = rng.integers(0, 200, (40 + number, 36, 3), dtype=np.uint8)
        streak = np.zeros((40 + number, 36), np.uint8)
        streak[:, 5::9] = 50  # upright
        Image.fromarray(clean).save(folder / f"clean/{number}.png")
        Image.fromarray(clean).save(folder / f"set/clean/{number}.png")
        Image.fromarray(clean + streak[..., None]).save(folder / f"set/rainy/{number}.png")
        Image.fromarray(streak).save(folder / f"layers/streak/{number}.png")
    return folder


def sampler(data: Path, *sources: Source, channels: int = 3, **options: int) -> Sampler:
    samples = [make_source(source, data, channels, Stores(CPU), 16) for source in sources]
    return Sampler(samples, [source.share for source in sources], seed=options.pop("seed", 0), device=CPU, **options)


def clean(share: float = 1.0, degrade: Degrade = NOISE) -> Clean:
    return Clean(share=share, folders=(Folder(folder="clean"),), degrade=degrade)


def test_same_step_same_batch_and_another_step_another(data: Path) -> None:
    draw = sampler(data, clean())
    first, again, other = (draw(torch.tensor(step), 4, 16) for step in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])
    assert not torch.equal(first[0], sampler(data, clean(), seed=1)(torch.tensor(3), 4, 16)[0])


def test_two_processes_draw_the_rows_of_one(data: Path) -> None:
    sources = clean(0.25), Pairs(share=0.75, folders=(Folder(folder="set"),))
    whole = sampler(data, *sources)(torch.tensor(5), 8, 16)
    parts = [sampler(data, *sources, rank=rank, world_size=2)(torch.tensor(5), 8, 16) for rank in range(2)]
    for side in range(2):
        assert torch.equal(torch.cat([part[side] for part in parts]), whole[side])
    with pytest.raises(AiganError, match="a batch of 7"):
        sampler(data, clean(), world_size=2)(torch.tensor(0), 7, 16)


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_shares_fill_the_global_batch_exactly(data: Path, world_size: int) -> None:
    sources = clean(0.3), clean(0.3), clean(0.4)
    rows: list[int] = []
    counts = [0, 0, 0]
    for rank in range(world_size):
        for number, part in enumerate(sampler(data, *sources, rank=rank, world_size=world_size).rows(8)):
            rows += part
            counts[number] += len(part)
    assert sorted(rows) == list(range(8))
    assert counts == [2, 3, 3]


def test_noise_is_what_the_configuration_says(data: Path) -> None:
    y_O, I = sampler(data, clean())(torch.tensor(0), 32, 16)
    assert (I - y_O).std().item() * 255 == pytest.approx(10, rel=0.05)
    assert 0 <= y_O.min() <= y_O.max() <= 1


def test_pairs_stay_together(data: Path) -> None:
    y_O, I = sampler(data, Pairs(folders=(Folder(folder="set"),)))(torch.tensor(1), 16, 16)
    layers = ((I - y_O) * 255).round()
    assert set(layers.unique().tolist()) == {0.0, 50.0}
    assert ((layers == 50).float().mean() - 1 / 9).abs() < 0.06


def test_streaks_fall_down_not_aside(data: Path) -> None:
    from aigan.interference.rain import Recombination

    as_they_are = Recombination(scale=(1, 1), turn_deg=(0, 0), gain=(1, 1), extra=0.0)
    source = Streaks(
        folders=(Folder(folder="clean"),), layers=(Folder(folder="layers"),), recombine=as_they_are, together=2
    )
    y_O, I = sampler(data, source)(torch.tensor(0), 16, 16)
    layers = I - y_O
    assert layers.max() > 0.1
    assert (layers[:, :, 1:] - layers[:, :, :-1]).abs().max() < 0.02  # the same in every row
    assert (layers[..., 1:] - layers[..., :-1]).abs().max() > 0.05


@pytest.mark.parametrize("kind", [{"camera": Camera()}, {"rain": Rain()}, {"haze": Haze()}])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_interference_serves_training(data: Path, kind: dict[str, object], channels: int) -> None:
    y_O, I = sampler(data, clean(degrade=Degrade(**kind)), channels=channels)(torch.tensor(0), 2, 16)  # type: ignore[arg-type]
    assert I.shape == y_O.shape == (2, channels, 16, 16)
    assert torch.isfinite(I).all()
    assert not torch.equal(I, y_O)


def test_gray_pictures_fill_all_channels(data: Path) -> None:
    source = Clean(folders=(Folder(folder="clean"),), degrade=NOISE, gray=True)
    y_O, I = sampler(data, source)(torch.tensor(0), 4, 16)
    assert y_O.shape == I.shape == (4, 3, 16, 16)
    assert torch.equal(I[:, 0], I[:, 2])
    assert (I - y_O).std() > 0


def test_rain_of_pairs_falls_down_unless_pairs_are_turned(data: Path) -> None:
    layers = {}
    for turn in (False, True):
        source = Pairs(folders=(Folder(folder="set"),), turn=turn)
        y_O, I = sampler(data, source)(torch.tensor(1), 16, 16)
        layers[turn] = ((I - y_O) * 255).round()[:, 0]
    assert torch.equal(layers[False][:, 1:], layers[False][:, :-1])  # the same in every row
    assert not torch.equal(layers[True][:, 1:], layers[True][:, :-1])


def test_pairs_of_test_scenes_are_left_out(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "aigan.data.sources.test_scenes_seen", lambda paths, benchmarks: [(paths[2], benchmarks[0], "a scene")]
    )
    kept = kept_pairs((Folder(folder="set", without=("rain100l",)),), data)
    assert [pair.name for pair in kept] == ["0", "1", "3", "4", "5", "6"]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes that are near (d = 1) on the left and far (d = 4) on the right."""
    folder = tmp_path_factory.mktemp("scenes")
    for name in ("haze/clean", "haze/depth", "other"):
        (folder / name).mkdir(parents=True)
    depth = np.full((40, 40), 10, np.uint8)
    depth[:, 20:] = 40
    for number in range(3):
        Image.fromarray(np.full((40, 40, 3), 20 * number, np.uint8)).save(folder / f"haze/clean/{number}.png")
        Image.fromarray(depth).save(folder / f"haze/depth/{number}.png")
        Image.fromarray(np.full((50, 40, 3), 100, np.uint8)).save(folder / f"other/{number}.png")
    (folder / "haze/index.json").write_text(
        '{"0": {"A": 1, "beta": 1}, "1": {"A": 1, "beta": 1}, "2": {"A": 1, "beta": 1}}'
    )
    return folder


@pytest.mark.parametrize("others", [(), (Folder(folder="other"),)])
def test_haze_by_measured_depth(scenes: Path, others: tuple[Folder, ...]) -> None:
    haze = Haze(beta=(2, 2), air_light=(1, 1), tint=0)
    source = Depths(depths=(Folder(folder="haze"),), folders=others, haze=haze)
    y_O, I = sampler(scenes, source)(torch.tensor(0), 8, 32)
    transmission = (1 - I) / (1 - y_O)  # A = 1
    near, far = np.exp(-2 / 4), np.exp(-2)
    assert transmission.amax() == pytest.approx(near, rel=0.01)
    assert transmission.amin() == pytest.approx(far, rel=0.01)
    assert (y_O.max() == pytest.approx(100 / 255)) == bool(others)


def test_a_source_without_interference() -> None:
    with pytest.raises(ValueError, match="name at least one of"):
        Degrade()


def test_two_faults_meet_the_light_in_order(data: Path) -> None:
    noise, haze = Noise(sigma_255=(10, 10)), Haze(beta=(20, 20), near=(1, 1), air_light=(0.5, 0.5), tint=0)
    _, I = sampler(data, clean(degrade=Degrade(noise=noise, haze=haze)))(torch.tensor(0), 8, 16)
    # fog hides the picture, not the noise of the sensor behind it
    assert I.mean() == pytest.approx(0.5, abs=0.01)
    assert 255 * I.std() == pytest.approx(10, rel=0.2)


def test_what_is_held_out_is_never_trained_on(data: Path) -> None:
    folder = Folder(folder="clean", hold_out_every=3, hold_out_last=1, leave_out=("4",))
    assert [p.stem for p in clean_paths((folder,), data)] == ["1", "2", "5"]
    assert [p.stem for p in clean_paths((folder,), data, held_out=True)] == ["0", "3", "6"]
    held = kept_pairs((Folder(folder="set", hold_out_every=3),), data, held_out=True)
    assert [pair.name for pair in held] == ["0", "3", "6"]


def test_all_pairs_of_a_clean_picture_are_held_out_together(tmp_path: Path) -> None:
    for name in ("clear", "hazy"):
        (tmp_path / name).mkdir()
    for scene in range(4):
        picture = Image.fromarray(np.full((8, 8, 3), scene, np.uint8))
        picture.save(tmp_path / f"clear/{scene}.png")
        for level in (1, 2, 3):
            picture.save(tmp_path / f"hazy/{scene}_{level}.png")
    folder = Folder(folder=".", hold_out_every=3)
    assert {pair.clean.stem for pair in kept_pairs((folder,), tmp_path)} == {"1", "2"}
    assert {pair.clean.stem for pair in kept_pairs((folder,), tmp_path, held_out=True)} == {"0", "3"}
    last = kept_pairs((Folder(folder=".", hold_out_last=1),), tmp_path, held_out=True)
    assert [pair.clean.stem for pair in last] == ["3", "3", "3"]


def test_pictures_smaller_than_the_crops_are_left_out(data: Path) -> None:
    with pytest.raises(AiganError, match="use smaller crops"):
        make_source(clean(), data, 3, Stores(CPU), 64)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Clean(folders=(Folder(folder="clean", hold_out_every=1),), degrade=NOISE), "no clean pictures to train on"),
        (Pairs(folders=(Folder(folder="set", hold_out_every=1),)), "no pairs to train on"),
        (Pairs(folders=(Folder(folder="clean"),)), "holds no pairs, only clean pictures"),  # else I = O is learned
        (
            Streaks(folders=(Folder(folder="clean"),), layers=(Folder(folder="layers", hold_out_last=9),)),
            "no layers to train on",
        ),
        (Depths(depths=(Folder(folder="set"),)), "no scenes with depth to train on"),
    ],
)
def test_a_source_with_nothing_to_train_on_is_told(data: Path, source: Source, message: str) -> None:
    with pytest.raises(AiganError, match=message):
        make_source(source, data, 3, Stores(CPU), 16)


@pytest.mark.parametrize("others", [(), (Folder(folder="other"),)])
def test_scenes_without_a_depth_of_use_are_told(scenes: Path, tmp_path: Path, others: tuple[Folder, ...]) -> None:
    shutil.copytree(scenes, tmp_path, dirs_exist_ok=True)
    source = Depths(depths=(Folder(folder="haze"),), folders=others)
    with pytest.raises(AiganError, match="none of 3 scenes with depth has 48 px"):
        make_source(source, tmp_path, 3, Stores(CPU), 48)
    Image.new("L", (8, 8)).save(tmp_path / "haze/depth/1.png")
    with pytest.raises(AiganError, match=r"1\.png says no distance"):
        make_source(source, tmp_path, 3, Stores(CPU), 16)


def test_pictures_that_sources_share_are_read_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    plain = sources.read_rgb
    monkeypatch.setattr(sources, "read_rgb", lambda path: (read.append(path), plain(path))[1])
    stores = Stores(CPU)
    for _ in range(2):
        make_source(clean(), data, 3, stores, 16)
        make_source(clean(), data, 1, stores, 16)  # gray ones are others
    assert len(read) == 14
    assert len({*read}) == 7
    make_source(clean(), data, 3, stores, 20)  # as are those without small ones
    assert len(read) == 21
