"""The compiled sweep: every pair's score in 16-bit whole numbers, the best k of each need and each donor in one pass.

Scoring, marking and collecting are small separate functions, so that the first two become vector code; only
pairs that can still enter a list are touched one by one. A list entry is one int64, ``score << 32 | (2**32 - 1 -
tie rank)``: larger is better, ties included, and -1 is an empty place.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.compiled import compiled
from marketplace.matching.engine.features import AMOUNT_REACH, TEXT_DIMENSIONS, TEXT_LENGTH, TEXT_SHIFT
from marketplace.matching.engine.problem import CATEGORIES

I8 = NDArray[np.int8]
U8 = NDArray[np.uint8]
I16 = NDArray[np.int16]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

Int: TypeAlias = int | np.integer[Any]

i16 = np.int16
u8 = np.uint8
# 8,192 pairs x (base 2 + two amounts 4 + threshold 2 + score 2 + mark 1 bytes) stay in the second-level cache.
BLOCK = 8192
EIGHT = 8
# From FEW donors on a bound pays; from MANY on it is taken from a sixty-fourth of them.
FEW = 128
MANY = 1024
WORD = 8
LOW = (1 << 32) - 1
REACH = AMOUNT_REACH
CLOSED = -32_000
DIMENSIONS = TEXT_DIMENSIONS
LONGEST = TEXT_LENGTH
SHIFT = TEXT_SHIFT
CATEGORY_COUNT = len(CATEGORIES)


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
def dot_eight(dots: I16, columns: I8, vector: I8, first: Int, offset: Int) -> None:
    """dots += eight dimensions of the products of one vector with columns (32, P) from ``offset`` on."""
    end = offset + len(dots)
    v0, v1, v2, v3 = i16(vector[first]), i16(vector[first + 1]), i16(vector[first + 2]), i16(vector[first + 3])
    v4, v5, v6, v7 = (
        i16(vector[first + 4]),
        i16(vector[first + 5]),
        i16(vector[first + 6]),
        i16(vector[first + 7]),
    )
    c0 = columns[first][offset:end]
    c1 = columns[first + 1][offset:end]
    c2 = columns[first + 2][offset:end]
    c3 = columns[first + 3][offset:end]
    c4 = columns[first + 4][offset:end]
    c5 = columns[first + 5][offset:end]
    c6 = columns[first + 6][offset:end]
    c7 = columns[first + 7][offset:end]
    for p in range(len(dots)):
        dots[p] = i16(
            dots[p]
            + c0[p] * v0
            + c1[p] * v1
            + c2[p] * v2
            + c3[p] * v3
            + c4[p] * v4
            + c5[p] * v5
            + c6[p] * v6
            + c7[p] * v7
        )


@compiled
def add_text(out: I16, dots: I16, step: Int) -> None:
    """out += step * level of the product; products of vectors of length 127 stay inside 16 bits."""
    for p in range(len(out)):
        level = min(max(i16(dots[p] >> i16(SHIFT)), i16(0)), i16(LONGEST))
        out[p] = i16(out[p] + i16(i16(step) * level))


@compiled
def mark(hits: U8, out: I16, thresholds: I16, least: Int) -> None:
    """hits = 1 where a score reaches the need's least or the donor's own threshold."""
    for p in range(len(out)):
        hits[p] = u8(out[p] >= min(thresholds[p], i16(least)))


@compiled
def eighth(lanes: I16, out: I16) -> None:
    """lanes[q] = the largest of eight scores of out (8 m), so that the top of the lanes bounds the top of all."""
    m = len(lanes)
    s0, s1, s2, s3 = out[0:m], out[m : 2 * m], out[2 * m : 3 * m], out[3 * m : 4 * m]
    s4, s5, s6, s7 = out[4 * m : 5 * m], out[5 * m : 6 * m], out[6 * m : 7 * m], out[7 * m : 8 * m]
    for q in range(m):
        first = max(max(s0[q], s1[q]), max(s2[q], s3[q]))
        lanes[q] = max(first, max(max(s4[q], s5[q]), max(s6[q], s7[q])))


@compiled
def bound(lanes: I16, least: Int, rank: Int) -> Int:
    """A score that at least ``rank`` pairs reach: the rank-th largest lane, or ``least`` where that is more."""
    if rank > len(lanes):
        return np.int64(least)
    count: Int = 0
    for q in range(len(lanes)):
        value = lanes[q]
        if value < least:
            continue
        at = min(count, rank - 1)
        if count == rank and lanes[at] >= value:
            continue
        # The sorted top sits in the places already read, so nothing unread is lost.
        while at > 0 and lanes[at - 1] < value:
            lanes[at] = lanes[at - 1]
            at -= 1
        lanes[at] = value
        count = min(count + 1, rank)
    if count < rank:
        return np.int64(least)
    reached: Any = max(least, lanes[rank - 1])
    return np.int64(reached)


@compiled
def offer(entries: I64, row: Int, entry: Int) -> None:
    """Put an entry into a row of entries (rows, k), best first; one that is there already keeps its better form."""
    at = entries.shape[1] - 1
    if entry <= entries[row, at]:
        return
    for q in range(entries.shape[1]):
        held = entries[row, q]
        if held >= 0 and (held ^ entry) & LOW == 0:
            if held >= entry:
                return
            at = q
            break
    while at > 0 and entries[row, at - 1] < entry:
        entries[row, at] = entries[row, at - 1]
        at -= 1
    entries[row, at] = entry


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
def collect(
    hits: U8,
    words: U64,
    out: I16,
    thresholds: I16,
    members: I64,
    need: Int,
    tie: Int,
    need_entries: I64,
    donor_entries: I64,
    excluded: I64,
    low: Int,
    high: Int,
) -> None:
    """Offer every marked pair of a block to the need's list and the donor's; raise the thresholds passed."""
    n = len(out)
    last = need_entries.shape[1] - 1
    for p in range(n, (n + WORD - 1) // WORD * WORD):
        hits[p] = 0
    for word in range((n + WORD - 1) // WORD):
        if words[word] == 0:
            continue
        for p in range(word * WORD, word * WORD + WORD):
            if hits[p] == 0:
                continue
            donor = members[p]
            if low < high and find(excluded[low:high], need << 32 | donor) >= 0:
                continue
            value = np.int64(out[p]) << 32
            offer(need_entries, need, value | (LOW - donor))
            if len(donor_entries):
                offer(donor_entries, donor, value | (LOW - tie))
                worst = donor_entries[donor, last]
                thresholds[p] = i16(worst >> 32) if worst >= 0 else i16(0)


@compiled
def sweep_block(
    need: Int,
    tie: Int,
    amount: Int,
    const: Int,
    fit: Int,
    cover: Int,
    text_step: Int,
    vector: I8,
    base: I16,
    typical: I16,
    budget: I16,
    columns: I8,
    offset: Int,
    members: I64,
    thresholds: I16,
    need_entries: I64,
    donor_entries: I64,
    excluded: I64,
    low: Int,
    high: Int,
    out: I16,
    dots: I16,
    lanes: I16,
    hits: U8,
    words: U64,
) -> None:
    """One need against one block of at most BLOCK donors, which starts at ``offset`` of the text columns."""
    n = len(base)
    out = out[:n]
    score(out, base, typical, budget, amount, const, fit, cover)
    if text_step > 0:
        dots = dots[:n]
        dots[:] = i16(0)
        for first in range(0, DIMENSIONS, 8):
            dot_eight(dots, columns, vector, first, offset)
        add_text(out, dots, text_step)
    worst = need_entries[need, need_entries.shape[1] - 1]
    least = worst >> 32 if worst >= 0 else 0
    if n >= FEW:
        lanes = lanes[: n // EIGHT]
        eighth(lanes, out)
        if n >= MANY:
            # The text products are added by now, so their room is free.
            eighth(dots[: n // EIGHT // EIGHT], lanes)
            lanes = dots[: n // EIGHT // EIGHT]
        least = bound(lanes, least, need_entries.shape[1] + high - low)
    mark(hits[:n], out, thresholds, least)
    collect(hits, words, out, thresholds, members, need, tie, need_entries, donor_entries, excluded, low, high)


@compiled
def sweep(
    order: I64,
    first: Int,
    last: Int,
    kind: U8,
    category: U8,
    division: I64,
    amount: I16,
    const: I16,
    tie: I64,
    vectors: I8,
    excluded: I64,
    excluded_start: I64,
    is_dense: bool,
    kind_base: I64,
    category_base: I64,
    levels: I64,
    keys: I64,
    starts: I64,
    members: I64,
    base: I16,
    typical: I16,
    budget: I16,
    columns: I8,
    thresholds: I16,
    area_steps: Int,
    fit: Int,
    cover: Int,
    text_step: Int,
    must_fit_area: bool,
    need_entries: I64,
    donor_entries: I64,
) -> None:
    """Needs order[first:last] against every donor (dense) or against the postings of their areas (blocked).

    order groups needs by division, kind and category. Dense: postings are keyed by area alone and say where
    each donor stands; base is (78, D) by kind and category and every pair is scored. Blocked: postings are keyed by
    ``area * kind_base + kind * category_base (+ category)``; base is (13 or 1, P).
    """
    out, dots, lanes = np.empty(BLOCK, i16), np.empty(BLOCK, i16), np.empty(BLOCK // EIGHT, i16)
    hits = np.zeros(BLOCK, u8)
    words = hits.view(np.uint64)
    shelf = np.empty(base.shape[1] if is_dense else 0, i16)
    area_row = np.empty(len(shelf), i16)
    whole = np.arange(len(shelf))
    before = np.int64(-1)
    for at in range(first, last):
        need = order[at]
        place, k, c = division[need], np.int64(kind[need]), np.int64(category[need])
        known = amount[need] > 0
        need_fit, need_cover = (fit, cover) if known else (0, 0)
        need_const: Int = const[need] + (fit + cover) * REACH if known else np.int64(const[need])
        low, high = excluded_start[need], excluded_start[need + 1]
        if is_dense:
            row = k * CATEGORY_COUNT + c
            changed = at == first or place != division[before]
            if changed:
                fill_area(area_row, place, levels, keys, starts, members, area_steps, must_fit_area)
            if changed or k != kind[before] or c != category[before]:
                fill_shelf(shelf, base[row], area_row)
            before = need
            for p in range(0, len(shelf), BLOCK):
                q = min(p + BLOCK, len(shelf))
                sweep_block(
                    need, tie[need], amount[need], need_const, need_fit, need_cover, text_step, vectors[need],
                    shelf[p:q], typical[p:q], budget[p:q], columns, p, whole[p:q],
                    thresholds[p:q], need_entries, donor_entries, excluded, low, high,
                    out, dots, lanes, hits, words,
                )  # fmt: skip
            continue
        row = c if base.shape[0] > 1 else np.int64(0)
        previous = np.int64(-1)
        for level in range(len(levels) - 1, -1, -1):
            area = place - place % levels[level]
            if area == previous:
                continue
            previous = area
            found = find(keys, area * kind_base + k * category_base + (c if category_base > 1 else 0))
            if found < 0:
                continue
            term = area_steps * (1 + level_of(area, levels))
            for p in range(starts[found], starts[found + 1], BLOCK):
                end: Any = min(p + BLOCK, starts[found + 1])
                sweep_block(
                    need, tie[need], amount[need], need_const + term, need_fit, need_cover, text_step,
                    vectors[need], base[row][p:end], typical[p:end], budget[p:end], columns, p, members[p:end],
                    thresholds[p:end], need_entries, donor_entries, excluded, low, high,
                    out, dots, lanes, hits, words,
                )  # fmt: skip


@compiled
def level_of(area: Int, levels: I64) -> Int:
    """0 nationwide, 1 province, ... 5 village: the shallowest level whose open digits are zero."""
    for level in range(len(levels)):
        if area % levels[level] == 0:
            return level
    return len(levels) - 1


@compiled
def fill_area(
    row: I16,
    place: Int,
    levels: I64,
    keys: I64,
    starts: I64,
    members: I64,
    area_steps: Int,
    must_fit_area: bool,
) -> None:
    """The area term of every donor for one division; CLOSED where it lies outside and must not."""
    row[:] = i16(CLOSED) if must_fit_area else i16(0)
    for level in range(len(levels)):
        area = place - place % levels[level]
        found = find(keys, area)
        if found >= 0:
            term = i16(area_steps * (1 + level_of(area, levels)))
            for at in range(starts[found], starts[found + 1]):
                row[members[at]] = term


@compiled
def fill_shelf(shelf: I16, base: I16, area_row: I16) -> None:
    """The terms that needs of one division, kind and category share; CLOSED where either part is."""
    for p in range(len(shelf)):
        # Read and added before the choice: a load that hangs on a condition would not become vector code.
        area = area_row[p]
        both = i16(base[p] + area)
        shelf[p] = both if area >= i16(0) else i16(CLOSED)


@compiled
def merge(entries: I64, others: I64) -> None:
    """Offer every entry of one set of lists to another."""
    for row in range(len(entries)):
        for q in range(entries.shape[1]):
            if others[row, q] >= 0:
                offer(entries, row, others[row, q])
