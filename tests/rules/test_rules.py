"""Rules are asked, not known by name: phases of files, schema and command line come from their register."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from typer.testing import CliRunner

import archsim
from archsim.cli.app import app
from archsim.mapping import rule_of
from archsim.registry import RULES
from archsim.rules.base import Rule
from archsim.workload import phases
from archsim.workload.models import WorkloadModel

NAMES = ("bp", "dfa", "direct_kolen_pollack", "drtp", "eprop", "eprop_symmetric", "feedback_alignment",
         "kolen_pollack", "local_losses", "ottt", "sign_symmetric", "weight_mirror")  # fmt: skip
PACKAGE = Path(archsim.__file__).parent
# files outside rules/ that name a rule, and why
NAMED = {
    "learn/story.py": "the two that are compared where nobody chooses",
    "learn/result.py": "the difference of these two is a figure of its own",
    "explore/models.py": "the documented rule of a study that simulates inference",
    "explore/rule_fronts.py": "pairs of lines with BP and DFA",
    "snn/learn/pretraining.py": "training before the chip is BP",
    "snn/learn/trainer.py": "the default of a recipe",
    "snn/learn/feedbacks/kinds/kolen_pollack.py": "a kind of matrix: what the rule of that name would end at",
    "snn/learn/feedbacks/kinds/weight_mirror.py": "a kind of matrix: what the rule of that name would end at",
    "plot/study.py": "a picture of BP beside DFA",
    "study/comparison.py": "the study of BP and DFA",
    "study/configurations.py": "the study of BP and DFA",
    "study/dfa_vs_bp/page.py": "the study of BP and DFA",
    "study/rules/contenders.py": "the study of rules: who takes part",
    "study/rules/page.py": "the study of rules: who takes part",
    "study/rules/published.py": "the published comparison of DFA with BP",
    "study/dfa_vs_bp/run.py": "the study of BP and DFA",
}


class Nothing(Rule):
    """The least that a rule must say."""

    kind = "nothing"

    def lay_down(self, ctx, forward, gradients):
        raise NotImplementedError

    def gradients(self, network, tape, error, products, recipe):
        raise NotImplementedError


def call(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def names_a_rule(path: Path) -> bool:
    text = path.read_text()
    if not any(name in text for name in RULES):
        return False
    nodes = ast.walk(ast.parse(text))
    return any(isinstance(node, ast.Constant) and node.value in RULES.names() for node in nodes)


def test_no_file_knows_a_rule_by_its_name():
    files = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")]
    found = {path.as_posix() for path in files if path.parts[0] != "rules" and names_a_rule(PACKAGE / path)}
    assert found == set(NAMED)


def test_phases_are_inference_the_rules_and_programming():
    assert phases() == ("inference", *NAMES, "program")
    assert rule_of("inference") is rule_of("program") is None
    assert [type(rule_of(name)) for name in RULES] == list(RULES.values())
    assert WorkloadModel.model_json_schema()["properties"]["phases"]["items"] == {
        "enum": ["inference", *NAMES, "program"], "type": "string",
    }  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values())
def test_a_rule_says_how_it_is_called_and_drawn(rule):
    assert rule.title
    assert rule.error_stage
    assert 0 <= rule.colour <= 6


def test_a_rule_without_more_needs_no_array_and_no_room_but_the_weights():
    plan = type("Plan", (), {"copy": ()})
    rule = Nothing()
    assert not rule.blocks(None, None, plan)
    assert not list(rule.rooms(None, plan, plan, {0: 8}))
    assert not rule.error_arrays(plan)
    assert rule.most_blocks(None, None, None, 8) == 0
    assert rule.n_timesteps_under_way(3) == 3
    assert rule.feedback(None, None, 0, None) == {}


def test_a_rule_without_tasks_or_numbers_is_refused():
    half = type("Half", (Rule,), {"kind": "half"})
    with pytest.raises(archsim.PluginError, match="lacks gradients, lay_down"):
        archsim.register(half)
    assert "half" not in RULES


@pytest.mark.usefixtures("own_kinds")
def test_the_command_line_takes_the_rules_there_are(root_dir):
    chip, work = root_dir / "tests/chips/wearable_rram.yaml", root_dir / "workloads/watch_mlp.yaml"
    small = ("--set", "timesteps=1", "--set", "samples=1", "--set", "batch=1")
    wrong = call("run", chip, work, "--phase", "hebb")
    assert wrong.exit_code == 2
    assert "'hebb' is not one of 'inference', 'bp', 'dfa', 'direct_kolen_pollack'" in " ".join(
        wrong.output.split()
    )
    refused = call("learn", chip, work, "--rule", "hebb")
    assert "'hebb' is not one of 'bp', 'dfa', 'direct_kolen_pollack'" in " ".join(refused.output.split())
    assert call("map", chip, work, "--phase", "dfa", *small).exit_code == 0
    archsim.register(Nothing)
    assert "'local_losses', 'nothing'" in " ".join(call("run", chip, work, "--phase", "hebb").output.split())


def test_a_budget_needs_a_rule_that_adapts(root_dir):
    chip, work = root_dir / "tests/chips/wearable_rram.yaml", root_dir / "workloads/watch_mlp.yaml"
    words = ("budget", chip, work, "--set", "phases=[inference]", "--set", "timesteps=1", "--set", "samples=1")
    found = call(*words, "--set", "batch=1", "--adaptations-per-day", 24)
    assert found.exit_code == 2
    assert "names no phase that learns" in " ".join(found.output.split())


def test_a_workload_without_settings_of_rules_is_described_as_before(root_dir):
    file = root_dir / "workloads" / "watch_mlp.yaml"
    assert "rules" not in archsim.load_workload(file).described["learning"]
    said = archsim.load_workload(file, ["learning.rules={bp: {}}"]).described["learning"]
    assert said["rules"] == {"bp": {}}
