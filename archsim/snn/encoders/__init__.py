"""From sensor values (T, channels, …) to what the first layer receives; one encoder in each file of `kinds`."""

from archsim.snn.encoders.kind import Encoder, Encoding, encode
from archsim.snn.encoders.kinds.analog import analog
from archsim.snn.encoders.kinds.delta import delta
from archsim.snn.encoders.kinds.latency import latency
from archsim.snn.encoders.kinds.rate import rate

__all__ = ["Encoder", "Encoding", "analog", "delta", "encode", "latency", "rate"]
