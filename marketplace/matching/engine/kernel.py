"""The compiled sweep: the best k donors of each need and the best k needs of each donor, in one pass and exactly.

The donors that a need may meet lie side by side on a shelf, put there area by area: a stack, whose lower layers stay
while needs of one kind and category follow each other by division. Per need the shelf is scored in full in 16-bit whole
numbers, a bound from below on the k-th score is read off, and only the few pairs that can still enter a list are looked
at one by one. What looks at all pairs are small functions of plain loops, so that they become vector code.

A list entry is one int64, ``score << 32 | (2**32 - 1 - tie rank)``: larger is better, ties included, -1 is an empty
place. Everything stands in this one module: the cache of compiled code notices no change in another.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from marketplace.matching.engine.candidates import AREA_ROOM, CLOSED, LEVELS
from marketplace.matching.engine.compiled import compiled
from marketplace.matching.engine.features import AMOUNT_REACH, TEXT_DIMENSIONS, TEXT_LENGTH, TEXT_SHIFT
from marketplace.matching.engine.problem import CATEGORIES

I8 = NDArray[np.int8]
U8 = NDArray[np.uint8]
U64 = NDArray[np.uint64]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

Int: TypeAlias = int | np.integer[Any]

i16 = np.int16
i32 = np.int32
u8 = np.uint8
u64 = np.uint64
WORD = 8
LOW = (1 << 32) - 1
REACH = AMOUNT_REACH
DIMENSIONS = TEXT_DIMENSIONS
LONGEST = TEXT_LENGTH
SHIFT = TEXT_SHIFT
CATEGORY_COUNT = len(CATEGORIES)
# A bound from this many lanes per place of a list lets hardly more pairs through than the exact one.
LANES_PER_PLACE = 3
FOLD = 8
CLOSE = 16
# Places of a shelf are filled up to a multiple of this.
PAD = 128
NOBODY = -1
# No score reaches it: a donor's threshold where only the need's list is wanted.
UNREACHED = 32_767


class Asks(NamedTuple):
    """Columns of the needs of one part of a sweep, in its order; ``const`` are the terms that hang on the need alone.

    Need i is the row row[i] of ``vectors`` (N, DIMENSIONS) and of what is filled in, and is kept from the donors
    excluded[low[i]:high[i]], which are sorted.
    """

    row: I64
    kind: U8
    category: U8
    division: I64
    amount: I16
    const: I16
    vectors: I8
    tie: I64
    low: I64
    high: I64
    excluded: I64


class Gives(NamedTuple):
    """Columns of the donors, a row each, and how they are filed.

    ``own`` is (D, 15), what is read together side by side: the terms by category, then what a donor typically gives
    and its budget, both as levels.
    """

    own: I16
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


class Row(NamedTuple):
    """The postings of one kind and category: keys[low:high], each ``key + 1 + area``."""

    category: Int
    key: Int
    low: Int
    high: Int


class Shelf(NamedTuple):
    """Who may meet the need at hand, a place each, and room to work.

    ``place_of`` is a donor's place or -1. A donor that is found once more, in a narrower area, keeps its place and gets
    the terms of that area: ``raised`` is a stack of such places, ``held`` the terms that each had before. ``threshold``
    is what a score must reach to enter the donor's list. ``texts`` (DIMENSIONS, places) are the vectors of the texts.
    """

    base: I16
    typical: I16
    budget: I16
    threshold: I16
    texts: I8
    donor: I32
    place_of: I32
    raised: I32
    held: I16
    worst: I16
    out: I16
    products: I16
    hits: U8
    words: I32
    lanes: I16
    folded: I16
    found: I32
    best: I64


@compiled
def score(
    out: I16, base: I16, typical: I16, budget: I16, n: Int, amount: Int, const: Int, fit: Int, cover: Int
) -> None:
    """out = base + const - fit * (distance of the amounts) - cover * (what the budget lacks), all capped."""
    for p in range(n):
        distance = i16(typical[p] - i16(amount))
        if distance < i16(0):
            distance = i16(-distance)
        distance = min(distance, i16(REACH))
        lack = min(max(i16(i16(amount) - budget[p]), i16(0)), i16(REACH))
        out[p] = i16(i16(i16(base[p] + i16(const)) - i16(i16(fit) * distance)) - i16(i16(cover) * lack))


@compiled
def fold(lanes: I16, out: I16, length: Int) -> None:
    """lanes[q] = the largest of eight scores of out (8 length), so that the top of the lanes bounds the top of all."""
    # Unsigned: an index that might be negative would be tested at each step, and no vector code come of it.
    m = u64(length)
    m2, m3, m4, m5, m6, m7 = m + m, m * u64(3), m * u64(4), m * u64(5), m * u64(6), m * u64(7)
    for q in range(m):
        first = max(max(out[q], out[m + q]), max(out[m2 + q], out[m3 + q]))
        lanes[q] = max(first, max(max(out[m4 + q], out[m5 + q]), max(out[m6 + q], out[m7 + q])))


@compiled
def count_from(lanes: I16, m: Int, least: Int) -> Int:
    """How many of the first m lanes hold at least this much."""
    count = i16(0)
    for q in range(m):
        count = i16(count + i16(lanes[q] >= i16(least)))
    return np.int64(count)


@compiled
def bound(lanes: I16, m: Int, rank: Int) -> Int:
    """A score, 0 or more, that at least ``rank`` of the first m lanes reach, CLOSE to the highest such."""
    low, high = 0, UNREACHED
    while high - low > CLOSE:
        middle = (low + high) // 2
        if count_from(lanes, m, middle) >= rank:
            low = middle
        else:
            high = middle
    return low


@compiled
def least_of(out: I16, n: Int, lanes: I16, folded: I16, rank: Int) -> Int:
    """A score, 0 or more, that at least ``rank`` of the first n reach; lanes, folded: room to work."""
    m = n // FOLD
    enough = LANES_PER_PLACE * rank
    if m < enough:
        return 0
    fold(lanes, out, m)
    while m // FOLD >= enough:
        m //= FOLD
        fold(folded, lanes, m)
        for q in range(m):
            lanes[q] = folded[q]
    return bound(lanes, m, rank)


@compiled
def add_eight(products: I16, texts: I8, first: Int, n: Int, vectors: I8, need: Int) -> None:
    """products += the products of eight dimensions of the texts, from ``first`` on."""
    v0, v1, v2, v3 = (
        i16(vectors[need, first]), i16(vectors[need, first + 1]), i16(vectors[need, first + 2]),
        i16(vectors[need, first + 3]),
    )  # fmt: skip
    v4, v5, v6, v7 = (
        i16(vectors[need, first + 4]), i16(vectors[need, first + 5]), i16(vectors[need, first + 6]),
        i16(vectors[need, first + 7]),
    )  # fmt: skip
    t0, t1, t2, t3 = texts[first], texts[first + 1], texts[first + 2], texts[first + 3]
    t4, t5, t6, t7 = texts[first + 4], texts[first + 5], texts[first + 6], texts[first + 7]
    for p in range(n):
        products[p] = i16(
            products[p]
            + t0[p] * v0
            + t1[p] * v1
            + t2[p] * v2
            + t3[p] * v3
            + t4[p] * v4
            + t5[p] * v5
            + t6[p] * v6
            + t7[p] * v7
        )


@compiled
def multiply(products: I16, texts: I8, n: Int, vectors: I8, need: Int) -> None:
    """products = the product of each text on the shelf with the need's."""
    for p in range(n):
        products[p] = i16(0)
    for first in range(0, DIMENSIONS, 8):
        add_eight(products, texts, first, n, vectors, need)


@compiled
def multiply_each(
    products: I16, n: Int, found: I32, count: Int, donor: I32, others: I8, vectors: I8, need: Int
) -> None:
    """The same for the places found alone, without texts on the shelf; 0 elsewhere."""
    for p in range(n):
        products[p] = i16(0)
    for at in range(count):
        who = donor[found[at]]
        product = i16(0)
        # The length is read, not known: 32 steps written out would not become vectors.
        for d in range(vectors.shape[1]):
            product = i16(product + i16(vectors[need, d]) * i16(others[who, d]))
        products[found[at]] = product


@compiled
def add_text(out: I16, products: I16, n: Int, step: Int) -> None:
    """out += step * level of the products."""
    for p in range(n):
        level = min(max(i16(products[p] >> i16(SHIFT)), i16(0)), i16(LONGEST))
        out[p] = i16(out[p] + i16(i16(step) * level))


@compiled
def mark(hits: U8, out: I16, threshold: I16, n: Int, least: Int) -> None:
    """hits = 1 where a score reaches the need's least or the donor's threshold."""
    for p in range(n):
        hits[p] = u8(out[p] >= min(threshold[p], i16(least)))


@compiled
def gather(found: I32, words: U64, hit_words: I32, n: Int) -> Int:
    """The places of the hits among the first n, and how many there are; ``words``: eight hits each.

    Written in any case and kept where there is a hit: no branch to guess.
    """
    some = 0
    for word in range(n // WORD):
        hit_words[some] = word
        some += words[word] != u64(0)
    count: Int = 0
    for at in range(some):
        bits, first = words[hit_words[at]], hit_words[at] * WORD
        for p in range(first, first + WORD):
            found[count] = p
            count += np.int64(bits & u64(1))
            bits >>= u64(8)
    return count


@compiled
def insert(entries: I64, row: Int, entry: Int) -> None:
    """Put an entry into a row of entries, best first, where it beats the last; the entry must not be there yet."""
    at = entries.shape[1] - 1
    if entry <= entries[row, at]:
        return
    while at > 0 and entries[row, at - 1] < entry:
        entries[row, at] = entries[row, at - 1]
        at -= 1
    entries[row, at] = entry


@compiled
def first_from(keys: I64, low: Int, high: Int, key: Int) -> Int:
    """Where the first of sorted keys[low:high] stands that is not below a key."""
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def find(keys: I64, low: Int, high: Int, key: Int) -> Int:
    """Where a key stands among sorted keys[low:high], or -1."""
    at = first_from(keys, low, high, key)
    return at if at < high and keys[at] == key else NOBODY


@compiled
def list_donors(best: I64, out: I16, found: I32, count: Int, donor: I32, excluded: I64, low: Int, high: Int) -> None:
    """Make the need's list (1, k) of the donors found; it is kept from excluded[low:high]."""
    best[:] = -1
    for at in range(count):
        p = found[at]
        who = donor[p]
        if low == high or find(excluded, low, high, who) < 0:
            insert(best, 0, np.int64(out[p]) << 32 | (LOW - who))


@compiled
def list_need(
    entries: I64, out: I16, found: I32, count: Int, donor: I32, threshold: I16, worst: I16, tie: Int,
    excluded: I64, low: Int, high: Int,
) -> None:  # fmt: skip
    """Offer the need to the donors found whose threshold it reaches, and raise these."""
    for at in range(count):
        p = found[at]
        if out[p] < threshold[p]:
            continue
        who = donor[p]
        if low == high or find(excluded, low, high, who) < 0:
            insert(entries, who, np.int64(out[p]) << 32 | (LOW - tie))
            worst[who] = threshold_of(entries, who)
            threshold[p] = worst[who]


@compiled
def threshold_of(entries: I64, row: Int) -> Any:
    """The score that a list's last place holds, 0 while it is empty."""
    last = entries[row, entries.shape[1] - 1]
    return i16(last >> 32) if last >= 0 else i16(0)


@compiled
def make_shelf(gives: Gives, k: Int, donor_entries: I64, with_texts: bool) -> Shelf:
    """An empty shelf with room for the longest posting of each area from anywhere down to the village."""
    widest = 0
    for at in range(len(gives.keys)):
        widest = max(widest, gives.starts[at + 1] - gives.starts[at])
    donors = len(gives.own)
    found_at_most = (len(LEVELS) + 1) * widest
    room = min(found_at_most, donors) + PAD
    text_room = room if with_texts else 0
    worst = np.full(donors, UNREACHED, i16)
    for donor in range(len(donor_entries)):
        worst[donor] = threshold_of(donor_entries, donor)
    return Shelf(
        base=np.empty(room, i16), typical=np.empty(room, i16), budget=np.empty(room, i16),
        threshold=np.empty(room, i16), texts=np.empty((DIMENSIONS, text_room), np.int8),
        donor=np.empty(room, i32), place_of=np.full(donors, NOBODY, i32), raised=np.empty(found_at_most, i32),
        held=np.empty(found_at_most, i16), worst=worst,
        out=np.empty(room, i16), products=np.empty(room, i16), hits=np.empty(padded(room), u8),
        words=np.empty(room, i32), lanes=np.empty(room, i16), folded=np.empty(room, i16), found=np.empty(room + 1, i32),
        best=np.empty((1, k), np.int64),
    )  # fmt: skip


@compiled
def put(shelf: Shelf, end: Int, top: Int, gives: Gives, found: Int, category: Int, term: Int, with_texts: bool) -> Int:
    """Put the donors of one posting on the shelf, whose places end at ``end`` and whose stack at ``top``.

    Returns how many of them came new; the others were raised.
    """
    p = end
    for at in range(gives.starts[found], gives.starts[found + 1]):
        donor = gives.members[at]
        stands = shelf.place_of[donor]
        if stands >= 0:
            shelf.raised[top], shelf.held[top] = stands, shelf.base[stands]
            shelf.base[stands] = i16(gives.own[donor, category] + term)
            top += 1
            continue
        shelf.donor[p], shelf.place_of[donor] = donor, p
        shelf.base[p] = i16(gives.own[donor, category] + term)
        shelf.typical[p], shelf.budget[p] = gives.own[donor, CATEGORY_COUNT], gives.own[donor, CATEGORY_COUNT + 1]
        shelf.threshold[p] = shelf.worst[donor]
        if with_texts:
            for d in range(DIMENSIONS):
                shelf.texts[d, p] = gives.vectors[donor, d]
        p += 1
    return p - end


@compiled
def take_off(shelf: Shelf, start: Int, end: Int, low: Int, top: Int) -> None:
    """Lower the places raised[low:top] again, the last first, and take what stands from start to end off the shelf."""
    for at in range(top - 1, low - 1, -1):
        shelf.base[shelf.raised[at]] = shelf.held[at]
    for p in range(start, end):
        shelf.place_of[shelf.donor[p]] = NOBODY


@compiled
def row_of(gives: Gives, kind: Int, category: Int) -> Row:
    """Where the postings of one kind, and one category where that is hard, stand among the keys."""
    row = kind * CATEGORY_COUNT + category if gives.by_category else kind
    first, after = row * AREA_ROOM, (row + 1) * AREA_ROOM
    return Row(
        category,
        first,
        first_from(gives.keys, 0, len(gives.keys), first),
        first_from(gives.keys, 0, len(gives.keys), after),
    )


@compiled
def fill(
    shelf: Shelf, layers: I64, is_same: bool, division: Int, row: Row, gives: Gives, step: Int, with_texts: bool
) -> Int:
    """Exchange the layers that another division or another row needs, and return how many places are filled.

    layers (3, levels + 1): the area of each layer, and where its places and its part of the stack end.
    """
    areas, ends, tops = layers[0], layers[1], layers[2]
    last = len(ends) - 1
    end: Int = 0
    top: Int = 0
    for layer in range(len(ends)):
        area = NOBODY if layer == 0 else division - division % LEVELS[layer - 1]
        if is_same and area == areas[layer]:
            end, top = ends[layer], tops[layer]
            continue
        if layer == 0 or is_same:
            take_off(shelf, end, ends[last], top, tops[last])
            is_same = False
        is_new = layer == 0 or area != areas[layer - 1]
        found = find(gives.keys, row.low, row.high, row.key + 1 + area) if is_new else NOBODY
        if found >= 0:
            size = gives.starts[found + 1] - gives.starts[found]
            came = put(shelf, end, top, gives, found, row.category, step * layer, with_texts)
            end, top = end + came, top + size - came
        areas[layer], ends[layer], tops[layer] = area, end, top
    for p in range(end, padded(end)):
        shelf.base[p], shelf.typical[p], shelf.budget[p] = i16(CLOSED), i16(0), i16(0)
        shelf.threshold[p], shelf.donor[p] = i16(0), i32(0)
    return end


@compiled
def padded(end: Int) -> Int:
    """So many places that the loops over them need no steps beside their vector steps."""
    return (end + PAD - 1) // PAD * PAD


@compiled
def sweep(asks: Asks, gives: Gives, steps: Steps, partners: I32, units: I16, donor_entries: I64) -> None:
    """Some needs, those of one kind and category together and by division, against all donors they may meet.

    partners, units (N, k): the rows of these needs are filled in as far as there are donors, the rest of each is left.
    donor_entries (D, k): goes on from what is there; with no rows the donors' lists are left out.
    """
    k = partners.shape[1]
    with_texts = steps.text > 0 and len(donor_entries) > 0
    shelf = make_shelf(gives, k, donor_entries, with_texts)
    # Named here once: an array that is read from a tuple is counted each time, and threads would wait for each other.
    kinds, categories, divisions, amounts, consts = asks.kind, asks.category, asks.division, asks.amount, asks.const
    rows = asks.row
    need_vectors, ties, vectors = asks.vectors, asks.tie, gives.vectors
    excluded, lows, highs = asks.excluded, asks.low, asks.high
    base, typical, budget, threshold, donor, worst = (
        shelf.base, shelf.typical, shelf.budget, shelf.threshold, shelf.donor, shelf.worst,
    )  # fmt: skip
    texts, out, products, hits = shelf.texts, shelf.out, shelf.products, shelf.hits
    lanes, folded, found, best = shelf.lanes, shelf.folded, shelf.found, shelf.best
    words, hit_words = hits.view(np.uint64), shelf.words
    layers = np.zeros((3, len(LEVELS) + 1), np.int64)
    n: Int = 0
    kind, category, division = np.int64(NOBODY), np.int64(NOBODY), np.int64(NOBODY)
    row = row_of(gives, kind, category)
    for need in range(len(kinds)):
        is_same = kinds[need] == kind and categories[need] == category
        if not is_same:
            kind, category = np.int64(kinds[need]), np.int64(categories[need])
            row = row_of(gives, kind, category)
        if not is_same or divisions[need] != division:
            division = divisions[need]
            n = padded(fill(shelf, layers, is_same, division, row, gives, steps.area, with_texts))
        if n == 0:
            continue
        amount, const = amounts[need], np.int64(consts[need])
        fit, cover = (steps.fit, steps.cover) if amount > 0 else (0, 0)
        const += (fit + cover) * REACH
        low, high = lows[need], highs[need]
        score(out, base, typical, budget, n, amount, const, fit, cover)
        if steps.text > 0:
            if with_texts:
                multiply(products, texts, n, need_vectors, rows[need])
            else:
                # For one need alone: only what the text can still bring into its list.
                least = least_of(out, n, lanes, folded, k + high - low) - steps.text * LONGEST
                mark(hits, out, threshold, n, least)
                count = gather(found, words, hit_words, n)
                multiply_each(products, n, found, count, donor, vectors, need_vectors, rows[need])
            add_text(out, products, n, steps.text)
        mark(hits, out, threshold, n, least_of(out, n, lanes, folded, k + high - low))
        count = gather(found, words, hit_words, n)
        list_donors(best, out, found, count, donor, excluded, low, high)
        list_need(donor_entries, out, found, count, donor, threshold, worst, ties[need], excluded, low, high)
        for q in range(k):
            entry = best[0, q]
            if entry < 0:
                break
            partners[rows[need], q], units[rows[need], q] = LOW - (entry & LOW), entry >> 32


@compiled
def merge(entries: I64, others: I64) -> None:
    """Put every entry of one set of lists into another, each once."""
    for row in range(len(entries)):
        for q in range(entries.shape[1]):
            entry = others[row, q]
            if entry < 0:
                break
            insert(entries, row, entry)
