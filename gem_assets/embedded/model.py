"""The two embedded models: counts in, what GEM's metadata prediction answers out.

These are small linear models trained on public reference profiles. They are not GEM-1, and their
version says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gem_assets.embedded.heads import Floats, SoftmaxHead
from gem_assets.embedded.latents import Latents
from gem_assets.embedded.sample_type import SampleTypeHead
from gem_assets.embedded.sex import male_probability
from gem_assets.embedded.vocabulary import BLOOD
from gem_assets.embedded.weights import WEIGHTS, ensembl_ids, load_arrays

BULK = "gem-1-bulk_predict-metadata"
SINGLE_CELL = "gem-1-sc_predict-metadata"
MODEL_IDS: tuple[str, ...] = (BULK, SINGLE_CELL)
"""The vendor's ids: a client finds the embedded models where it would find GEM-1."""

MODEL_VERSION = "embedded-2"
"""Changes with the weights: predictions are kept under it."""

OTHER_CELLS = "other"
"""Class of the single-cell head for whatever is not an immune cell; never answered."""

CHUNK = 64
"""Samples computed at a time. Short chunks are filled up with empty rows, because the last bits of
a matrix product depend on its shape, and an answer must not depend on its neighbours."""

DIGITS = 6
"""Decimals of the probabilities and latents that are answered."""

MOST = 0.5
"""Probability above which something is more likely than all else together."""

LARGEST_SEED = 2**64


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """What a query may ask of the decoder.

    Attributes
    ----------
    seed
        Any integer; the same seed and counts give the same answer.
    total_count
        Library size of the decoded counts; None: that of the sample.
    deterministic
        Expected counts, rounded, in place of a draw.
    """

    seed: int = 0
    total_count: int | None = None
    deterministic: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class SamplePrediction:
    """The answer about one sample.

    Attributes
    ----------
    metadata
        API name of a field -> the likeliest value; a field without evidence is absent.
    classifier_probs
        API name of a field -> value -> probability; the same fields.
    latents
        ``biological``, ``technical``, and ``perturbation``, which is empty: the references hold
        no perturbation.
    counts
        Decoded counts in the gene order, shape (genes,), int64.
    """

    metadata: dict[str, str]
    classifier_probs: dict[str, dict[str, float]]
    latents: dict[str, list[float]]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedModel:
    """One model with its weights; `load_model` makes it.

    Attributes
    ----------
    model_id, model_version
        What it is called and which weights it has.
    gene_ids
        The gene order: Ensembl ids, ascending.
    reference
        Columns that library sizes are summed over: nuclear coding genes, so that neither
        mitochondrial share nor annotation moves the log CPM.
    per
        Reads that log1p is taken per.
    heads
        API field name -> softmax head.
    sample_type
        None for single cells.
    sex
        Columns of XIST and the seven Y genes; None for single cells, where one gene's zero says
        nothing.
    latents
        Encoder and decoder.
    """

    model_id: str
    model_version: str
    gene_ids: tuple[str, ...]
    reference: NDArray[np.int32]
    per: float
    heads: dict[str, SoftmaxHead]
    sample_type: SampleTypeHead | None
    sex: NDArray[np.int32] | None
    latents: Latents

    @property
    def n_genes(self) -> int:
        """Length of the gene order."""
        return len(self.gene_ids)

    def predict(
        self,
        counts: sparse.csr_array | NDArray[np.generic],
        options: DecodingOptions = DecodingOptions(),
    ) -> Iterator[SamplePrediction]:
        """Yield one prediction a row, in order.

        Parameters
        ----------
        counts
            Samples x genes, in the gene order; non-negative whole numbers.
        options
            See `DecodingOptions`.

        Raises
        ------
        ValueError
            If ``counts`` has another width than the gene order.
        """
        if counts.shape[1] != self.n_genes:
            raise ValueError(f"{counts.shape[1]} genes given, {self.model_id} takes {self.n_genes}")
        rows = sparse.csr_array(counts)
        for start in range(0, rows.shape[0], CHUNK):
            chunk = rows[start : start + CHUNK].toarray().astype(np.float64)
            filled = np.zeros((CHUNK, self.n_genes))
            filled[: len(chunk)] = chunk
            yield from self._predict_chunk(filled, len(chunk), options)

    def _predict_chunk(
        self, counts: Floats, n: int, options: DecodingOptions
    ) -> Iterator[SamplePrediction]:
        library = np.maximum(counts[:, self.reference].sum(axis=1, keepdims=True), 1)
        log_cpm = np.log1p(counts * (self.per / library))
        probabilities = self._probabilities(counts, log_cpm)
        biological = self.latents.biological(log_cpm)
        technical = self.latents.technical(counts)
        expected = self.latents.expected_fractions(biological)
        for i in range(n):
            answered = {
                field: _ranked(classes, values[i])
                for field, (classes, values) in probabilities.items()
                if np.isfinite(values[i]).all() and counts[i].any()
            }
            answered = self._supported(answered)
            yield SamplePrediction(
                metadata={field: next(iter(probs)) for field, probs in answered.items()},
                classifier_probs=answered,
                latents={
                    "biological": np.round(biological[i], DIGITS).tolist(),
                    "technical": np.round(technical[i], DIGITS).tolist(),
                    "perturbation": [],
                },
                counts=_decoded(counts[i], expected[i], options),
            )

    def _probabilities(
        self, counts: Floats, log_cpm: Floats
    ) -> dict[str, tuple[tuple[str, ...], Floats]]:
        answers = {
            field: (head.classes, head.probabilities(log_cpm[:, head.genes]))
            for field, head in self.heads.items()
        }
        if self.sample_type is not None:
            words = self.sample_type.classes
            answers["sample_type"] = (words, self.sample_type.probabilities(log_cpm))
        if self.sex is not None:
            cpm = counts[:, self.sex] / np.maximum(counts.sum(axis=1, keepdims=True), 1) * 1e6
            male = male_probability(cpm[:, 0], cpm[:, 1:].mean(axis=1))
            answers["sex"] = (("female", "male"), np.column_stack([1 - male, male]))
        return answers

    def _supported(self, answers: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        """Drop the fields that another field's answer leaves without sense."""
        cell_type = answers.get("cell_type_ontology_id", {})
        if self.model_id == SINGLE_CELL:
            if cell_type.pop(OTHER_CELLS, 0.0) > MOST:
                answers.pop("cell_type_ontology_id")
            elif cell_type:
                total = sum(cell_type.values())
                for term, p in cell_type.items():
                    cell_type[term] = round(p / total, DIGITS)
            return answers
        # Answers are ranked, so the first is the likeliest.
        sample_type = next(iter(answers.get("sample_type", {})), None)
        if sample_type != "cell line":
            answers.pop("cell_line_ontology_id", None)
        # One type of immune cell is the answer about a sorted sample only: blood is a mixture.
        blood = answers.get("tissue_ontology_id", {}).get(BLOOD, 0.0)
        if sample_type != "primary cells" or blood <= MOST:
            answers.pop("cell_type_ontology_id", None)
        return answers

    def example_counts(self) -> NDArray[np.int64]:
        """Return the example query's counts: liver (bulk) or a classical monocyte (single cell)."""
        depth = 20_000_000 if self.model_id == BULK else 10_000
        expected = self.latents.expected_fractions(self.latents.example[None, :])[0]
        return np.asarray(np.rint(expected * depth), dtype=np.int64)


@cache
def load_model(model_id: str) -> EmbeddedModel:
    """Return a model; its weights are read once a process.

    Raises
    ------
    KeyError
        If there is no embedded model of that id.
    """
    if model_id not in MODEL_IDS:
        raise KeyError(f"no embedded model {model_id!r}; there are {', '.join(MODEL_IDS)}")
    groups = load_arrays(WEIGHTS / f"{model_id}.npz")
    order = groups["order"]
    fields = {
        "tissue": "tissue_ontology_id",
        "cell_line": "cell_line_ontology_id",
        "cell_type": "cell_type_ontology_id",
    }
    sample_type = groups.get("sample_type")
    sex = order.get("sex")
    return EmbeddedModel(
        model_id=model_id,
        model_version=MODEL_VERSION,
        gene_ids=ensembl_ids(order["genes"]),
        reference=order["reference"].astype(np.int32),
        per=1e6 if model_id == BULK else 1e4,
        heads={
            api: SoftmaxHead.from_arrays(groups[name])
            for name, api in fields.items()
            if name in groups
        },
        sample_type=None if sample_type is None else SampleTypeHead.from_arrays(sample_type),
        sex=None if sex is None else sex.astype(np.int32),
        latents=Latents.from_arrays(groups["latents"]),
    )


def _ranked(classes: tuple[str, ...], values: Floats) -> dict[str, float]:
    order = np.argsort(-values, kind="stable")
    rounded = np.round(values[order], DIGITS).tolist()
    return dict(zip([classes[i] for i in order], rounded, strict=True))


def _decoded(counts: Floats, expected: Floats, options: DecodingOptions) -> NDArray[np.int64]:
    total = int(counts.sum()) if options.total_count is None else options.total_count
    if options.deterministic:
        return np.rint(expected * total).astype(np.int64)
    content = hashlib.blake2b(counts.tobytes(), digest_size=8).digest()
    seed = [options.seed % LARGEST_SEED, int.from_bytes(content, "little")]
    rng = np.random.default_rng(seed)
    if total >= len(expected):
        return np.asarray(rng.multinomial(total, expected))
    # The same distribution, drawn read by read: a cell has fewer reads than there are genes.
    edges = np.cumsum(expected)
    drawn = np.searchsorted(edges, rng.random(total) * edges[-1], side="right")
    return np.bincount(drawn, minlength=len(expected))
