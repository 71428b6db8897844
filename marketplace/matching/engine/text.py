"""Short vectors for texts: words hashed, weighted by rarity, folded into 32 fitted whole numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from marketplace.core.text import bigrams, normal_form, words
from marketplace.matching.engine.features import TEXT_DIMENSIONS, TEXT_LENGTH

BUCKETS = 2048
SAMPLE = 4096
ITERATIONS = 6
BASIS_SCALE = 4096
RARITY_SCALE = 64

Vectors = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class TextSpace:
    """A fitted fold: rarity per bucket, the common part, and the basis, all in whole numbers (exact anywhere).

    rarity (2048,) int64, centre (32,) int64, basis (2048, 32) int64.
    """

    rarity: NDArray[np.int64]
    centre: NDArray[np.int64]
    basis: NDArray[np.int64]

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Texts -> (n, 32) int8 of length about 127; zeros where a text says nothing."""
        seen: dict[str, NDArray[np.int8]] = {}
        rows = np.zeros((len(texts), TEXT_DIMENSIONS), dtype=np.int8)
        for index, text in enumerate(texts):
            if text:
                if text not in seen:
                    seen[text] = self._vector(text)
                rows[index] = seen[text]
        return rows

    def _vector(self, text: str) -> NDArray[np.int8]:
        buckets = np.array(_buckets(text), dtype=np.int64)
        if not len(buckets):
            return np.zeros(TEXT_DIMENSIONS, dtype=np.int8)
        rarity = self.rarity[buckets]
        folded = rarity @ self.basis[buckets] - rarity.sum() * self.centre
        length = float(np.sqrt(float((folded.astype(np.float64) ** 2).sum())))
        if length == 0.0:
            return np.zeros(TEXT_DIMENSIONS, dtype=np.int8)
        vector: NDArray[np.int8] = np.rint(folded * (TEXT_LENGTH / length)).astype(np.int8)
        return vector


def fit_text(texts: Sequence[str], *, seed: int = 0) -> TextSpace:
    """Fit the fold on up to 4,096 distinct texts: truncated SVD of centred TF-IDF by subspace iteration.

    The same texts in any order and the same seed give the same space.
    """
    distinct = sorted({text for text in texts if text}, key=lambda text: (crc32(text.encode()), text))
    found = [_buckets(text) for text in distinct[:SAMPLE]]
    counts = np.zeros((max(len(found), 1), BUCKETS), dtype=np.float32)
    for row, buckets in enumerate(found):
        counts[row, buckets] = 1.0
    rarity = np.rint(RARITY_SCALE * (1 + np.log((1 + len(found)) / (1 + counts.sum(axis=0)))))
    weighted = counts * rarity.astype(np.float32)
    weighted /= np.maximum(weighted.sum(axis=1, keepdims=True), 1.0)
    basis = _leading(weighted - weighted.mean(axis=0), seed=seed)
    whole = np.rint(BASIS_SCALE * basis).astype(np.int64)
    centre = np.rint(weighted.mean(axis=0).astype(np.float64) @ whole).astype(np.int64)
    return TextSpace(rarity=rarity.astype(np.int64), centre=centre, basis=whole)


def _leading(centred: NDArray[np.float32], *, seed: int) -> NDArray[np.float64]:
    """The 32 leading right singular vectors of a matrix, signs fixed so that the largest entry is positive."""
    start = np.random.default_rng(seed).standard_normal((BUCKETS, TEXT_DIMENSIONS)).astype(np.float32)
    basis, _ = np.linalg.qr(start)
    for _ in range(ITERATIONS):
        basis, _ = np.linalg.qr(centred.T @ (centred @ basis) + 1e-6 * basis)
    largest = np.abs(basis).argmax(axis=0)
    signs = np.sign(basis[largest, np.arange(TEXT_DIMENSIONS)])
    return np.asarray(basis * signs, dtype=np.float64)


def _buckets(text: str) -> list[int]:
    """The distinct buckets of a text's bigrams, words and synonyms."""
    normal = normal_form(text)
    return sorted({crc32(token.encode()) % BUCKETS for token in {*bigrams(normal), *words(normal)}})
