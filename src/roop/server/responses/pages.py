"""Pages of lists, with cursors."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Query

from roop.server.responses.problems import ApiError


class Listed(Protocol):
    """An item of a list."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def created(self) -> float:
        """Seconds since 1970."""
        ...


ItemT = TypeVar("ItemT", bound=Listed)


def _cursor(
    cursor: Annotated[
        str | None, Query(max_length=200, description="`next` of the page before")
    ] = None,
) -> str | None:
    """Decode a cursor.

    Raises:
        ApiError: It is not valid.
    """
    if cursor is None:
        return None
    try:
        return base64.urlsafe_b64decode(cursor).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise _wrong_cursor() from error


CursorDep = Annotated[str | None, Depends(_cursor)]

LimitDep = Annotated[int, Query(ge=1, le=500, alias="limit", description="items of one page")]


def cursor_at(place: str) -> str:
    """Return the cursor for a position in a list."""
    return base64.urlsafe_b64encode(place.encode("ascii")).decode("ascii")


def number_of(cursor: str | None) -> int | None:
    """Return the number in a decoded cursor.

    Raises:
        ApiError: It is not a number.
    """
    if cursor is None:
        return None
    if not cursor.isdecimal() or len(cursor) > 18:
        raise _wrong_cursor()
    return int(cursor)


def page_of(
    items: Sequence[ItemT], cursor: str | None, limit: int
) -> tuple[list[ItemT], str | None]:
    """Return the items after a cursor, and the cursor of the next page.

    Args:
        items: All of them, the newest first.
        cursor: Decoded; None for the first page.
        limit: Most items of the page.

    Raises:
        ApiError: The cursor is not valid.
    """
    rest = list(items)
    if cursor is not None:
        created, _, id = cursor.partition(" ")
        try:
            after = float(created), id
        except ValueError as error:
            raise _wrong_cursor() from error
        rest = [item for item in rest if (item.created, item.id) < after]
    page = rest[:limit]
    more = len(rest) > limit
    following = cursor_at(f"{page[-1].created!r} {page[-1].id}") if more else None
    return page, following


def _wrong_cursor() -> ApiError:
    return ApiError("bad_request", "the cursor is not one of this list", hint="begin without one")
