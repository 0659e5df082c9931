"""Tables."""

from archsim.report import markdown_table, rate, text_table


def test_columns_of_numbers_are_aligned_to_the_right_and_words_to_the_left() -> None:
    assert text_table(["phase", "latency"], [["inference", "1 µs"], ["bp", "10.5 µs"]]).splitlines() == [
        "phase      latency",
        "inference     1 µs",
        "bp         10.5 µs",
    ]


def test_a_word_that_begins_like_infinity_is_no_number() -> None:
    assert text_table(["phase"], [["inference"], ["infinite"], ["x"]]).splitlines()[3] == "x"


def test_no_line_of_a_table_ends_in_blanks() -> None:
    lines = text_table(["a", "b"], [["x", ""], ["long", "word"]]).splitlines()
    assert all(line == line.rstrip() for line in lines)


def test_a_bar_in_a_cell_does_not_break_a_markdown_table() -> None:
    table = markdown_table(["a", "b"], [["x|y", "z"]])
    assert table.splitlines()[2] == r"| x\|y | z |"


def test_a_rate_without_end_has_no_prefix() -> None:
    assert rate(float("inf")) == "inf /s"
