"""The compiled sweep: the best k donors of each need and the best k needs of each donor, in one pass and exactly.

The donors that a need may meet lie side by side on a shelf, put there area by area: a stack, whose lower layers stay
while needs of one kind and category follow each other by division. Per need the shelf is scored without its text in
16-bit whole numbers; a bound of the k-th best leaves a few pairs, and only these are looked at one by one, with
their text. Scoring, folding and marking are small functions of plain loops, so that they become vector code.

A list entry is one int64, ``score << 32 | (2**32 - 1 - tie rank)``: larger is better, ties included, -1 is an empty
place. Everything stands in this one module: the cache of compiled code notices no change in another.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import AREA_ROOM, CLOSED, LEVELS
from marketplace.matching.engine.compiled import compiled
from marketplace.matching.engine.features import AMOUNT_REACH, TEXT_LENGTH, TEXT_SHIFT
from marketplace.matching.engine.problem import CATEGORIES

I8 = NDArray[np.int8]
U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

Int: TypeAlias = int | np.integer[Any]

i16 = np.int16
i32 = np.int32
u8 = np.uint8
WORD = 8
LOW = (1 << 32) - 1
REACH = AMOUNT_REACH
LONGEST = TEXT_LENGTH
SHIFT = TEXT_SHIFT
CATEGORY_COUNT = len(CATEGORIES)
# A bound from this many lanes per place of a list lets hardly more pairs through than the exact one.
LANES_PER_PLACE = 3
FOLD = 8
CLOSE = 16
NOBODY = -1
# No score reaches it: a donor's threshold where only the need's list is wanted.
UNREACHED = 32_767


class Asks(NamedTuple):
    """Columns of the needs, a row each; ``const`` are the terms that hang on the need alone, in units."""

    kind: U8
    category: U8
    division: I64
    amount: I16
    const: I16
    vectors: I8
    tie: I64
    excluded: I64
    excluded_start: I64


class Gives(NamedTuple):
    """Columns of the donors, a row each, and how they are filed; ``base`` is (13, D), terms of donor and category."""

    base: I16
    typical: I16
    budget: I16
    vectors: I8
    keys: I64
    starts: I64
    members: I32
    by_category: bool


class Steps(NamedTuple):
    """Units per step of the features that hang on the pair."""

    area: int
    fit: int
    cover: int
    text: int


class Shelf(NamedTuple):
    """Who may meet the need at hand, a place each, and room to work.

    ``place_of`` is a donor's place or -1. A donor that also stands in a wider area is closed there: ``under`` is that
    place or -1, ``held`` the terms it had. ``threshold`` is what a score must reach to enter the donor's list.
    """

    base: I16
    typical: I16
    budget: I16
    threshold: I16
    donor: I32
    under: I32
    held: I16
    place_of: I32
    worst: I16
    out: I16
    hits: U8
    lanes: I16
    folded: I16
    found: I32
    best: I64


@compiled
def score(out: I16, base: I16, typical: I16, budget: I16, amount: Int, const: Int, fit: Int, cover: Int) -> None:
    """out = base + const - fit * (distance of the amounts) - cover * (what the budget lacks), all capped."""
    for p in range(len(out)):
        distance = i16(typical[p] - i16(amount))
        if distance < i16(0):
            distance = i16(-distance)
        distance = min(distance, i16(REACH))
        lack = min(max(i16(i16(amount) - budget[p]), i16(0)), i16(REACH))
        out[p] = i16(i16(i16(base[p] + i16(const)) - i16(i16(fit) * distance)) - i16(i16(cover) * lack))


@compiled
def fold(lanes: I16, out: I16) -> None:
    """lanes[q] = the largest of eight scores of out (8 m), so that the top of the lanes bounds the top of all."""
    m = len(lanes)
    s0, s1, s2, s3 = out[0:m], out[m : 2 * m], out[2 * m : 3 * m], out[3 * m : 4 * m]
    s4, s5, s6, s7 = out[4 * m : 5 * m], out[5 * m : 6 * m], out[6 * m : 7 * m], out[7 * m : 8 * m]
    for q in range(m):
        first = max(max(s0[q], s1[q]), max(s2[q], s3[q]))
        lanes[q] = max(first, max(max(s4[q], s5[q]), max(s6[q], s7[q])))


@compiled
def count_from(lanes: I16, least: Int) -> Int:
    """How many lanes hold at least this much."""
    count = i16(0)
    for q in range(len(lanes)):
        count = i16(count + i16(lanes[q] >= i16(least)))
    return np.int64(count)


@compiled
def bound(lanes: I16, rank: Int) -> Int:
    """A score, 0 or more, that at least ``rank`` lanes reach, CLOSE to the highest such."""
    low, high = 0, UNREACHED
    while high - low > CLOSE:
        middle = (low + high) // 2
        if count_from(lanes, middle) >= rank:
            low = middle
        else:
            high = middle
    return low


@compiled
def least_of(shelf: Shelf, n: Int, rank: Int) -> Int:
    """A score, 0 or more, that the need's k-th best cannot be below; ``rank`` counts those that may be forbidden."""
    m = n // FOLD
    enough = LANES_PER_PLACE * rank
    if m < enough:
        return 0
    lanes = shelf.lanes[:m]
    fold(lanes, shelf.out)
    while m // FOLD >= enough:
        m //= FOLD
        fold(shelf.folded[:m], lanes)
        lanes[:m] = shelf.folded[:m]
    return bound(lanes[:m], rank)


@compiled
def mark(hits: U8, out: I16, threshold: I16, least: Int, bonus: Int) -> None:
    """hits = 1 where a score that may still gain ``bonus`` can reach the need's least or the donor's threshold."""
    for p in range(len(out)):
        hits[p] = u8(i16(out[p] + i16(bonus)) >= min(threshold[p], i16(least)))


@compiled
def gather(found: I32, hits: U8, n: Int) -> Int:
    """The places of the hits, and how many there are."""
    for p in range(n, (n + WORD - 1) // WORD * WORD):
        hits[p] = 0
    words = hits.view(np.uint64)
    count = 0
    for word in range((n + WORD - 1) // WORD):
        if words[word] == 0:
            continue
        for p in range(word * WORD, word * WORD + WORD):
            # Written in any case and kept where it is a hit: no branch to guess.
            found[count] = p
            count += hits[p]
    return count


@compiled
def dot(one: I8, other: I8) -> Any:
    """The product of two vectors. Their length is read, not known: 32 steps written out would not become vectors."""
    product = i32(0)
    for d in range(len(one)):
        product = i32(product + i32(one[d]) * i32(other[d]))
    return product


@compiled
def add_text(shelf: Shelf, count: Int, vectors: I8, vector: I8, step: Int, least: Int) -> Int:
    """Add step * level of the product of the vectors to the scores of the places found; keep those that still reach
    the need's least or the donor's threshold, and say how many these are."""
    kept = 0
    for at in range(count):
        p = shelf.found[at]
        level = min(max(dot(vectors[shelf.donor[p]], vector) >> SHIFT, 0), LONGEST)
        reached = i16(shelf.out[p] + step * level)
        shelf.out[p] = reached
        shelf.found[kept] = p
        kept += reached >= min(shelf.threshold[p], i16(least))
    return kept


@compiled
def insert(entries: I64, entry: Int) -> None:
    """Put an entry into a list, best first, where it beats the last; the entry must not be there yet."""
    at = len(entries) - 1
    if entry <= entries[at]:
        return
    while at > 0 and entries[at - 1] < entry:
        entries[at] = entries[at - 1]
        at -= 1
    entries[at] = entry


@compiled
def find(keys: I64, key: Int) -> Int:
    """Where a key stands among sorted keys, or -1."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low if low < len(keys) and keys[low] == key else -1


@compiled
def collect(shelf: Shelf, count: Int, need: Int, tie: Int, excluded: I64, donor_entries: I64) -> None:
    """Offer every pair found to the need's list and to the donor's; raise the thresholds passed."""
    best = shelf.best
    best[:] = -1
    for at in range(count):
        p = shelf.found[at]
        donor = shelf.donor[p]
        if len(excluded) and find(excluded, need << 32 | donor) >= 0:
            continue
        reached = shelf.out[p]
        value = np.int64(reached) << 32
        insert(best, value | (LOW - donor))
        if reached >= shelf.threshold[p]:
            mine = donor_entries[donor]
            insert(mine, value | (LOW - tie))
            shelf.worst[donor] = threshold_of(mine)
            shelf.threshold[p] = shelf.worst[donor]


@compiled
def threshold_of(entries: I64) -> Any:
    """The score that a list's last place holds, 0 while it is empty."""
    last = entries[len(entries) - 1]
    return i16(last >> 32) if last >= 0 else i16(0)


@compiled
def make_shelf(gives: Gives, k: Int, donor_entries: I64) -> Shelf:
    """An empty shelf with room for the longest posting of each area from anywhere down to the village."""
    widest = 0
    for at in range(len(gives.keys)):
        widest = max(widest, gives.starts[at + 1] - gives.starts[at])
    room = (len(LEVELS) + 1) * widest + WORD
    donors = len(gives.typical)
    worst = np.full(donors, UNREACHED, i16)
    for donor in range(len(donor_entries)):
        worst[donor] = threshold_of(donor_entries[donor])
    return Shelf(
        base=np.empty(room, i16), typical=np.empty(room, i16), budget=np.empty(room, i16),
        threshold=np.empty(room, i16), donor=np.empty(room, i32), under=np.empty(room, i32), held=np.empty(room, i16),
        place_of=np.full(donors, NOBODY, i32), worst=worst,
        out=np.empty(room, i16), hits=np.empty(room // WORD * WORD + WORD, u8),
        lanes=np.empty(room, i16), folded=np.empty(room, i16), found=np.empty(room + 1, i32),
        best=np.empty(k, np.int64),
    )  # fmt: skip


@compiled
def put(shelf: Shelf, start: Int, gives: Gives, found: Int, category: Int, term: Int) -> Int:
    """Put the donors of one posting on the shelf from ``start`` on, closed where they stood before; the new end."""
    p = start
    for at in range(gives.starts[found], gives.starts[found + 1]):
        donor = gives.members[at]
        under = shelf.place_of[donor]
        if under >= 0:
            shelf.held[p] = shelf.base[under]
            shelf.base[under] = i16(CLOSED)
        shelf.under[p], shelf.donor[p], shelf.place_of[donor] = under, donor, p
        shelf.base[p] = i16(gives.base[category, donor] + term)
        shelf.typical[p], shelf.budget[p] = gives.typical[donor], gives.budget[donor]
        shelf.threshold[p] = shelf.worst[donor]
        p += 1
    return p


@compiled
def take_off(shelf: Shelf, start: Int, end: Int) -> None:
    """Take what stands between off the shelf again, the last first."""
    for p in range(end - 1, start - 1, -1):
        donor, under = shelf.donor[p], shelf.under[p]
        shelf.place_of[donor] = under
        if under >= 0:
            shelf.base[under], shelf.threshold[under] = shelf.held[p], shelf.worst[donor]


@compiled
def fill(shelf: Shelf, ends: I64, areas: I64, is_same: bool, division: Int, key: Int, gives: Gives, category: Int,
         step: Int) -> None:  # fmt: skip
    """Exchange the layers that another division, or another kind or category, needs; ends, areas: those of each layer.

    ``key`` is that of the posting of area -1: anywhere.
    """
    end: Int = 0
    for layer in range(len(ends)):
        area = NOBODY if layer == 0 else division - division % LEVELS[layer - 1]
        if is_same and area == areas[layer]:
            end = ends[layer]
            continue
        if layer == 0 or is_same:
            take_off(shelf, end, ends[len(ends) - 1])
            is_same = False
        is_new = layer == 0 or area != areas[layer - 1]
        found = find(gives.keys, key + 1 + area) if is_new else NOBODY
        if found >= 0:
            end = put(shelf, end, gives, found, category, step * layer)
        areas[layer], ends[layer] = area, end


@compiled
def sweep(order: I64, asks: Asks, gives: Gives, steps: Steps, partners: I32, units: I32, donor_entries: I64) -> None:
    """Needs ``order``, those of one kind and category together and by division, against all donors they may meet.

    partners, units (N, k): the rows of the needs swept are filled in, the rest of a row is left. donor_entries
    (D, k): goes on from what is there; with no rows the donors' lists are left out.
    """
    k = partners.shape[1]
    shelf = make_shelf(gives, k, donor_entries)
    ends, areas = np.zeros(len(LEVELS) + 1, np.int64), np.zeros(len(LEVELS) + 1, np.int64)
    before = np.int64(-1)
    for at in range(len(order)):
        need = order[at]
        group = np.int64(asks.kind[need]) * CATEGORY_COUNT + asks.category[need]
        row = group if gives.by_category else np.int64(asks.kind[need])
        category, division = np.int64(asks.category[need]), asks.division[need]
        fill(shelf, ends, areas, group == before, division, row * AREA_ROOM, gives, category, steps.area)
        before = group
        n = ends[len(ends) - 1]
        if n == 0:
            continue
        out, amount, const = shelf.out[:n], asks.amount[need], np.int64(asks.const[need])
        fit, cover = (steps.fit, steps.cover) if amount > 0 else (0, 0)
        const += (fit + cover) * REACH
        excluded = asks.excluded[asks.excluded_start[need] : asks.excluded_start[need + 1]]
        score(out, shelf.base[:n], shelf.typical[:n], shelf.budget[:n], amount, const, fit, cover)
        least = least_of(shelf, n, k + len(excluded))
        mark(shelf.hits[:n], out, shelf.threshold[:n], least, steps.text * LONGEST)
        count = gather(shelf.found, shelf.hits, n)
        if steps.text > 0:
            count = add_text(shelf, count, gives.vectors, asks.vectors[need], steps.text, least)
        collect(shelf, count, need, asks.tie[need], excluded, donor_entries)
        for q in range(k):
            entry = shelf.best[q]
            if entry < 0:
                break
            partners[need, q], units[need, q] = LOW - (entry & LOW), entry >> 32


@compiled
def merge(entries: I64, others: I64) -> None:
    """Put every entry of one set of lists into another, each once."""
    for row in range(len(entries)):
        for q in range(entries.shape[1]):
            entry = others[row, q]
            if entry < 0:
                break
            insert(entries[row], entry)
