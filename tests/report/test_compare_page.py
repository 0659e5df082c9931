"""The page of a comparison, in a headless Chromium."""

from __future__ import annotations

from archsim.report.html.compare import Frame, Table, compare_page

HOSTILE = "<script>alert(1)</script>\"'&\n🙂"


def test_the_page_shows_both_timelines_asks_for_nothing_and_takes_names_as_text(chromium, result, tmp_path):
    file = tmp_path / "compare.html"
    table = Table(HOSTILE, ["part", HOSTILE], [[HOSTILE, "+1 pJ"]])
    file.write_text(compare_page([table], [], [Frame(HOSTILE, result), Frame("b", result)]), encoding="utf-8")
    page, said, asked = chromium.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    for k in range(2):
        inside = page.frame_locator("iframe").nth(k)
        inside.locator("body[data-ready]").wait_for(timeout=300_000)
        assert inside.locator("#canvas").is_visible()
        assert not inside.locator("#summary").is_visible()
    assert page.locator("h2").first.inner_text().split() == HOSTILE.split()
    assert page.locator("tbody th").first.inner_text().split() == HOSTILE.split()
    assert not said
    assert [url for url in asked if not url.startswith(("data:", "about:"))] == [file.as_uri()]
    page.close()
