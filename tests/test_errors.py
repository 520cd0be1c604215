"""The tree of errors, and that the terminal has a code for every one of them."""

from collections.abc import Iterator

import pytest

import roop.errors
from roop.cli.terminal.errors import EXIT_CODES, exit_code, flag_style
from roop.errors import RoopError


def kinds(root: type[RoopError] = RoopError) -> Iterator[type[RoopError]]:
    """Yield every public kind: modules that other tests import may have some of their own."""
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ == roop.errors.__name__:
            yield from kinds(kind)


def test_the_documented_exit_codes() -> None:
    codes = {kind.__name__: exit_code(kind("what happened")) for kind in kinds()}
    assert codes == {
        "RoopError": 1,
        "UsageError": 2,
        "MediaError": 3,
        "DiskFullError": 3,
        "ModelError": 4,
        "NoFaceError": 5,
        "RefusedError": 6,
        "ShareError": 10,
        "CancelledError": 130,
    }


def test_every_kind_below_the_root_has_its_own_row_or_its_parents() -> None:
    for kind in kinds():
        if kind is not RoopError:
            assert any(base in EXIT_CODES for base in kind.__mro__ if base is not RoopError), kind


def test_codes_for_scripts_are_stable_and_distinct() -> None:
    codes = [kind.code for kind in kinds()]
    assert sorted(codes) == sorted(set(codes))
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes)


def test_the_tree_at_the_top_of_the_module_is_the_whole_tree() -> None:
    drawn = (roop.errors.__doc__ or "").split()
    assert all(kind.__name__ in drawn for kind in kinds())


@pytest.mark.parametrize("kind", list(kinds()))
def test_an_error_says_what_happened_and_what_to_do(kind: type[RoopError]) -> None:
    error = kind("the file is gone", hint="fetch it again")
    assert str(error) == "the file is gone"
    assert error.hint == "fetch it again"


def test_options_are_written_as_the_reader_would() -> None:
    error = RoopError(
        "[[start]] lies behind the end",
        hint="use [[force=True]], [[keep_audio=False]] or [[max_memory=2]]",
    )
    assert (str(error), error.hint) == (
        "start lies behind the end",
        "use force=True, keep_audio=False or max_memory=2",
    )
    assert error.written(flag_style) == (
        "--start lies behind the end",
        "use --force, --no-keep-audio or --max-memory 2",
    )
