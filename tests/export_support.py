"""Names that must appear as text everywhere."""

ODD = (
    "<script>alert(1)</script>", 'say "a", \'b\'', "two\nlines\r\n\tand a tab", "😀 αβ", "x" * 500, "=1+1", "+1",
    "-1", "@sum", "'quoted", "back\\slash", "100 %d %s", "&amp;", "a.b..c", "",
)  # fmt: skip
