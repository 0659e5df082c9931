"""Files with weights: what is read, and what is said about files that hold something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archsim.cli.weights import read_matrix
from archsim.errors import ArchsimError
from archsim.workload import from_nir

MATRIX = np.array([[1.0, -2.5, 3.0], [0.0, 4e-3, 5.0]])


@pytest.fixture
def nir_file(root_dir: Path) -> Path:
    return root_dir / "workloads" / "recurrent_cuba.nir"


def csv(folder: Path, text: str | bytes) -> Path:
    file = folder / "w.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_every_kind_of_file_gives_the_same_matrix_and_the_same_hash(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", MATRIX)
    np.savez(tmp_path / "w.npz", w=MATRIX)
    csv(tmp_path, "1,-2.5,3\n0, 4e-3 ,5.0\n")
    found = [read_matrix(tmp_path / f"w.{kind}") for kind in ("npy", "npz", "csv")]
    for one in found:
        np.testing.assert_array_equal(one.values, MATRIX)
    assert len({one.sha256 for one in found}) == 1
    np.save(tmp_path / "t.npy", MATRIX.reshape(3, 2))
    assert read_matrix(tmp_path / "t.npy").sha256 != found[0].sha256


def test_numbers_of_every_real_type_are_read(tmp_path: Path) -> None:
    for dtype in (np.float32, np.int8, np.uint64, np.bool_):
        np.save(tmp_path / "w.npy", np.eye(2, dtype=dtype))
        values = read_matrix(tmp_path / "w.npy").values
        assert values.dtype == np.float64
        np.testing.assert_array_equal(values, np.eye(2))


def test_a_table_may_have_a_byte_order_mark_windows_line_ends_and_blank_lines(tmp_path: Path) -> None:
    file = csv(tmp_path, b"\xef\xbb\xbf\r\n1,2\r\n\r\n3,4\r\n")
    np.testing.assert_array_equal(read_matrix(file).values, [[1, 2], [3, 4]])


def test_one_of_several_arrays_is_chosen_by_its_key(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", fc1=MATRIX, fc2=MATRIX.T)
    found = read_matrix(tmp_path / "w.npz", key="fc2")
    np.testing.assert_array_equal(found.values, MATRIX.T)
    assert found.source == f"{tmp_path / 'w.npz'}, array 'fc2'"


def test_a_layer_of_a_network_has_a_row_for_each_input(nir_file: Path) -> None:
    layer = next(one for one in from_nir(nir_file).layers if one.weight is not None)
    found = read_matrix(nir_file, layer=layer.name).values
    assert layer.weight is not None
    np.testing.assert_array_equal(found, layer.weight.T)


def test_a_convolution_is_laid_out_tap_by_tap(reference_dir: Path) -> None:
    file = reference_dir / "data" / "nir" / "cnn_sinabs.nir"
    layer = next(one for one in from_nir(file).layers if one.weight is not None and one.weight.ndim == 4)
    found = read_matrix(file, layer=layer.name).values
    assert layer.weight is not None
    assert found.shape == (layer.n_rows(), layer.n_columns)
    np.testing.assert_array_equal(found[:, 1], layer.weight[1].ravel())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", r"line 1, field 1: 'a' is no number; a header is not read: remove this line"),
        ("1,2\n3,x\n", r"line 2, field 2: 'x' is no number$"),
        ("1,2\n\n3\n", r"line 3: a row of 1, but line 1 has 2"),
        ("1;2\n", "separated by commas"),
        ("1\t2\n", "separated by commas"),
        ("1,2,\n", r"field 3: '' is no number$"),
        ("", "is empty"),
        ("\n \n", "is empty"),
        (b"\xff\xfe1,2", "no text file"),
        ("1,nan\ninf,2\n", r"2 numbers are not finite, the first in row 0, column 1"),
        ("1,2\n3," + "y" * 500, r"'y{39}…' is no number"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(ArchsimError, match=said):
        read_matrix(csv(tmp_path, text))


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros(3), r"has shape \(3,\).*reshape it to \(inputs, 1\)"),
        (np.zeros((2, 2, 2)), r"has shape \(2, 2, 2\); a matrix \(inputs, outputs\) is needed$"),
        (np.zeros(()), r"has shape \(\)"),
        (np.zeros((0, 3)), r"is empty, shape \(0, 3\)"),
        (np.zeros((2, 2), dtype=complex), "complex128, not real numbers"),
        (np.array([["a"]]), "not real numbers"),
        (np.array([[1.0, np.nan]]), "1 number is not finite, the first in row 0, column 1"),
    ],
)
def test_an_array_that_is_no_matrix_of_numbers_is_refused(tmp_path: Path, array: np.ndarray, said: str) -> None:
    np.save(tmp_path / "w.npy", array)
    with pytest.raises(ArchsimError, match=said):
        read_matrix(tmp_path / "w.npy")


def test_arrays_of_python_objects_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.array([[object()]]), allow_pickle=True)
    with pytest.raises(ArchsimError, match="cannot be read as numpy's file"):
        read_matrix(tmp_path / "w.npy")
    np.savez(tmp_path / "w.npz", good=MATRIX, bad=np.array([[{}]]))
    with pytest.raises(ArchsimError, match="array 'bad' cannot be read"):
        read_matrix(tmp_path / "w.npz", key="bad")
    np.testing.assert_array_equal(read_matrix(tmp_path / "w.npz", key="good").values, MATRIX)


@pytest.mark.parametrize("name", ["w.npy", "w.npz"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x93NUMPY\x01\x00v\x00", b"text"])
def test_damaged_files_are_one_clear_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArchsimError, match="cannot be read as numpy's file"):
        read_matrix(tmp_path / name)


def test_a_cut_file_is_one_clear_error(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.zeros((50, 50)))
    whole = (tmp_path / "w.npy").read_bytes()
    (tmp_path / "w.npy").write_bytes(whole[:-100])
    with pytest.raises(ArchsimError, match="cannot be read as numpy's file"):
        read_matrix(tmp_path / "w.npy")


def test_a_file_under_the_wrong_name_is_told_as_what_it_is(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=MATRIX)
    (tmp_path / "w.npz").rename(tmp_path / "w.npy")
    with pytest.raises(ArchsimError, match=r"is an archive of arrays; name it \.npz"):
        read_matrix(tmp_path / "w.npy")
    np.save(tmp_path / "v.npy", MATRIX)
    (tmp_path / "v.npy").rename(tmp_path / "v.npz")
    with pytest.raises(ArchsimError, match=r"is a single array; name it \.npy"):
        read_matrix(tmp_path / "v.npz")


def test_a_choice_that_is_missing_or_unknown_names_what_there_is(tmp_path: Path, nir_file: Path) -> None:
    np.savez(tmp_path / "w.npz", first=MATRIX, second=MATRIX)
    with pytest.raises(ArchsimError, match="say with --key which array; there are: first, second"):
        read_matrix(tmp_path / "w.npz")
    with pytest.raises(ArchsimError, match="no array 'frist'; did you mean 'first'"):
        read_matrix(tmp_path / "w.npz", key="frist")
    np.savez(tmp_path / "none.npz")
    with pytest.raises(ArchsimError, match="there is none"):
        read_matrix(tmp_path / "none.npz")
    with pytest.raises(ArchsimError, match=r"no layer with weights 'x'.*there are: "):
        read_matrix(nir_file, layer="x")
    with pytest.raises(ArchsimError, match=r"--layer is for \.nir files; leave it out"):
        read_matrix(tmp_path / "w.npz", layer="fc1")
    with pytest.raises(ArchsimError, match=r"--key is for \.npz files"):
        read_matrix(nir_file, key="fc1")


def test_missing_files_folders_and_other_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchsimError, match="there is no such file"):
        read_matrix(tmp_path / "w.npy")
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(ArchsimError, match="is a folder"):
        read_matrix(tmp_path / "folder.npy")
    (tmp_path / "w.yaml").write_text("version: 1")
    with pytest.raises(ArchsimError, match=r"there are \.npy, \.npz, \.csv, \.nir"):
        read_matrix(tmp_path / "w.yaml")
