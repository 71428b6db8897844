"""Which model ranks: the latest that was learnt and not refused, else the experts'."""

import sqlalchemy as sa

from marketplace.db import db
from marketplace.matching.engine.features import Feature
from marketplace.matching.engine.model import EXPERT, Model
from marketplace.matching.models import LearnedModel, NeedChance


def adopted_model() -> Model:
    """The model in use."""
    chosen = sa.select(LearnedModel).where(LearnedModel.refusal == "").order_by(LearnedModel.id.desc()).limit(1)
    found = db.session.scalar(chosen)
    return _model(found) if found else EXPERT


def get_model(version: str) -> Model:
    """The model of a stored run, so that the run can be replayed; the experts' for a version not kept here."""
    found = db.session.scalar(sa.select(LearnedModel).where(LearnedModel.version == version))
    return _model(found) if found else EXPERT


def find_chance(need_id: int) -> float | None:
    """The chance that an open need will be wholly covered before it expires; None where it has not been judged."""
    return db.session.scalar(sa.select(NeedChance.chance).where(NeedChance.need_id == need_id))


def _model(record: LearnedModel) -> Model:
    return Model(version=record.version, weights={Feature(name): weight for name, weight in record.weights.items()})
