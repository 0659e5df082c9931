"""A data set: sine waves of three frequencies, recorded by two sensors of which one is weak and noisy."""

from pathlib import Path

import numpy as np

import archsim
from archsim.snn.data import DataSet, LabelledWindows, label_windows, load_data

RATES = (0.02, 0.05, 0.1)  # periods per sample
SENSORS = ("good", "weak")


@archsim.register
class Waves(DataSet):
    """Twenty recordings of each frequency and sensor."""

    kind = "waves"
    cut = (64, 32)  # usual length and step of a window

    def load(self, folder: Path | str | None, length: int, step: int) -> LabelledWindows:
        assert folder is None  # there are no files
        rng = np.random.default_rng(0)
        rate, sensor = (index.ravel() for index in np.indices((3, 2, 20))[:2])
        phase = rng.uniform(0, 2 * np.pi, len(rate))[:, None]
        waves = np.sin(2 * np.pi * np.array(RATES)[rate][:, None] * np.arange(256) + phase)
        values = waves * np.where(sensor, 0.5, 1.0)[:, None] + rng.normal(0, 0.1, waves.shape)
        names = {"class_names": ("slow", "middle", "fast"), "channel_names": ("x",), "domain_names": SENSORS}
        return label_windows(
            "waves", list(values[:, :, None]), rate, np.zeros_like(rate), sensor, length=length, step=step, **names
        )


if __name__ == "__main__":
    data = load_data("waves", "good_to_weak")
    print(f"{len(data.train)} windows to train, {len(data.adapt)} to adapt, {len(data.test)} to test")
    change = ["learning.data={set: waves, split: good_to_weak}"]
    print(archsim.load_workload("workloads/watch_mlp.yaml", change).learning.data.set)
