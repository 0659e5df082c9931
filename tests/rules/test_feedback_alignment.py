"""The example of docs/guides/extend.md, from outside the package: a rule in one file, and nothing else changes."""

from __future__ import annotations

import re
import runpy

import numpy as np
import pytest

import archsim
from archsim.learn import learn
from archsim.mapping import map_workload
from archsim.registry import RULES
from archsim.snn import initialise
from archsim.snn.learn.optimizers import SGD
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.run import run_batch
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.learn.trainer import Recipe
from archsim.workload.network import Dense, Layer, Network, Neuron

SHORT = (
    "learning.pretrain.epochs=1", "learning.adapt.passes=1", "samples=1", "learning.adapt.batch=1", "batch=1",
    "learning.data.decimation=16", "learning.data.step=512", "timesteps=4", "network.layers.0.outputs=12",
)  # fmt: skip
NOISE = ("device.errors.programming={kind: constant, sigma: 0.03}",)


@pytest.fixture
def rule(root_dir, own_kinds):  # noqa: ARG001  # what is registered is forgotten afterwards
    """Registered as a script would."""
    path = root_dir / "docs" / "guides" / "extend" / "feedback_alignment.py"
    assert len(path.read_text().splitlines()) <= 40
    runpy.run_path(str(path))
    return RULES["fa"]()


@pytest.fixture
def chip(root_dir):
    return archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", NOISE)


def test_its_gradient_is_that_of_its_equation(rule):
    """``delta_l[t] = (B delta_(l+1)[t]) s'(u_l[t]) + decay delta_l[t+1]``, written down term by term."""
    hidden = Layer("a", Dense(4), ("input",), (3,), (4,), Neuron("lif", decay=0.8, reset="subtract"))
    out = Layer("b", Dense(2), ("a",), (4,), (2,), Neuron("li", decay=0.9))
    network = initialise(Network("two", (3,), (hidden, out)), 0, 3.0, n_timesteps=5)
    rng, surrogate = np.random.default_rng(0), Surrogate("arctan", 1.0)
    x, error, fixed = rng.random((5, 1, 3)), rng.normal(size=(5, 1, 2)), rng.normal(size=(4, 2))
    products = PlainProducts.of(network)
    tape = run_batch(network, x, products)
    recipe = Recipe(SGD(1.0), "fa", {"b": fixed}, surrogate=surrogate)

    found = rule.gradients(network, tape, error.copy(), products, recipe)

    after_b, after_a = np.zeros(2), np.zeros(4)
    of_a, of_b = np.zeros((4, 3)), np.zeros((2, 4))
    for t in reversed(range(5)):
        after_b = error[t, 0] + 0.9 * after_b
        slope = surrogate(tape.potentials["a"][t, 0] - 1.0)
        after_a = slope * (fixed @ after_b) + 0.8 * after_a
        of_b += np.outer(after_b, tape.outputs["a"][t, 0])
        of_a += np.outer(after_a, x[t, 0])
    np.testing.assert_allclose(found.weights["b"], of_b, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.weights["a"], of_a, rtol=1e-12, atol=1e-15)


@pytest.mark.usefixtures("rule")
def test_it_is_a_phase_of_a_workload_and_of_a_simulation(chip, root_dir):
    work = archsim.load_workload(
        root_dir / "workloads" / "watch_mlp.yaml", ["timesteps=2", "samples=1", "batch=1", "phases=[fa]"]
    )
    fa = archsim.simulate(chip, work, "compiled")
    bp, dfa = (archsim.simulate(chip, work, "compiled", phase=phase) for phase in ("bp", "dfa"))
    assert fa.phase == "fa"
    written = [run.breakdown("stage")["update"]["energy_pj"] for run in (fa, dfa, bp)]
    assert written[0] == written[1] < written[2], "its matrices are never written"
    carried = [run.breakdown("stage")["gradient"]["energy_pj"] for run in (fa, bp)]
    assert carried[0] == pytest.approx(carried[1]), "the same outer products as with BP"
    blocks = map_workload(chip, work, "fa").plans
    assert not any(plan.copy for plan in blocks.values())
    assert [name for name, plan in blocks.items() if plan.feedback] == list(blocks)[1:]


@pytest.mark.usefixtures("rule")
def test_it_learns_on_a_chip_and_its_matrices_stay(chip, root_dir):
    work = archsim.load_workload(root_dir / "workloads" / "watch_adapt.yaml", SHORT)
    result = learn(chip, work, rules=("fa",))
    (run,) = result.runs
    assert run.rule == "fa"
    assert set(result.hardware) == {"fa", "inference"}
    fixed = {key: counts for key, counts in run.counters.items() if key.endswith(".feedback")}
    assert list(fixed) == ["fc2.feedback", "out.feedback"]
    assert all(counts["reads"] > 0 and counts["pulses"] == 0 for counts in fixed.values())


@pytest.mark.parametrize(("said", "error"), [
    ("{hebb: {}}", "learning.rules.hebb: unknown learning rule; there are: bp, dfa, "),
    ("{fa: {size: 2}}", "learning.rules.fa.size: unknown key; allowed: optimizer, time_path, steps, scale"),
    ("{fa: {scale: wide}}", "learning.rules.fa.scale: must be a number"),
    ("{fa: 2.0}", "learning.rules.fa: must be a mapping; got 2.0"),
    ("{bp: {scale: 1.0}}", "learning.rules.bp.scale: unknown key"),
])  # fmt: skip
@pytest.mark.usefixtures("rule")
def test_a_workload_may_say_what_the_rule_lets_it_set(root_dir, said, error):
    with pytest.raises(archsim.WorkloadError, match=re.escape(error)):
        archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", [f"learning.rules={said}"])


def test_its_matrices_are_as_large_as_a_workload_says(rule, root_dir):
    file = root_dir / "workloads" / "watch_mlp.yaml"
    plain, half = (archsim.load_workload(file, said) for said in ([], ["learning.rules={fa: {scale: 0.5}}"]))
    network = initialise(plain.network, 0, 1.0, n_timesteps=plain.n_timesteps)
    whole, halved = (rule.feedback(work, network, 0, None) for work in (plain, half))
    assert list(whole) == list(halved)
    for key, matrix in whole.items():
        np.testing.assert_allclose(halved[key], 0.5 * matrix, rtol=1e-15)


def test_it_is_forgotten_with_the_script_that_brought_it(root_dir):
    with pytest.raises(archsim.WorkloadError, match="got 'fa'"):
        archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", ["phases=[fa]"])
