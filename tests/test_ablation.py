import numpy as np
import pytest

from simenv.errors import UsageError
from simenv.scenarios._ablation import SWITCHES, WINDOW, Ablation, lived, main


def test_plays_concentrate_most_where_social_influence_and_supply_both_work():
    worlds = lived(Ablation(listeners=150, tracks=600, days=WINDOW + 2, seeds=1))
    usual, *others = (one for switch in SWITCHES for one in worlds[switch.words])
    no_charts, alone, alike, neither = others
    for other in others:
        assert usual.tracks[-1] > other.tracks[-1] + 0.05
        assert usual.ranked[0] > other.ranked[0]
        assert other.ranked.sum() == pytest.approx(1)
    assert neither.tracks[-1] < min(no_charts.tracks[-1], alone.tracks[-1], alike.tracks[-1])
    np.testing.assert_array_equal(usual.days, np.arange(WINDOW, WINDOW + 3))


def test_the_figure_is_drawn_and_the_ends_are_told(tmp_path, capsys):
    out = tmp_path / "new" / "figure.png"
    main(f"--listeners 20 --tracks 60 --days {WINDOW} --seeds 2 --out {out}".split())
    assert out.stat().st_size > 10_000
    told = capsys.readouterr().out
    assert all(switch.words in told for switch in SWITCHES)


def test_fewer_days_than_a_window_are_refused():
    with pytest.raises(UsageError, match="--days 3: expected 28 or more"):
        Ablation(days=3)
