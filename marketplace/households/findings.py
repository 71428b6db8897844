"""What is wrong, or looks wrong, with a household: a code, how grave, a plain sentence, and where."""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum


class Severity(StrEnum):
    """An error refuses the whole household; a warning is listed and stays."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """Faults of the file itself, beside the quality rules with their own codes."""

    PLACE_UNKNOWN = "PL01"
    PLACE_DIFFERS = "PL02"
    PLACE_OUTSIDE = "PL03"
    UNREADABLE = "FM01"
    MISSING = "FM02"
    TOO_LONG = "FM03"
    NUMBER_TWICE = "RG01"
    NUMBER_TAKEN = "RG02"
    PERSON_TAKEN = "RG03"
    STATUS = "RG04"
    NOT_IN_FILE = "RG05"
    COUNT_DIFFERS = "RG06"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """``message`` is translatable, with places for ``params``; ``member`` counts from 0, None is the household.

    ``field`` is the attribute of the row, ``row`` the line in the file where there is one.
    """

    code: str
    severity: Severity
    message: str
    field: str | None = None
    member: int | None = None
    row: int | None = None
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    @property
    def is_error(self) -> bool:
        """True where it refuses the household."""
        return self.severity is Severity.ERROR

    @property
    def sentence(self) -> str:
        """The English sentence; surfaces translate ``message`` themselves."""
        return self.message % self.params if self.params else self.message
