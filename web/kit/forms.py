"""A form as it was typed. It is read before the write, which runs in the store's own thread without a request."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

from flask import request

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Form = TypeVar("Form", bound="DataclassInstance")


def typed(form: type[Form]) -> Form:
    """The fields of ``form``, all text; ``""`` for one that was not sent.

    Browsers send line ends as CR LF; a limit of 2000 characters is counted without the CR.
    """
    given = (request.form.get(each.name, "") for each in fields(form))
    return form(*(value.replace("\r\n", "\n").replace("\r", "\n") for value in given))
