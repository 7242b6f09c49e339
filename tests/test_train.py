"""`simenv train`: it learns, stops, goes on, and says what is wrong."""

import json

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")
import torch

from simenv.agents._model import read
from simenv.rng import Key
from simenv.scenarios import _training
from simenv.scenarios._train_judge import floors, returns, score
from simenv.scenarios.build import population_env
from simenv.scenarios.cli import main

SMALL = ("--envs", "8", "--judges", "12", "--face.tracks", "200", "--face.horizon", "6", "--every", "300")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    return tmp_path


def wrong(capsys, *words):
    try:
        status = main(("train", *words))
    except SystemExit as end:
        status = end.code
    said = capsys.readouterr()
    assert status == 2 and "Traceback" not in said.err
    return said.err


def test_it_writes_a_model_a_curve_and_rows_and_goes_on(folder, capsys):
    words = ("train", "ppo", "--out", "m", "--json", "rows.json", *SMALL)
    assert main((*words, "--steps", "384")) == 0
    said = capsys.readouterr().out
    assert "tracks finished in 6 decisions" in said and "sb3(model='m')" in said
    assert (folder / "m" / "curve.png").stat().st_size > 5_000
    rows = json.loads((folder / "rows.json").read_text())
    assert {row["policy"] for row in rows} == {"random", "popular", "ppo"}
    assert list(rows[0]) == ["env", "algorithm", "seed", "reward", "steps", "policy", "mean", "low", "high"]
    assert [row["steps"] for row in rows if row["policy"] == "ppo"] == [0, 384]
    first = read(folder / "m")
    assert first.about["steps"] == 384 and first.candidates == 8

    assert main((*words, "--steps", "384")) == 0
    assert "384 decisions already" in capsys.readouterr().err
    assert main((*words, "--steps", "768")) == 0
    rows = json.loads((folder / "rows.json").read_text())
    assert [row["steps"] for row in rows if row["policy"] == "ppo"][-1] == 768
    assert [row["steps"] for row in rows if row["policy"] == "ppo"][:2] == [0, 384]
    later = read(folder / "m")
    assert (later.network.layers[0].weight != first.network.layers[0].weight).any()
    assert not list((folder / "m").glob(".*"))


def test_an_interrupted_training_goes_on_from_its_last_checkpoint(folder, monkeypatch, capsys):
    words = ("train", "ppo", "--out", "m", *SMALL, "--steps", "1152")
    before, writes = _training.write_json, []

    def stop(path, what):
        before(path, what)
        writes.append(what)
        if what.get("done", 0) >= 384:
            raise KeyboardInterrupt

    monkeypatch.setattr(_training, "write_json", stop)
    assert main(words) == 130
    monkeypatch.setattr(_training, "write_json", before)
    done = json.loads((folder / "m" / "train.json").read_text())["done"]
    assert 384 <= done < 1152
    assert main(words) == 0
    rows = json.loads((folder / "m" / "train.json").read_text())["rows"]
    own = [row["steps"] for row in rows if row["policy"] == "ppo"]
    assert own == sorted(set(own)) and own[-1] == 1152 and done in own
    assert sum(row["policy"] == "random" for row in rows) == 1


def test_the_same_command_elsewhere_makes_the_same_model(folder):
    for name in ("a", "b"):
        assert main(("train", "a2c", "--out", name, *SMALL, "--steps", "256")) == 0
    one, other = read(folder / "a"), read(folder / "b")
    for a, b in zip(one.network.layers, other.network.layers, strict=True):
        np.testing.assert_array_equal(a.weight, b.weight)
    rows = [json.loads((folder / name / "train.json").read_text())["rows"] for name in ("a", "b")]
    assert rows[0] == rows[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("pppo",), "did you mean 'ppo'"),
        (("ppo", "--env", "simenv/Listner-v0"), "did you mean 'simenv/Listener-v0'"),
        (("ppo", "--env", "CartPole-v1"), "no environment called"),
        (("ppo", "--steps", "0"), "--steps 0: expected a whole number from 1"),
        (("ppo", "--steps", "inf"), "--steps inf"),
        (("ppo", "--envs", "0"), "--envs 0: expected 1 or more"),
        (("ppo", "--seed", "-1"), "--seed -1"),
        (("dqn", "--env", "simenv/ListenerBlend-v0"), "dqn chooses among whole numbers"),
        (("RecurrentPPO",), "a state of its own, which sb3 does not serve"),
        (("sac",), "sac says numbers in [-1, 1]"),
        (("dqn", "--env", "simenv/Shelf-v0"), "one track a decision"),
        (("ppo", "--learner", "learning_rat=1e-3"), "did you mean 'learning_rate'"),
        (("ppo", "--learner", "gamma"), "is not NAME=VALUE"),
        (("ppo", "--learner", "seed=3"), "no parameter 'seed'"),
        (("ppo", "--learner", "n_steps=many"), "cannot be made"),
        (("ppo", "--face.reward", "money"), "no reward called 'money'"),
    ],
)
def test_bad_usage_is_told(capsys, words, message):
    small = SMALL if "--envs" not in words else SMALL[2:]
    assert message in wrong(capsys, *words, *small, *(() if "--steps" in words else ("--steps", "64")))


def test_a_folder_of_another_model_is_left_alone(folder, capsys):
    assert main(("train", "a2c", "--out", "m", *SMALL, "--steps", "64")) == 0
    before = (folder / "m" / "model.npz").read_bytes()
    said = wrong(capsys, "ppo", "--out", "m", *SMALL, "--steps", "64")
    assert "holds another model (algorithm='a2c')" in said
    assert "face=" in wrong(capsys, "a2c", "--out", "m", *SMALL, "--face.cooldown", "3", "--steps", "64")
    assert (folder / "m" / "model.npz").read_bytes() == before
    (folder / "mine").mkdir()
    (folder / "mine" / "letter.txt").write_text("dear")
    assert "no model" in wrong(capsys, "a2c", "--out", "mine", *SMALL, "--steps", "64")
    assert "is a file" in wrong(capsys, "a2c", "--out", "mine/letter.txt", *SMALL, "--steps", "64")


def test_a_checkpoint_is_read_without_unpickling_objects(folder, capsys):
    class Evil:
        def __reduce__(self):
            return (open, (str(folder / "owned"), "w"))

    assert main(("train", "a2c", "--out", "m", *SMALL, "--steps", "64")) == 0
    torch.save(Evil(), folder / "m" / "learner.pt")
    assert "cannot be read" in wrong(capsys, "a2c", "--out", "m", *SMALL, "--steps", "128", "--every", "300")
    assert not (folder / "owned").exists()


@pytest.mark.parametrize("options", [{}, {"actions": "blend"}, {"slate_size": 3}])
def test_the_most_popular_candidate_has_most_plays(options):
    env = population_env(50, tracks=200, observe="flat", horizon=3, **options)
    seen, _ = env.reset(seed=1)
    found = floors(env, Key.root(0))
    env.step(found["popular"](seen))
    crowd = env._crowd
    plays = crowd.stage.counts
    first = crowd.exchange.slate.tracks[:, 0]
    shown = env.reset(seed=1)[0]
    assert shown.shape == seen.shape
    np.testing.assert_array_equal(plays[first], plays[crowd.candidates].max(axis=1))


def test_chance_shows_every_candidate_alike():
    env = population_env(4_000, tracks=200, observe="flat", horizon=3)
    seen, _ = env.reset(seed=1)
    shown = np.bincount(floors(env, Key.root(0))["random"](seen), minlength=8)
    assert (np.abs(shown / 4_000 - 1 / 8) < 5 * np.sqrt(1 / 8 * 7 / 8 / 4_000)).all()


def test_a_policy_is_judged_by_the_same_listeners_each_time():
    env = population_env(30, tracks=200, observe="flat", horizon=5)
    chance = [returns(env, floors(env, Key.root(0))["random"], 7) for _ in range(2)]
    np.testing.assert_array_equal(*chance)
    found = score(chance[0])
    assert found.low < found.mean == chance[0].mean() < found.high
