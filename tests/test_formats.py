"""The page on formats names those that the code has."""

from __future__ import annotations

from importlib import import_module

from archsim.spec import Chip
from archsim.workload.models import WorkloadModel

# some rooms have functions of the same names
result, run_file, learning, study, checkpoints, error_model, activity_file = (
    import_module(f"archsim.{name}")
    for name in (
        "report.folder", "metrics.run_file", "learn.result", "explore.folder", "learn.checkpoints",
        "crossbar.learned.file", "snn.activity_file",
    )
)  # fmt: skip


def test_the_page_on_formats_says_what_is_written(root_dir):
    page = (root_dir / "docs" / "guides" / "reproduce.md").read_text()
    told = page.partition("<!-- formats -->")[2].partition("<!-- end of formats -->")[0]
    for plain in (result.FORMAT, run_file.FORMAT, learning.FORMAT, study.FORMAT):
        assert f"`{plain}`" in told
    versions = {
        checkpoints.FORMAT: checkpoints.VERSION, error_model.FORMAT: error_model.FORMAT_VERSION,
        activity_file.FORMAT: activity_file.FORMAT_VERSION,
    }  # fmt: skip
    for name, version in versions.items():
        assert f"`{name}`, version {version}" in told
    older = " and ".join(str(version) for version in activity_file.READS[:-1])
    assert f"({older} are read too)" in told
    for model in (Chip, WorkloadModel):
        assert model.model_json_schema(by_alias=True)["properties"]["version"]["const"] == 1
