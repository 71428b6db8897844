"""Which cells of a table with totals may be shown: none of few households, and none that gives one away (P2).

A cell is small where fewer than five households stand behind it. Hiding it is not enough: what is left of a total after
all other cells are taken away is the hidden cell. So along every line of the table that has a hidden cell at least one
more is hidden, and where all that are hidden are small and their sum leaves no doubt (each is one, or each is four), so
is one that is not small. It is done for all margins of a table at once, because each can be asked for by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

ANY = "*"
LEAST = 5

Key = tuple[str, ...]
# A total and the parts that add up to it.
Line = tuple[Key, tuple[Key, ...]]


def with_margins(key: Key) -> Iterable[Key]:
    """The cell and every margin that it is counted in: each place of its key as it is, or open."""
    margins: list[Key] = [()]
    for part in key:
        margins = [(*begun, choice) for begun in margins for choice in (part, ANY)]
    return margins


def lines_of(cells: Iterable[Key]) -> list[Line]:
    """All lines of a table with its margins: along each place of the key, the total and its parts."""
    lines: defaultdict[tuple[int, Key], list[Key]] = defaultdict(list)
    for key in cells:
        for place, part in enumerate(key):
            if part != ANY:
                lines[place, (*key[:place], ANY, *key[place + 1 :])].append(key)
    return [(total, tuple(sorted(parts))) for (_place, total), parts in sorted(lines.items())]


def hidden_cells(households: Mapping[Key, int], *, least: int = LEAST) -> frozenset[Key]:
    """The cells that may not be shown, of a table with all its margins; ``households`` stand behind each."""
    hidden = {key for key, number in households.items() if 0 < number < least}
    lines = lines_of(households)
    while added := {key for line in lines for key in _companions(line, hidden, households, least=least)}:
        hidden |= added
    return frozenset(hidden)


def hidden_of(households: Mapping[str, int], *, least: int = LEAST) -> frozenset[str]:
    """As hidden_cells, for one line of parts whose total is known."""
    cells: dict[Key, int] = {(key,): number for key, number in households.items()}
    cells[(ANY,)] = max(sum(households.values()), least)
    return frozenset(key[0] for key in hidden_cells(cells, least=least)) - {ANY}


def _companions(line: Line, hidden: set[Key], households: Mapping[Key, int], *, least: int) -> set[Key]:
    """What has to be hidden too, so that no cell of the line can be worked out from the others."""
    total, parts = line
    gone = [key for key in parts if key in hidden]
    if not gone and total not in hidden:
        return set()
    if len(gone) + (total in hidden) >= 2 and (total in hidden or _leaves_doubt([households[k] for k in gone], least)):
        return set()
    shown = [key for key in parts if key not in hidden]
    # The smallest of the others, all that are as small, so that it is not the order that tells which; else the empty.
    full = [key for key in shown if households[key]]
    covers = full or shown
    if not covers:
        return {total} - hidden
    smallest = min(households[key] for key in covers)
    return {key for key in covers if households[key] == smallest}


def _leaves_doubt(numbers: Sequence[int], least: int) -> bool:
    """True where the sum of hidden cells does not say what each of them is."""
    if any(not 0 < number < least for number in numbers):
        return True
    return len(numbers) < sum(numbers) < len(numbers) * (least - 1)
