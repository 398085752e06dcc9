"""Results, edited as a script of faults wants them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from gem_assets.embedded.faults.script import Edit


@dataclass(frozen=True, slots=True)
class ServedModel:
    """What stands in front of the embedded model.

    Attributes
    ----------
    version
        What answers state as ``model_version``; None for the model's own.
    reversed_genes
        Whether counts come and go in the reverse of the model's own gene order.
    """

    version: str | None = None
    reversed_genes: bool = False

    @property
    def name(self) -> str:
        """One word for it."""
        return f"{self.version or 'own'}{'-reversed' if self.reversed_genes else ''}"

    def request(self, body: bytes) -> bytes:
        """Return a prediction request as the embedded model takes it."""
        if not self.reversed_genes:
            return body
        asked = msgspec.json.decode(body)
        for item in asked["inputs"]:
            item["counts"].reverse()
        return msgspec.json.encode(asked)

    def result(self, body: bytes, edits: Iterable[Edit]) -> bytes:
        """Return the embedded model's result as this model's, with ``edits``."""
        edits = list(edits)
        if self == ServedModel() and not edits:
            return body
        result: dict[str, Any] = msgspec.json.decode(body)
        if self.version is not None:
            result["model_version"] = self.version
        if self.reversed_genes:
            result["gene_order"].reverse()
            for output in result["outputs"]:
                output["decoder_sample"]["counts"].reverse()
        for edit in edits:
            _edit(result["outputs"], edit)
        # Not msgspec: it has no word for NaN, which is what some servers write.
        return json.dumps(result, separators=(",", ":")).encode()


def _edit(outputs: list[dict[str, Any]], edit: Edit) -> None:
    first = outputs[0]
    match edit:
        case "fewer_outputs":
            outputs.pop()
        case "more_outputs":
            outputs.append(first)
        case "nan_probabilities":
            _change_likeliest(first, lambda _: math.nan)
        case "null_probabilities":
            _change_likeliest(first, lambda _: None)
        case "unnormalised_probabilities":
            _change_likeliest(first, lambda p: p * 1.7)
        case "empty_decoder_sample":
            first["decoder_sample"] = {"counts": []}
        case "null_decoder_sample":
            first["decoder_sample"] = None
        case "short_decoder_sample":
            first["decoder_sample"]["counts"].pop()


def _change_likeliest(output: dict[str, Any], change: Any) -> None:
    """Change the probability of the last value of each field that has several."""
    for by_value in output["classifier_probs"].values():
        if len(by_value) > 1:
            value = list(by_value)[-1]
            by_value[value] = change(by_value[value] or 0.1)
