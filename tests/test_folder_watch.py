"""Watching dataset folders: stamps that see every change, and refreshes asked for once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from gem_assets.datasets import Stamp, stamp_dataset
from gem_assets.folder_watch import MOST_GONE, Found, Looks, Memory, look_at, tick
from gem_assets.problems import refuse

# Stamps


def write(folder: Path, name: str, text: str = "x") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_every_change_of_a_file_changes_the_stamp_and_looking_does_not(tmp_path: Path) -> None:
    counts = write(tmp_path, "counts.tsv")
    seen = [stamp_dataset(UPath(tmp_path))]
    assert stamp_dataset(UPath(tmp_path)) == seen[0]

    def look() -> None:
        seen.append(stamp_dataset(UPath(tmp_path)))

    counts.write_text("more")
    look()
    os.utime(counts, ns=(0, 1))
    look()
    write(tmp_path, "samples.csv")
    look()
    write(tmp_path, "review.csv")
    look()
    write(tmp_path, "10x/a/b/matrix.mtx.gz")
    look()
    counts.rename(tmp_path / "other.tsv")
    look()
    assert len({stamp.word for stamp in seen}) == len(seen)
    assert {len(stamp.word) for stamp in seen} == {8}


def test_hidden_files_are_no_files_of_the_dataset(tmp_path: Path) -> None:
    write(tmp_path, "counts.tsv")
    before = stamp_dataset(UPath(tmp_path))
    write(tmp_path, ".counts.tsv.Xy12")  # as rsync writes while it copies
    assert stamp_dataset(UPath(tmp_path)) == before


@pytest.mark.parametrize(
    ("files", "has_counts"),
    [
        ((), False),
        (("samples.csv", "dataset.yaml", "review.csv"), False),
        (("samples.csv", "abundances"), True),
        (("counts/quant.sf",), True),
    ],
)
def test_a_dataset_without_counts_is_told_from_one_with_them(
    tmp_path: Path, files: tuple[str, ...], has_counts: bool
) -> None:
    for name in files:
        write(tmp_path, name, "")
    assert stamp_dataset(UPath(tmp_path)).has_counts is has_counts


def test_a_sheet_or_aliases_of_another_name_are_no_counts(tmp_path: Path) -> None:
    write(tmp_path, "donors.csv", "sample_id,tissue")
    write(tmp_path, "words.csv", "field,text,term")
    write(tmp_path, "dataset.yaml", "samples: donors.csv\naliases: words.csv")
    assert not stamp_dataset(UPath(tmp_path)).has_counts
    write(tmp_path, "donors.tsv", "gene")
    assert stamp_dataset(UPath(tmp_path)).has_counts


def test_what_dataset_yaml_points_to_counts_however_deep_it_lies(tmp_path: Path) -> None:
    deep = write(tmp_path, "a/b/c/d/counts.tsv")
    folder = write(tmp_path, "1/2/3/4/quant.sf")
    without = stamp_dataset(UPath(tmp_path))
    deep.write_text("more")
    assert stamp_dataset(UPath(tmp_path)) == without  # below the levels that readers look into
    for counts, path in (("a/b/c/d/counts.tsv", deep), ("1/2/3/4", folder)):
        write(tmp_path, "dataset.yaml", f"counts: {counts}")
        before = stamp_dataset(UPath(tmp_path))
        path.write_text(path.read_text() + "more")
        assert stamp_dataset(UPath(tmp_path)) != before


@pytest.mark.parametrize(
    "said", ["counts: [", "counts: ../other", "counts: gone.tsv", "aliases: 3"]
)
def test_a_dataset_yaml_that_is_wrong_is_the_runs_to_refuse(tmp_path: Path, said: str) -> None:
    write(tmp_path, "counts.tsv")
    write(tmp_path, "dataset.yaml", said)
    assert stamp_dataset(UPath(tmp_path)).has_counts


def test_a_remote_dataset_is_stamped_by_its_listing_as_it_is_now() -> None:
    folder = UPath("memory://folder_watch/bulk/lungs")
    (folder / "counts.tsv").write_text("x")
    first = stamp_dataset(folder)
    assert stamp_dataset(folder) == first
    (folder / "counts.tsv").write_text("xy")
    assert stamp_dataset(folder) != first


# A look at all of them


def test_one_dataset_that_can_not_be_looked_at_hides_no_other() -> None:
    def stamp(name: str) -> Stamp:
        if name == "b":
            raise PermissionError(13, "Permission denied")
        if name == "c":
            raise refuse("too_many_files", "it holds more than 9 files.", "Name one.")
        return Stamp(name, has_counts=True)

    looks = look_at(["a", "b", "c", "d"], stamp, "", lambda: False)
    assert set(looks.stamps) == {"a", "d"}
    assert looks.problems == (
        "b can't be looked at: Permission denied.",
        "c: it holds more than 9 files. Name one.",
    )


def test_what_there_was_no_time_for_is_looked_at_first_the_next_time() -> None:
    names = [f"d{i}" for i in range(7)]
    seen: list[str] = []
    start = ""
    for _ in range(3):
        answers = iter([False, False])  # time for three
        looks = look_at(
            names,
            lambda name: seen.append(name) or Stamp("s", has_counts=True),  # type: ignore[func-returns-value]
            start,
            lambda: next(answers, True),  # noqa: B023 - called before the next round
        )
        start = looks.left_off
    assert seen == ["d0", "d1", "d2", "d3", "d4", "d5", "d6", "d0", "d1"]


# What is to be done


class Watch:
    """A sensor's ticks, with its cursor as text."""

    def __init__(self) -> None:
        self.cursor: str | None = None

    def tick(
        self,
        files: dict[str, str],
        registered: tuple[str, ...] | None = None,
        *,
        auto_run: bool = True,
        has_counts: bool = True,
        looked: tuple[str, ...] | None = None,
    ) -> Found:
        stamps = {
            name: Stamp(word, has_counts)
            for name, word in files.items()
            if looked is None or name in looked
        }
        found = tick(
            Memory.from_cursor(self.cursor),
            Looks(stamps, ()),
            files,
            tuple(files) if registered is None else registered,
            auto_run=auto_run,
        )
        self.cursor = found.memory.cursor()
        return found


def test_files_that_are_the_same_for_two_ticks_are_requested_once() -> None:
    watch = Watch()
    requests = [watch.tick({"lungs": word}).refresh for word in ("a", "b", "b", "b", "c", "c", "c")]
    assert requests == [{}, {}, {"lungs": "lungs:b"}, {}, {}, {"lungs": "lungs:c:1"}, {}]


def test_files_that_come_back_are_requested_again_under_a_key_of_their_own() -> None:
    watch = Watch()
    keys = [
        key
        for word in ("a", "a", "b", "b", "a", "a", "b", "b")
        for key in watch.tick({"lungs": word}).refresh.values()
    ]
    # Dagster starts a key once: the second "a" must not have the key of the first.
    assert keys == ["lungs:a", "lungs:b:1", "lungs:a:2", "lungs:b:3"]


def test_a_dataset_without_counts_waits_for_them() -> None:
    watch = Watch()
    for _ in range(3):
        assert not watch.tick({"lungs": "a"}, has_counts=False).refresh
    watch.tick({"lungs": "b"})
    assert watch.tick({"lungs": "b"}).refresh


def test_a_dataset_that_was_not_looked_at_is_as_it_was() -> None:
    watch = Watch()
    watch.tick({"lungs": "a"})
    watch.tick({"lungs": "a"}, looked=())
    assert watch.tick({"lungs": "a"}).refresh


def test_without_auto_run_changes_are_told_once_and_new_datasets_are_no_change() -> None:
    watch = Watch()
    told = [watch.tick({"lungs": word}, auto_run=False) for word in ("a", "a", "a", "b", "b", "b")]
    assert [found.changed for found in told] == [(), (), (), (), ("lungs",), ()]
    assert not any(found.refresh for found in told)


def test_who_turns_auto_run_on_has_requested_what_was_only_told() -> None:
    watch = Watch()
    for _ in range(3):
        watch.tick({"lungs": "a"}, auto_run=False)
    watch.tick({"lungs": "a"})
    assert watch.tick({"lungs": "a"}).refresh == {"lungs": "lungs:a"}
    for _ in range(3):  # and off again, of what was requested nothing is told
        assert not watch.tick({"lungs": "a"}, auto_run=False).changed


def test_a_removed_folder_is_told_once_for_each_time_it_goes() -> None:
    watch = Watch()
    both = ("heart", "lungs")
    gone = [
        watch.tick(files, both).gone
        for files in (
            {"lungs": "a", "heart": "a"},
            {"lungs": "a"},
            {"lungs": "a"},
            {"lungs": "a", "heart": "a"},
            {"lungs": "a"},
        )
    ]
    assert gone == [(), ("heart",), (), (), ("heart",)]


def test_what_was_forgotten_leaves_nothing_in_the_cursor() -> None:
    watch = Watch()
    for _ in range(2):
        watch.tick({"lungs": "a"})
    watch.tick({}, ("lungs",))
    watch.tick({}, ())
    assert watch.cursor == "{}"


def test_of_many_removed_folders_some_are_told_at_a_time() -> None:
    watch = Watch()
    names = tuple(f"d{i:03}" for i in range(MOST_GONE + 5))
    assert [len(watch.tick({}, names).gone) for _ in range(3)] == [MOST_GONE, 5, 0]


@pytest.mark.parametrize("cursor", [None, "", "{", "7", '{"requested": 3}'])
def test_a_cursor_that_can_not_be_understood_is_forgotten(cursor: str | None) -> None:
    assert Memory.from_cursor(cursor) == Memory()


def test_the_cursor_stays_small_for_a_thousand_datasets() -> None:
    watch = Watch()
    files = {f"dataset_{i:04}": f"{i:08}" for i in range(1_000)}
    for _ in range(2):
        watch.tick(files)
    assert watch.cursor is not None
    assert len(watch.cursor) < 30_000


FILES = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=20)


@given(FILES)
def test_whatever_happens_a_run_is_requested_of_settled_files_only_and_never_twice(
    looks: list[tuple[str, bool]],
) -> None:
    """Of each tick: the stamp that is seen, and whether the sensor may request runs."""
    watch = Watch()
    keys: list[str] = []
    requested = before = None
    for word, auto_run in looks:
        found = watch.tick({"lungs": word}, auto_run=auto_run)
        keys += found.refresh.values()
        assert not (found.refresh and found.changed)
        if found.refresh:
            assert auto_run
            assert word == before  # two ticks in a row
            assert word != requested
            requested = word
        if found.changed:
            assert not auto_run
            assert word == before
        before = word
    assert len(keys) == len(set(keys))
    # And if it settles, it is requested in the end.
    for _ in range(2):
        keys += watch.tick({"lungs": "z"}).refresh.values()
    assert keys[-1].startswith("lungs:z")
