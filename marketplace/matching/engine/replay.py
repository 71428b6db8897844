"""A run as bytes: all that its lists came from, and a digest of the lists, so that it can be replayed bit for bit."""

import io
import json
from dataclasses import asdict, fields
from datetime import date
from hashlib import sha256
from typing import Any

import numpy as np

from marketplace.matching.engine.candidates import Rules
from marketplace.matching.engine.features import FEATURES
from marketplace.matching.engine.lists import Lists, Policy
from marketplace.matching.engine.model import Model
from marketplace.matching.engine.problem import Donors, Needs, Problem, make_parties
from marketplace.matching.engine.rank import Ranker, Ranking, make_ranker
from marketplace.matching.engine.text import fit_text

FORMAT = 1


def pack(ranker: Ranker) -> bytes:
    """Arrays, codes, forbidden pairs, model, policy, seed and day as a compressed npz.

    Texts, names and party keys are not in it: text is there as vectors, related parties as pairs of rows.
    """
    setting = ranker.setting
    problem = setting.prepared.problem
    head = {
        "format": FORMAT,
        "version": setting.prepared.model.version,
        "weights": {feature.value: weight for feature, weight in setting.prepared.model.weights.items()},
        "policy": asdict(setting.policy),
        "k": setting.k,
        "seed": setting.seed,
        "day": setting.day.isoformat(),
    }
    arrays = {f"need_{name}": column for name, column in _columns(problem.needs).items()}
    arrays |= {f"donor_{name}": column for name, column in _columns(problem.donors).items()}
    held = io.BytesIO()
    np.savez_compressed(held, head=np.array(json.dumps(head)), excluded=problem.excluded, **arrays)
    return held.getvalue()


def unpack(content: bytes) -> Ranker:
    """The ranker of a packed run; ValueError where the bytes are of another format.

    It ranks; it cannot take changes, because the texts' space and the parties' keys were not kept.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as held:
        head = json.loads(str(held["head"]))
        if head["format"] != FORMAT:
            raise ValueError(f"this run was stored in format {head['format']}, and only {FORMAT} can be read")
        problem = Problem(
            needs=Needs(**_side(held, Needs, "need_")),
            donors=Donors(**_side(held, Donors, "donor_")),
            text=fit_text([]),
            excluded=held["excluded"],
            need_parties=make_parties([]),
            donor_parties=make_parties([]),
        )
    policy = Policy(**{**head["policy"], "rules": Rules(**head["policy"]["rules"])})
    model = Model(version=head["version"], weights={feature: head["weights"][feature] for feature in FEATURES})
    return make_ranker(
        problem, day=date.fromisoformat(head["day"]), model=model, policy=policy, k=head["k"], seed=head["seed"]
    )


def digest_of(ranking: Ranking) -> str:
    """SHA-256 over every list of a run, both ways: partners by code, units, sources and propensities."""
    found = sha256()
    sides = (
        (ranking.donors_of_need, ranking.problem.needs.codes, ranking.problem.donors.codes),
        (ranking.needs_of_donor, ranking.problem.donors.codes, ranking.problem.needs.codes),
    )
    for lists, owners, partners in sides:
        found.update("\n".join(owners).encode() + b"\0" + "\n".join(partners).encode())
        for column in _list_columns(lists):
            found.update(np.ascontiguousarray(column).tobytes())
    return found.hexdigest()


def _list_columns(lists: Lists) -> list[Any]:
    kinds = (("partners", "<i4"), ("units", "<i4"), ("sources", "u1"), ("propensity", "<f8"))
    return [getattr(lists, name).astype(kind) for name, kind in kinds]


def _columns(table: Needs | Donors) -> dict[str, Any]:
    return {
        field.name: np.array(table.codes, dtype=np.str_) if field.name == "codes" else getattr(table, field.name)
        for field in fields(table)
    }


def _side(held: Any, table: type[Needs] | type[Donors], prefix: str) -> dict[str, Any]:
    found = {field.name: held[f"{prefix}{field.name}"] for field in fields(table)}
    return {**found, "codes": tuple(found["codes"].tolist())}
