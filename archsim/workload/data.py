"""Keys of a workload's own data: one source for what drives the network and for what it learns from."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from archsim.registry import DATA
from archsim.units import FieldsError, FileModel, KindName, errors_of

Name = Annotated[str, Field(min_length=1)]


class SourceModel(FileModel):
    """Data of a kind of :mod:`archsim.snn.data`: a file or a folder, named relative to the workload file.

    `settings` holds what the kind lets a user say, such as which column of a table is the label.
    """

    kind: Annotated[str, KindName("archsim.data")]
    file: Name | None = None
    folder: Name | None = None
    settings: dict[str, Any] = Field(default_factory=dict)

    @property
    def path(self) -> str | None:
        """The file or folder, as it is written."""
        return self.file or self.folder

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        errors: list[tuple[tuple[str | int, ...], str]] = []
        if self.file and self.folder:
            errors.append((("folder",), "give a file or a folder, not both"))
        model = DATA[self.kind].Settings
        try:
            model.model_validate(self.settings)
        except ValidationError as error:
            errors += [(("settings", *path), said) for path, said in errors_of(error, model)]
        if errors:
            raise FieldsError(errors)
        return self
