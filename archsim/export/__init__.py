"""A run in the tools that people already have: Perfetto, Konata, GTKWave, spreadsheets, data frames."""

from archsim.export.files import FORMATS, SUFFIXES, export, format_of
from archsim.export.konata import write_konata
from archsim.export.perfetto import write_perfetto
from archsim.export.tables import cell_text, write_csv, write_parquet
from archsim.export.vcd import scope_name, scope_text, write_vcd

__all__ = [
    "FORMATS",
    "SUFFIXES",
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
