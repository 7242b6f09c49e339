"""Lists of reference libraries; runs in their own environment, where there is no simenv.

    python _reference_lists.py SPLIT.npz METHOD NAME SEED OUT.npz

SPLIT.npz holds what may be learned from: `listener`, `track`, `count` (e,), and `asked` (m,), the listeners
who are tested. Written are `tracks` (m, 20), tracks of the listener's past left out, -1 where a library has
no more, and how many seconds fitting took.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import sys
import time
import warnings

import numpy as np
from scipy import sparse

SIZE = 20


def lenskit(scorer):
    """A scorer of LensKit with its standard pipeline."""

    def lists(plays, asked, seed):
        import pandas as pd
        from lenskit import batch
        from lenskit.data import from_interactions_df
        from lenskit.pipeline import topn_pipeline
        from lenskit.training import TrainingOptions

        frame = pd.DataFrame({"user_id": plays.row, "item_id": plays.col})
        data = from_interactions_df(frame)
        pipeline = topn_pipeline(scorer(), n=SIZE)
        begun = time.perf_counter()
        pipeline.train(data, TrainingOptions(rng=seed))
        took = time.perf_counter() - begun
        found = batch.recommend(pipeline, asked.tolist(), n=SIZE, n_jobs=1)
        tracks = np.full((len(asked), SIZE), -1, np.int32)
        rows = {int(key.user_id): items.ids() for key, items in found}
        for at, listener in enumerate(asked.tolist()):
            items = rows.get(listener, [])
            tracks[at, : len(items)] = items
        return tracks, took

    return lists


def implicit(model, weigh=lambda plays: plays):
    """A model of implicit on plays as `weigh` has them."""

    def lists(plays, asked, seed):
        weighed = sparse.csr_matrix(weigh(plays.astype(np.float32)))
        made = model(seed)
        begun = time.perf_counter()
        made.fit(weighed, show_progress=False)
        took = time.perf_counter() - begun
        tracks, _ = made.recommend(asked, weighed[asked], N=SIZE, filter_already_liked_items=True)
        return tracks.astype(np.int32), took

    return lists


def cornac(model):
    """A model of Cornac on who played what."""

    def lists(plays, asked, seed):
        from cornac.data import Dataset

        data = Dataset.from_uir(
            list(zip(plays.row.tolist(), plays.col.tolist(), [1.0] * plays.nnz, strict=True))
        )
        made = model(seed)
        begun = time.perf_counter()
        made.fit(data)
        took = time.perf_counter() - begun
        names = np.array(list(data.item_ids))
        past = plays.tocsr()
        place = data.iid_map
        tracks = np.full((len(asked), SIZE), -1, np.int32)
        for at, listener in enumerate(asked.tolist()):
            scores = np.array(made.score(data.uid_map[listener]), float)
            scores[[place[i] for i in past[[listener]].indices.tolist()]] = -np.inf
            tracks[at] = names[np.argsort(-scores, kind="stable")[:SIZE]]
        return tracks, took

    return lists


def _references():
    """By name: what makes lists. Each library as it comes, and with sizes and weights as ours has them."""
    from cornac.models import BPR
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, bm25_weight
    from lenskit.als import ImplicitMFScorer
    from lenskit.flexmf import FlexMFImplicitScorer
    from lenskit.knn import ItemKNNScorer, UserKNNScorer

    def logged(plays):
        weighed = plays.copy()
        weighed.data = np.log1p(weighed.data)
        return weighed

    def present(plays):
        weighed = plays.copy()
        weighed.data[:] = 1
        return weighed

    def als(seed, **given):
        return AlternatingLeastSquares(num_threads=1, random_state=seed, use_gpu=False, **given)

    def bpr(seed, **given):
        return BayesianPersonalizedRanking(num_threads=1, random_state=seed, use_gpu=False, **given)

    return {
        "als": {
            "LensKit ImplicitMF": lenskit(ImplicitMFScorer),
            "LensKit ImplicitMF, 32 factors": lenskit(lambda: ImplicitMFScorer(embedding_size=32)),
            "implicit, its Last.fm tutorial": implicit(
                lambda seed: als(seed, factors=64, regularization=0.05, alpha=2.0),
                lambda plays: bm25_weight(plays, K1=100, B=0.8),
            ),
            "implicit, 32 factors, ln(1 + plays)": implicit(lambda seed: als(seed, factors=32), logged),
        },
        "itemknn": {
            "LensKit ItemKNN": lenskit(lambda: ItemKNNScorer(feedback="implicit")),
            "LensKit ItemKNN, 100 neighbours": lenskit(
                lambda: ItemKNNScorer(feedback="implicit", max_nbrs=100, save_nbrs=100)
            ),
            "implicit cosine, ln(1 + plays)": implicit(
                lambda seed: CosineRecommender(K=20, num_threads=1), logged
            ),
            "implicit BM25": implicit(lambda seed: BM25Recommender(K=20, num_threads=1)),
            "implicit BM25, 100 neighbours, ln(1 + plays)": implicit(
                lambda seed: BM25Recommender(K=100, num_threads=1), logged
            ),
        },
        "userknn": {
            "LensKit UserKNN": lenskit(lambda: UserKNNScorer(feedback="implicit")),
            "LensKit UserKNN, 100 neighbours": lenskit(
                lambda: UserKNNScorer(feedback="implicit", max_nbrs=100)
            ),
        },
        "bpr": {
            "implicit": implicit(bpr, present),
            "implicit, 32 factors": implicit(lambda seed: bpr(seed, factors=32), present),
            "LensKit FlexMF, pairwise": lenskit(lambda: FlexMFImplicitScorer(loss="pairwise")),
            "Cornac": cornac(lambda seed: BPR(seed=seed, num_threads=1)),
            "Cornac, 32 factors, rate .05": cornac(
                lambda seed: BPR(k=32, learning_rate=0.05, seed=seed, num_threads=1)
            ),
        },
    }


def main():
    if sys.argv[1:] == ["--names"]:
        print("\n".join(f"{method}\t{name}" for method, names in _references().items() for name in names))
        return
    split, method, name, seed, out = sys.argv[1:]
    warnings.simplefilter("ignore")
    with np.load(split) as file:
        where = (file["listener"], file["track"])
        plays, asked = sparse.coo_matrix((file["count"], where), shape=tuple(file["shape"])), file["asked"]
    tracks, took = _references()[method][name](plays, asked, int(seed))
    with open(f"{out}.part", "wb") as file:
        np.savez_compressed(file, tracks=tracks, fit_seconds=took)
    os.replace(f"{out}.part", out)


if __name__ == "__main__":
    main()
