"""Other simulators: what each is installed from, and the cases in which it is met."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

STEPS = Path(__file__).parent / "steps"


@dataclass(frozen=True)
class Peer:
    """Another simulator: what it is installed from, and the script that takes its steps."""

    name: str
    script: Path
    installs: tuple[tuple[str, ...], ...]
    """Arguments of `pip install`, one call after another. Old peers pin what no longer installs: then what
    they run on comes first, and they follow without their dependencies."""

    @property
    def python(self) -> str:
        """Its Python, in a folder of environments."""
        return f"{self.script.stem}/bin/python"


@dataclass(frozen=True)
class Case:
    """One comparison of user-steps; `face` (see `steps/ours.py`) is how we do the same."""

    peer: Peer
    listeners: int
    tracks: int
    slate: int
    face: str


SARDINE = Peer("SARDINE", STEPS / "peer_sardine.py", (("sardine-rec==1.0.8",),))
RECSIM = Peer(
    "RecSim",
    STEPS / "peer_recsim.py",
    (
        ("tensorflow-cpu==2.15.1", "numpy<2", "gym==0.25.2", "scipy", "absl-py", "gin-config", "six"),
        ("--no-deps", "recsim==0.2.4", "dopamine-rl==4.1.2"),
    ),
)
RECSIM_NG = Peer(
    "RecSim NG",
    STEPS / "peer_recsim_ng.py",
    (
        ("tensorflow-cpu==2.15.1", "tensorflow-probability==0.23.0", "edward2==0.0.2", "gym==0.23.1"),
        ("numpy<2", "gin-config", "absl-py"),
        ("--no-deps", "recsim-ng==0.1.2"),
    ),
)
RECOGYM = Peer(
    "RecoGym",
    STEPS / "peer_recogym.py",
    (
        ("torch==2.13.0",),
        ("numpy<2", "scipy<1.12", "gym==0.26.2", "numba", "pandas", "scikit-learn", "matplotlib", "tqdm"),
        ("--no-deps", "recogym==0.1.3.0", "absl-py", "simplegeneric"),
    ),
)
RECLAB = Peer("RecLab", STEPS / "peer_reclab.py", (("reclab==0.1.2",),))
TRECS = Peer(
    "T-RECS",
    STEPS / "peer_trecs.py",
    (
        ("lenskit==0.14.4", "numpy<2", "scipy<1.12", "pandas<2.2", "networkx", "matplotlib", "tqdm"),
        ("--no-deps", "trecs==0.2.1"),
    ),
)
SIM4REC = Peer("Sim4Rec", STEPS / "peer_sim4rec.py", (("sim4rec==0.0.2",),))  # for Python 3.8 and 3.9

CASES = (
    Case(SARDINE, 1, 1_000, 10, "alone"),
    Case(RECSIM, 1, 1_000, 10, "alone"),
    Case(RECOGYM, 1, 1_000, 1, "alone"),
    Case(SARDINE, 10_000, 1_000, 10, "crowd"),  # it knows one user at a time, and so do the next two
    Case(RECSIM, 10_000, 1_000, 10, "crowd"),
    Case(RECOGYM, 10_000, 1_000, 1, "crowd"),
    Case(RECLAB, 1_000, 1_700, 1, "crowd"),
    Case(RECSIM_NG, 1_000, 1_000, 2, "served"),
    Case(RECSIM_NG, 1_000, 10_000, 2, "served"),
    Case(TRECS, 1_000, 1_000, 10, "served"),
    Case(SIM4REC, 10_000, 1_000, 10, "served"),
)
