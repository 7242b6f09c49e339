"""What all listeners have in common: the parameters of every mechanism, each with a value that stops it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from simenv.users.derived import DERIVED, derived
from simenv.users.ranges import check


@dataclass(frozen=True)
class ListenerParams:
    """Parameters of the response model, in the order of the story: who, when, liking, listening, changing."""

    # -- who they are (drawn at birth)
    interests: float = 1.8
    """Interests beyond the first: 1 + min(Poisson, 4)."""
    evenness: float = 1.2
    """Concentration of the Dirichlet law of interest weights; large: all alike."""
    sessions: float = 1.6
    """Sessions a day, mean over listeners."""
    sessions_spread: float = 0.9
    """Sd of the logarithm of sessions a day; 0: all alike."""
    discovery_a: float = 3.6
    """Share of organic plays that look for something new: Beta(a, b)."""
    discovery_b: float = 4.6
    """See `discovery_a`."""
    mainstream_a: float = 1.6
    """Share of discovery that follows the charts: Beta(a, b)."""
    mainstream_b: float = 2.2
    """See `mainstream_a`."""
    skipper: float = 0.9
    """Sd over listeners of the propensity to skip; 0: all alike."""
    chronotype: float = 1.6
    """Sd over listeners of the shift of the day, hours; 0: all alike."""
    newcomers: float = 0.0
    """Share of listeners who join later, evenly over `newcomer_days`; 0: all are there from the start."""
    newcomer_days: float = 180.0
    """Days over which newcomers join."""

    # -- when and in which situation
    activity: float = 1.0
    """How far activities (work, party, ...) move arousal, engagement and the taste for repeats; 0: not."""
    device: float = 1.0
    """How far the device moves engagement; 0: not."""
    morning: float = -0.18
    """Engagement from 5 to 9 h, on the log hazard of skipping; 0: off."""
    evening: float = 0.06
    """Engagement from 20 to 3 h; 0: off."""
    weekend: float = 0.12
    """Engagement on Saturday and Sunday; 0: off."""
    mood: float = 1.9
    """Sd of the session's mood; 0: off."""
    mood_memory: float = 0.96
    """Correlation of the mood from one track to the next."""
    lift: float = 1.3
    """What the first track of a session gains; 0: off."""
    lift_tracks: float = 0.9
    """Tracks over which the lift fades."""
    lift_recommended: float = 0.6
    """Share of the lift that recommended sessions get."""

    # -- how much a track appeals
    base: float = -1.22
    """Utility of a track with nothing for or against it."""
    match: float = 2.8
    """Weight of the cosine between an interest and the sound; 0: taste does not matter."""
    weight_gain: float = 0.35
    """Weight of ln(share of the interest + .05)."""
    quality: float = 0.45
    """Weight of quality; 0: off."""
    hook: float = 0.0
    """Weight of a track's hook in the utility; 0: off, .5 in the world of hook and depth."""
    newness: float = 0.5
    """What a track gains on the day it comes out; 0: off."""
    newness_days: float = 60.0
    """Time constant of newness, days."""
    arousal: float = 0.9
    """Cost of arousal away from what the hour and the activity ask for; 0: off."""
    idiosyncrasy: float = 0.25
    """Sd of a lasting liking of this listener for this track that no factor explains; 0: off."""
    noise: float = 0.35
    """Sd of the passing noise of a play; 0: off."""
    exposure: float = 1.8
    """What full familiarity adds (mere exposure); 0: off."""
    learn: float = 0.18
    """Share of the way to full familiarity that one whole play goes."""
    bored: float = 0.30
    """Satiation of the day; 0: off."""
    bored_days: float = 1.0
    """Time constant of satiation, days."""
    worn: float = 1.0
    """Wear-out of months; 0: off."""
    worn_plays: float = 10.0
    """Recent plays that wear a track out by ln 2."""
    worn_days: float = 60.0
    """Time constant of wear-out, days."""
    fatigue: float = 0.0
    """Weight of ln(1 + recent plays of the track's genre) against it; 0: off."""
    fatigue_days: float = 2.0
    """Time constant of genre fatigue, days."""

    # -- how long they listen
    hazard: float = 0.47
    """Mass of the early hazard of skipping (A0)."""
    hazard_seconds: float = 7.2
    """Time constant of the early hazard (t0)."""
    hazard_late: float = 0.0054
    """Constant hazard of skipping a second (l1)."""
    impatience: float = 0.23
    """Log scale of the hazard at utility 0 (eta0)."""
    gap: float = 3.0
    """Seconds between two tracks."""

    # -- what they pick from a shelf
    shelf_power: float = 0.8
    """Position bias of a shelf: slot j is looked at with probability j^-power; 0: every slot is."""
    cascade: float = 0.9
    """Chance of looking at the next slot of a cascade; 1: every slot is looked at."""
    swipe: float = 0.5
    """Chance of swiping a carousel on to its next three slots; 1: every slot is looked at."""
    look_noise: float = 1.0
    """Sd of the error about how good a wholly unknown track would be; 0: off."""
    elsewhere: float = 0.0
    """Utility of picking nothing."""
    look_seconds: float = 5.0
    """Seconds that it takes to find that there is nothing."""

    # -- leaving, returning, going for good
    leave: float = 0.28
    """Chance that the session ends after its first track."""
    leave_power: float = 0.55
    """Power with which that chance falls with the position."""
    leave_skips: float = 0.10
    """How far a streak of skips raises it; 0: not."""
    satisfaction_pace: float = 0.005
    """Share of a track in the satisfaction S; S lies in [-1, 1] where depth is off."""
    depth: float = 0.0
    """Weight of a track's depth in the satisfaction; 0: off, .7 in the world of hook and depth."""
    satisfaction_return: float = 0.3
    """How far S raises the rate of sessions; 0: not."""
    churn: float = 0.0012
    """Chance a day of going for good at S = 0; 0: nobody leaves."""
    churn_satisfaction: float = 3.0
    """How far S lowers that chance; 0: not."""

    # -- how they change
    drift: float = 0.001
    """Share of the way an interest moves toward what was finished; 0: off."""
    weight_drift: float = 0.0015
    """Share by which the interest that was served grows; 0: off."""
    taste_pull: float = 0.002
    """Share of the way a day back to the long-run taste; 0: off."""
    weight_pull: float = 0.003
    """Share of the way a day back to the long-run weights; 0: off."""
    births: float = 0.003
    """New interests a day; 0: none."""
    birth_weight: float = 0.40
    """Weight of a new interest before all are scaled to sum 1."""

    aversion: float = 0.0
    """Share of the way an interest moves off what was skipped within 30 s; 0: off."""
    social_pull: float = 0.0
    """Share of the way a day from each interest to the mean of friends' nearest interests; 0: off."""

    # -- whom they know
    degree_mean: float = 13.0
    """Friends of a listener, mean; 0: nobody has any."""
    degree_spread: float = 1.24
    """Sd of the logarithm of the number of friends; at 1.24 the median is 6. 0: all alike."""
    homophily: float = 0.5
    """Share of friendships made among those who share an interest; 0: taste does not count."""

    # -- what they play by themselves
    frequency: float = 0.9
    """Weight of ln plays in choosing what to replay."""
    recency: float = 0.75
    """Weight of -ln days since."""
    focus: float = 1.3
    """Weight of the match with the session's interest in replaying."""
    album_run: float = 0.16
    """Chance that the next track is one more by the same artist; 0: off."""
    known_artist: float = 0.6
    """Share of discovery candidates by an artist already heard; 0: off."""
    new_releases: float = 0.1
    """Share of the other candidates, charts aside, that are new releases; 0: off."""
    friends: float = 0.1
    """Share of the candidates left by then that a friend played lately; 0: off."""
    new_days: float = 14.0
    """Time constant of the attention to a new release, days."""
    chart_power: float = 1.1
    """Exponent of the charts; 0: charts say nothing, social influence is off."""
    chart_half_life: float = 30.0
    """Days after which a play counts for half in the charts."""
    near: float = 6.0
    """Sharpness of the search among micro-genres near one's own; 0: anywhere."""

    # -- likes and saves
    like_at: float = 5.0
    """Utility at which half of what was heard for 30 s is liked; 8 % of plays are, at the defaults."""
    like_days: float = 1 / 24
    """Mean delay of a like."""
    save_at: float = 7.0
    """Utility plus familiarity at which half is saved; 2 % of plays are."""
    save_days: float = 1.0
    """Mean delay of a save."""

    # -- bots
    bots_push: float = 0.0
    """Share of listeners who are bots that play one artist again and again; 0: none."""
    bots_nuke: float = 0.0
    """Share who are bots that leave the tracks of one artist within seconds; 0: none."""
    bots_bandwagon: float = 0.0
    """Share who are bots that push one artist, and hide every other play among the charts; 0: none."""
    bots_farm: float = 0.0
    """Share who are bots that play one artist's tracks for little more than 30 s each; 0: none."""
    bot_artists: int = 1
    """Artists that bots act on, drawn by key; every bot has one of them."""
    bot_rate: float = 6.0
    """Sessions a day of a bot."""

    memory: int = 128
    """Tracks that a listener remembers."""

    def __post_init__(self) -> None:
        check(self)

    def record(self) -> np.ndarray:
        """(1,) all parameters and what follows from them as one record: one signature for every kernel."""
        return np.array([(*(getattr(self, f.name) for f in fields(self)), *derived(self))], PARAMS)


PARAMS = np.dtype([*((f.name, np.float32) for f in fields(ListenerParams)), *DERIVED])
