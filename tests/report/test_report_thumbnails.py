"""The pictures that Dagster shows: small for any dataset, valid, and with a sentence each."""

from __future__ import annotations

import base64
import re
import struct
import zlib

import numpy as np
import pandas as pd
import pytest

from gem_assets.report import charts, thumbnails
from gem_assets.report.charts.png import packed

N = 10_000
HOSTILE = "x](y) **b** <img src=a onerror=alert(1)>"


def samples_of(n: int) -> dict[str, str]:
    """Return every thumbnail of a dataset whose labels are full of Markdown."""
    rng = np.random.default_rng(0)
    ids = [f"{HOSTILE} {i}" for i in range(n)]
    labels = np.array([f"{HOSTILE} {i}" for i in range(60)])[rng.integers(0, 60, n)]
    statuses = rng.choice(["fail", "warn", "pass", "unclear", "not_assessed"], n)
    predicted = pd.DataFrame(
        {"sample_id": ids, "field": "tissue", "predicted_id": labels, "predicted_label": labels}
    )
    latents = pd.DataFrame(
        {"sample_id": ids, "space": "biological", "vector": list(rng.normal(size=(n, 8)))}
    )
    verdicts = predicted.assign(
        status=statuses, provided_label=rng.permutation(labels), provided_text="t"
    )
    rates = rng.uniform(0.1, 0.3, 80)
    history = pd.DataFrame(
        {
            "at": pd.date_range("2026-01-01", periods=80, tz="UTC"),
            "flagged_rate": rates,
            "ci_low": rates - 0.05,
            "ci_high": rates + 0.05,
        }
    )
    return {
        "library sizes": thumbnails.library_sizes(rng.lognormal(16, 1, n)),
        "matched shares": thumbnails.matched_shares(rng.beta(90, 10, n)),
        "predicted values": thumbnails.predicted_values(predicted),
        "latents": thumbnails.latent_scatter(latents, predicted),
        "status": thumbnails.status_bar(pd.DataFrame({"status": statuses})),
        "heatmap": thumbnails.label_heatmap(verdicts),
        "rates": thumbnails.flagged_rates(history),
    }


def pixels(png: bytes) -> bytes:
    """Return the data of a PNG that has it in one chunk or several."""
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    return zlib.decompress(data)


def size_of(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, after a look that all of its pixels are there."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(kind + body)
        chunks[kind] = chunks.get(kind, b"") + body
        at += 12 + length
    assert next(iter(chunks)) == b"IHDR"
    assert list(chunks)[-1] == b"IEND"
    width, height, bits, colours = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (bits, colours) == (8, 6)  # RGBA
    assert len(pixels(png)) == height * (1 + 4 * width)
    return width, height


@pytest.fixture(scope="module")
def large() -> dict[str, str]:
    return samples_of(N)


def test_each_picture_of_ten_thousand_samples_is_a_small_png(large: dict[str, str]) -> None:
    for name, markdown in large.items():
        whole = re.fullmatch(
            r"!\[(?:[^\[\]\\]|\\.)+\]\(data:image/png;base64,([\w+/=]+)\)", markdown
        )
        assert whole, name
        assert len(whole[1]) <= thumbnails.MAX_CHARACTERS, name
        width, height = size_of(base64.b64decode(whole[1], validate=True))
        assert width > 100, name
        assert height > 30, name


def test_each_picture_has_a_sentence_that_says_what_it_shows(large: dict[str, str]) -> None:
    for markdown in large.values():
        sentence = markdown.partition("](data:")[0].removeprefix("![")
        assert sentence[0].isupper() or sentence[0].isdigit()
        assert sentence.endswith(".")
    assert "10,000 samples" in large["library sizes"]
    assert "770 of 10,000 samples on two axes" in large["latents"]
    assert "80 runs: now " in large["rates"]


def test_a_packed_picture_is_the_same_picture() -> None:
    chart = charts.histogram(np.arange(40.0), "counts per sample")
    png = charts.to_png(chart)
    small = packed(png)
    assert len(small) < len(png)
    assert size_of(small) == size_of(png)
    assert pixels(small) == pixels(png)


def test_the_sentence_counts_what_the_picture_shows() -> None:
    samples = pd.DataFrame({"status": ["fail", "pass", "pass"]})
    assert thumbnails.status_bar(samples).startswith("![Samples: 1 contradicting, 2 agreeing.](")
    shares = thumbnails.matched_shares(np.array([0.5, 0.9, 1.0]))
    assert "of 3 samples that found a gene of the model: 50.0% to 100.0%, median 90.0%." in shares


def test_runs_that_judged_nothing_have_no_rate_to_draw() -> None:
    history = pd.DataFrame(
        {"at": pd.date_range("2026-01-01", periods=2, tz="UTC")}
        | dict.fromkeys(("flagged_rate", "ci_low", "ci_high"), np.nan)
    )
    assert thumbnails.flagged_rates(history) == "nothing was judged"
