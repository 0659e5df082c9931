"""Every rule through the whole story: trained, programmed, adapted on the chip's arrays, timed and priced."""

from __future__ import annotations

import pytest
from learning_support import chip, work

from archsim.errors import MappingError, WorkloadError
from archsim.learn import learn
from archsim.mapping import needs_of
from archsim.registry import RULES

TINY = (
    "timesteps=4", "learning.data.decimation=16", "learning.data.step=512", "network.layers.0.outputs=12",
    "network.layers.1.outputs=10", "learning.pretrain.epochs=1", "learning.adapt.passes=1", "samples=1", "batch=1",
    "learning.adapt.batch=4",
)  # fmt: skip
SAID = {rule: f"learning.rules={{{rule}: {{}}}}" for rule in RULES if rule not in ("bp", "dfa")} | {
    "bp": "learning.rules={bp: {time_path: readout, optimizer: {kind: sgd, rate: 0.1}}}",
    "dfa": "learning.rules={dfa: {time_path: readout, feedback: {kind: product}, place: {kind: sram}}}",
}


@pytest.mark.parametrize("rule", SAID)
def test_every_rule_adapts_on_a_chip_and_is_priced(rule):
    result = learn(chip(), work(*TINY, SAID[rule]), rules=(rule,))
    (run,) = result.runs
    assert 0 <= run.after <= 1
    assert run.written_frac > 0
    feedback = {key: counts for key, counts in run.counters.items() if key.endswith(".feedback")}
    learns = rule == "direct_kolen_pollack"
    assert all(counts["reads"] > 0 and (counts["pulses"] > 0) == learns for counts in feedback.values())
    has_matrices = ("drtp", "eprop", "feedback_alignment", "sign_symmetric", "direct_kolen_pollack")
    assert bool(feedback) == (rule in has_matrices)
    assert result.hardware[rule]["totals"]["energy_pj"] > 0


def test_a_rule_may_have_an_optimizer_of_its_own():
    given = work(*TINY, SAID["bp"])
    assert needs_of(given, RULES["bp"]()).name == "sgd,residual"
    assert needs_of(given, RULES["dfa"]()).name == needs_of(given).name == "adam,residual"


def test_a_rule_that_cannot_be_is_refused_before_anything_is_trained():
    trained = []
    with pytest.raises(MappingError, match="no shift register draws gaussian feedback"):
        learn(
            chip(), work(*TINY, "learning.rules={dfa: {place: {kind: generated}}}"), rules=("dfa",),
            tell=lambda what, _: trained.append(what),
        )  # fmt: skip
    assert not trained


def test_pre_training_may_be_by_the_rule_that_the_chip_learns_by():
    plain, aligned = (
        learn(chip(), work(*TINY, *more), rules=("dfa",)) for more in ((), ("learning.pretrain.rule=dfa",))
    )
    assert plain.runs[0].source != aligned.runs[0].source
    with pytest.raises(WorkloadError, match="made of the pre-trained weights; take gaussian"):
        learn(
            chip(), work(*TINY, "learning.pretrain.rule=dfa", "learning.feedback={kind: product}"), rules=("dfa",)
        )  # fmt: skip
