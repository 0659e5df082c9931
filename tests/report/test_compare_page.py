"""The page of a comparison, in a headless Chromium."""

from __future__ import annotations

import pytest
from chromium_support import complaints
from looks_support import LOOKS, WATCH, WIDTHS

from archsim.cli.app import app
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
    assert complaints(page) == []
    assert not said
    assert [url for url in asked if not url.startswith(("data:", "about:"))] == [file.as_uri()]
    page.close()


def test_three_timelines_zoom_together_over_the_longest_run(chromium, result, named, tmp_path):
    """The first takes 2 ns, the others 1.2 ns: all of them can show 2 ns."""
    frames = [Frame("a", result), Frame("b", named("b")), Frame("c", named("c"))]
    ends = [frame.result.latency_ps for frame in frames]
    assert ends[0] > ends[1]
    file = tmp_path / "compare.html"
    file.write_text(compare_page([], [], frames), encoding="utf-8")
    page, said = chromium.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    page.frame_locator("iframe").nth(2).locator("body[data-ready]").wait_for(timeout=300_000)
    inner = [frame for frame in page.frames if frame is not page.main_frame]
    look = "[shown.line.from, shown.line.to, shown.line.extent]"

    def views(wanted):
        for _ in range(100):
            if (found := [frame.evaluate(look) for frame in inner]) == wanted:
                return found
            page.wait_for_timeout(50)
        return found

    assert views([[0, ends[0], ends[0]]] * 3) == [[0, ends[0], ends[0]]] * 3
    inner[1].evaluate("shown.line.view(500, 900)")
    assert views([[500, 900, ends[0]]] * 3) == [[500, 900, ends[0]]] * 3
    page.uncheck("#together")
    own = [[0, end, end] for end in ends]
    assert views(own) == own
    inner[0].evaluate("shown.line.view(100, 200)")
    page.wait_for_timeout(200)
    assert [frame.evaluate(look)[:2] for frame in inner] == [[100, 200], *([0, end] for end in ends[1:])]
    assert not said
    page.close()


@pytest.fixture(scope="module")
def compared(tmp_path_factory, root_dir):
    """The page that the command writes: two chips, a learning phase, all tables and pictures."""
    folder = tmp_path_factory.mktemp("compared")
    chips = [str(root_dir / "tests/chips/wearable_rram.yaml"), str(root_dir / "arch_specs/wearable_rram.yaml")]
    small = [word for one in ("timesteps=2", "samples=1", "batch=1") for word in ("--set", one)]
    work = ["--workload", str(root_dir / "workloads/watch_mlp.yaml"), "--phase", "dfa", "--engine", "heap"]
    assert not app(["compare", *chips, *work, *small, "-o", str(folder / "out")], standalone_mode=False)
    return folder / "out" / "compare.html"


def test_no_text_lies_on_another_and_nothing_is_cut(chromium, compared):
    page, found = chromium.new_page(), []
    page.add_init_script(WATCH)
    page.goto(compared.as_uri())
    inner = [frame for frame in page.frames if frame is not page.main_frame]
    assert len(inner) == 2
    for frame in inner:
        frame.wait_for_selector("body[data-ready]", timeout=300_000)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(100)
            for frame in inner:
                frame.evaluate("() => { clearTexts(); shown.line.resize(); }")
            page.wait_for_timeout(100)
            found += [f"{width} {scheme}: {one}" for frame in page.frames for one in frame.evaluate(LOOKS)]
    assert found == []
    page.close()
