"""Keys of learning in a workload file: the rule, and the story of a pre-trained network that adapts."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from archsim.registry import FEEDBACKS, LOSSES
from archsim.units import FieldsError, FileModel, KindName, KindOf, SettingsOf, TimePs

MOST_PASSES = 2**20
"""Passes over the data, samples of a batch, and so on: more would not end in a lifetime."""
Count = Annotated[int, Field(ge=1, le=MOST_PASSES)]
Natural = Annotated[int, Field(ge=0, le=MOST_PASSES)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]

ErrorRate = Literal["per_timestep", "mean_rate", "last"]
"""An error of each timestep; one for a sample, of the mean of its outputs; one, of its last timestep."""


class SurrogateModel(FileModel):
    """The surrogate derivative of a spike; see :class:`archsim.snn.learn.surrogates.Surrogate`."""

    kind: Annotated[str, KindName("archsim.surrogates")] = "triangle"
    width: Positive = 1.0


OptimizerModel = Annotated[Any, KindOf("archsim.optimizers")]
"""An optimizer of :mod:`archsim.snn.learn.optimizers`."""


def _as_gaussian(value: Any) -> Any:
    """A section without a kind is of normal values."""
    return {"kind": "gaussian", **value} if isinstance(value, dict) else value


def _gaussian() -> Any:
    return FEEDBACKS["gaussian"].model_validate({"kind": "gaussian"})


FeedbackModel = Annotated[Any, BeforeValidator(_as_gaussian), KindOf("archsim.feedbacks")]
"""The fixed matrices of direct feedback, of :mod:`archsim.snn.learn.feedbacks`; gaussian without a kind."""


class DataModel(FileModel):
    """Labelled recordings and how they are split; windows are as long as the workload's timesteps.

    `step` samples lie between the starts of two windows; every value is the mean of `decimation` samples.
    `order` is that of adaptation: one recording after the other, or one window of each in turn. `adapt` says which
    part of the target adapts: the first windows of each recording, or half of the recordings, drawn.
    `folder` is where a data set that the user has was unpacked. Without `set` they are the workload's `data`.
    """

    set: Annotated[str, KindName("archsim.data")] | None = None
    split: Name
    encoding: Annotated[str, KindName("archsim.encoders")] = "analog"
    step: Count = 64
    decimation: Count = 1
    order: Literal["recording", "interleaved"] = "recording"
    adapt: Literal["time", "recordings"] | None = None
    folder: Name | None = None

    @model_serializer(mode="wrap")
    def _without_default_part(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where nothing is said, as before there was anything to say: what is hashed of a workload stays."""
        written: dict[str, Any] = write(self)
        return {key: value for key, value in written.items() if key != "adapt" or value is not None}


class PretrainModel(FileModel):
    """Training in ideal arithmetic, before the chip is programmed; with BP if no `rule` is named.

    With the rule that the chip learns by, the weights are aligned with its fixed matrices before it begins.
    """

    epochs: Natural
    n_batch: Count
    optimizer: OptimizerModel
    rule: Annotated[str, KindName("archsim.rules")] | None = None

    @model_serializer(mode="wrap")
    def _without_default_rule(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where none is named, as before there were others: what is hashed of a workload stays."""
        written: dict[str, Any] = write(self)
        return {key: value for key, value in written.items() if key != "rule" or value is not None}


class AdaptModel(FileModel):
    """Learning on the chip, in the order of the recordings.

    Changes smaller than `threshold` steps of a cell are not written; with `residual` they are kept in the gradient
    memory until they are large enough. `per_day` adaptations tell how many years the cells last. `simulated` says
    how many batches are timed and priced: all, some that are drawn, or as many as take some minutes (`auto`).
    `windows` are learned from, the first ones in their order; all that the split gives if it is not said.
    With `window_time`, from one window to the next, cells age while they wait, those of a second copy on their
    own.
    """

    passes: Count = 1
    n_windows: Count | None = None
    per_day: Positive | None = None
    n_batch: Count = 1
    optimizer: OptimizerModel
    threshold: NotNegative = 0.0
    residual: bool = False
    window_time_ps: TimePs | None = None
    simulated: Literal["auto", "all"] | Annotated[int, Field(ge=4, le=MOST_PASSES)] = "auto"

    @model_serializer(mode="wrap")
    def _without_auto(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where nothing is said, as before there was anything to say: what is hashed of a workload stays."""
        written: dict[str, Any] = write(self)
        unsaid = dict.fromkeys(("window_time", "window_time_ps", "windows", "n_windows")) | {"simulated": "auto"}
        return {key: value for key, value in written.items() if key not in unsaid or value != unsaid[key]}


class LearningModel(FileModel):
    """How the error is formed (at every timestep, or once: on the mean firing rate, or of the last timestep).

    And the whole story. The error of a count loss is known once a sample has ended, so it goes with
    ``error: mean_rate``. `rules` holds what learning rules let a user set, by rule.
    """

    error: ErrorRate = "per_timestep"
    loss: Annotated[str, KindName("archsim.losses")] = "membrane_cross_entropy"
    surrogate: SurrogateModel = SurrogateModel()
    reset_path: bool = False
    feedback: FeedbackModel = Field(default_factory=_gaussian)
    rules: Annotated[dict[str, Any], SettingsOf("archsim.rules")] | None = None
    data: DataModel | None = None
    pretrain: PretrainModel | None = None
    adapt: AdaptModel | None = None

    @model_serializer(mode="wrap")
    def _without_empty_rules(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Where nothing is set, as before there was anything to set: what is hashed of a workload stays."""
        written: dict[str, Any] = write(self)
        return {key: value for key, value in written.items() if key != "rules" or value is not None}

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        errors: list[tuple[tuple[str, ...], str]] = []
        if (self.pretrain or self.adapt) and self.data is None:
            errors.append((("data",), "missing; pretrain and adapt need labelled recordings"))
        if LOSSES[self.loss].of_whole_sample and self.error != "mean_rate":
            said = f"{self.loss} is known only at the end of a sample: use error: mean_rate, or a membrane loss"
            errors.append((("error",), said))
        if self.feedback.own_time_path and self.error != "mean_rate":
            errors.append((("error",), "SDFA's error is on the mean firing rate: use error: mean_rate"))
        if errors:
            raise FieldsError(errors)
        return self
