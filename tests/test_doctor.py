"""The diagnosis of the machine."""

from roop.doctor import diagnose
from roop.options import Options, Settings
from roop.processors import installed
from roop.processors.base import Context, Processor, ProcessorSpec, Registry


def test_the_embedded_engine_is_ready() -> None:
    (mesh,) = (check for check in diagnose(Settings(), installed()).engines if check.name == "mesh")
    assert mesh.ready
    assert mesh.need is None


def test_software_encoders_work_and_others_say_what_they_need() -> None:
    encoders = {check.name: check for check in diagnose(Settings(), Registry([])).encoders}
    assert encoders["libx264"].ready
    assert all(check.ready or check.need for check in encoders.values())


def test_an_engine_says_what_is_missing() -> None:
    def build(options: Options, context: Context) -> Processor:
        raise AssertionError("built")

    needy = ProcessorSpec(
        "needy", "Needs much", Options, build, engine=True, missing=lambda settings: "a card"
    )
    (check,) = diagnose(Settings(), Registry([needy])).engines
    assert (check.ready, check.need) == (False, "a card")


def test_a_default_engine_without_its_networks_is_not_ready() -> None:
    def build(options: Options, context: Context) -> Processor:
        raise AssertionError("built")

    broken = ProcessorSpec(
        "mesh", "built in", Options, build, engine=True, missing=lambda settings: "its file"
    )
    (check,) = diagnose(Settings(), Registry([broken])).engines
    assert (check.ready, check.state, check.need) == (False, "not ready", "its file")
