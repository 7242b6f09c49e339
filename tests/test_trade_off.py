"""Arms that are one agent but for one number make a curve."""

from simenv.scenarios._trade_off import families


def test_arms_that_differ_in_one_number_are_a_family():
    curves = [f"mmr(of=als, balance={b})" for b in (0.9, 0.3, 0.6)]
    (family,) = families(["als", "popular", *curves, "calibrated(of=als)"])
    assert (family.name, family.knob) == ("mmr(of=als)", "balance")
    assert [value for value, _ in family.arms] == [0.3, 0.6, 0.9]
    assert [name for _, name in family.arms] == [curves[1], curves[2], curves[0]]


def test_arms_that_differ_in_more_or_are_too_few_are_none():
    assert families(["mmr(of=als, balance=.3)", "mmr(of=als, balance=.6)"]) == []
    assert families(["mmr(of=als, balance=.3)", "mmr(of=als)", "mmr(of=popular, balance=.6)"]) == []
    assert families(["als", "popular", "content"]) == []
    assert families(["content(scale=z)", "content(scale=minmax)", "content(scale=z, skips=1)"]) == []


def test_arms_of_one_agent_make_a_curve_for_each_number_and_each_agent_within():
    late = [f"delayed(of={a}, days={d})" for a in ("als", "popular") for d in (0, 1, 7)]
    batches = [f"delayed(of=als, days=0, batch={b})" for b in (2, 5)]
    curves = {(f.name, f.knob): f.arms for f in families([*late, *batches, "als"])}
    assert set(curves) == {(f"delayed(of={a})", "days") for a in ("als", "popular")} | {
        ("delayed(of=als)", "batch")
    }
    assert curves["delayed(of=als)", "batch"] == ((0, late[0]), (2, batches[0]), (5, batches[1]))
    assert [value for value, _ in curves["delayed(of=popular)", "days"]] == [0, 1, 7]
