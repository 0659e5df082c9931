"""Spans in CSV and Parquet, as Python's csv, pandas, duckdb and polars read them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from archsim.errors import ArchsimError
from archsim.export import export, write_csv, write_parquet
from archsim.metrics import Result
from archsim.metrics.spans import COLUMNS, NAMED


def expected(result: Result) -> list[tuple[object, ...]]:
    """The rows in words, None where there is nothing."""
    spans = result.spans()
    rows = []
    for i in range(spans.n_spans):
        row: list[object] = []
        for key in COLUMNS:
            value = int(getattr(spans, key)[i])
            if key in NAMED:
                row.append(getattr(spans, f"{key}_names")[value])
            else:
                row.append(None if value < 0 and key in ("timestep", "sample") else value)
        rows.append(tuple(row))
    return rows


def test_csv_is_read_back_the_same_with_every_odd_name(odd: Result, tmp_path: Path) -> None:
    assert write_csv(odd, tmp_path / "run.csv") == odd.spans().n_spans
    with (tmp_path / "run.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == COLUMNS
    read = []
    for row in rows:
        cells = zip(head, row, strict=True)
        read.append(tuple(c.removeprefix("'") if k in NAMED else int(c) if c else None for k, c in cells))
    assert read == expected(odd)


def test_no_cell_begins_like_a_formula(odd: Result, tmp_path: Path) -> None:
    write_csv(odd, tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(newline="", encoding="utf-8") as file:
        cells = {cell for row in csv.reader(file) for cell in row}
    assert {"'=1+1", "'+1", "'-1", "'@sum", "''quoted"} <= cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_pandas_reads_the_csv(dfa: Result, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    write_csv(dfa, tmp_path / "run.csv.gz")
    frame = pandas.read_csv(tmp_path / "run.csv.gz")
    assert (frame.end_ps - frame.start_ps).sum() == (dfa.spans().end_ps - dfa.spans().start_ps).sum()
    assert frame.layer.fillna("").tolist() == dfa.spans().frame().layer.astype(str).tolist()


@pytest.mark.parametrize("name", ["odd", "dfa", "nothing"])
def test_three_readers_read_the_parquet_file(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    result: Result = request.getfixturevalue(name)
    file = tmp_path / "run.parquet"
    assert write_parquet(result, file) == result.spans().n_spans
    rows = expected(result)
    if pandas := pytest.importorskip("pandas"):
        frame = pandas.read_parquet(file)
        assert tuple(frame.columns) == COLUMNS
        assert frame.resource.astype(str).tolist() == [row[1] for row in rows]
        assert frame.start_ps.tolist() == [row[4] for row in rows]
    duckdb = pytest.importorskip("duckdb")
    assert duckdb.sql(f"select * from '{file}'").fetchall() == rows
    polars = pytest.importorskip("polars")
    assert polars.read_parquet(file).rows() == rows


def test_the_parquet_file_says_where_it_comes_from(odd: Result, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(odd, tmp_path / "run.parquet")
    about = json.loads(parquet.read_schema(tmp_path / "run.parquet").metadata[b"archsim"])
    assert about["name"] == odd.name
    assert about["provenance"] == {"seed": 3}


def test_a_format_is_told_by_the_name_of_the_file(odd: Result, tmp_path: Path) -> None:
    for name in ("a.json", "a.json.gz", "a.kanata", "a.vcd", "a.csv", "a.parquet"):
        assert export(odd, tmp_path / name) > 0
        assert (tmp_path / name).stat().st_size > 0
    with pytest.raises(ArchsimError, match=r"a.txt: the name does not tell the format; end it in .csv, .kanata"):
        export(odd, tmp_path / "a.txt")
    with pytest.raises(ArchsimError, match="unknown format 'fst'; there are: csv, konata, parquet"):
        export(odd, tmp_path / "a.txt", "fst")


def test_what_cannot_be_written_leaves_everything_as_it_was(odd: Result, tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(ArchsimError, match="is a folder; name a file"):
        write_csv(odd, tmp_path / "a.csv")
    with pytest.raises(ArchsimError, match="cannot be written: No such file"):
        write_csv(odd, tmp_path / "none" / "a.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_data_frames_and_files_say_the_same(dfa: Result, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    write_parquet(dfa, tmp_path / "run.parquet")
    read, frame = pandas.read_parquet(tmp_path / "run.parquet"), dfa.spans().frame()
    for key in COLUMNS:
        column = read[key].fillna(-1) if key in ("timestep", "sample") else read[key]
        assert np.array_equal(column.to_numpy(), frame[key].to_numpy()), key
