"""A run in the tools that people already have: Perfetto, Konata, GTKWave, spreadsheets, data frames."""

from archsim.export.format import Format, export, format_of
from archsim.export.kinds.csv import cell_text, write_csv
from archsim.export.kinds.konata import write_konata
from archsim.export.kinds.parquet import write_parquet
from archsim.export.kinds.perfetto import write_perfetto
from archsim.export.kinds.vcd import scope_name, scope_text, write_vcd

__all__ = [
    "Format",
    "cell_text",
    "export",
    "format_of",
    "scope_name",
    "scope_text",
    "write_csv",
    "write_konata",
    "write_parquet",
    "write_perfetto",
    "write_vcd",
]
