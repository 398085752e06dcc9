"""The shipped levels come from the named references by the committed script."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gem_assets.embedded.training.tissue_levels import main
from gem_assets.embedded.weights import load_arrays
from gem_assets.qc.tissue_levels import LEVELS


def test_the_shipped_levels_are_what_the_script_writes(shared_data: Path, tmp_path: Path) -> None:
    written = tmp_path / "levels.npz"
    main(["--references", str(shared_data / "training"), "--levels", str(written)])
    shipped, anew = load_arrays(LEVELS)["levels"], load_arrays(written)["levels"]
    assert set(shipped) == set(anew)
    for name, array in shipped.items():
        np.testing.assert_array_equal(array, anew[name])


def test_the_levels_are_small_and_coarse() -> None:
    assert LEVELS.stat().st_size < 2**18
    levels = load_arrays(LEVELS)["levels"]
    assert levels["low"].dtype == levels["high"].dtype == np.uint8
    assert (levels["low"] <= levels["high"]).all()
    assert int(levels["high"].max()) < 20
