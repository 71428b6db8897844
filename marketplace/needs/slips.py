"""The secret on a household's paper slip: kept as a keyed index alone, so that nobody can read it back."""

import re

from marketplace.core.identity import fold
from marketplace.core.workflow import NeedState
from marketplace.db.types import keyring

# From sending until delivery.
SLIP_STATES = (NeedState.SUBMITTED, NeedState.RETURNED, NeedState.PUBLISHED, NeedState.PLEDGED, NeedState.SUSPENDED)
_HALF = 4


def slip_index(typed: str) -> bytes:
    """The index under which a slip code is stored, however it was typed (``k7qp 3xwd``, ``Ｋ７ＱＰ－３ＸＷＤ``)."""
    plain = re.sub(r"[^0-9A-Z]", "", fold(typed))
    return keyring.blind("slip", f"{plain[:_HALF]}-{plain[_HALF:]}")
