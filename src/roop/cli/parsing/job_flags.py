"""The flags that the commands share which swap or enhance faces."""

import argparse

from roop.cli.parsing.flags import add_flags, escape_percent
from roop.cli.parsing.original_options import add_original_options
from roop.cli.parsing.parser import Parser
from roop.options import FaceOptions, FrameOptions, Job, LabelOptions, Settings, VideoOptions
from roop.processors.base import Registry


def add_job_flags(parser: Parser, registry: Registry) -> None:
    """Add a flag for each option of a job and each setting of the machine."""
    add_confirmation_flags(parser)
    add_processor_choice(parser, registry)
    add_flags(parser, "faces", FaceOptions)
    add_flags(parser, "video", VideoOptions)
    add_flags(parser, "label", LabelOptions)
    add_flags(parser, "frames", FrameOptions)
    add_processor_options(parser, registry)
    add_flags(parser, "machine", Settings)
    add_original_options(parser)


def add_source(parser: Parser) -> None:
    """Add the flag for the photos of the new face."""
    parser.add_argument(
        "-s",
        "--source",
        nargs="+",
        action="extend",
        default=argparse.SUPPRESS,
        metavar="PHOTO",
        help="photos of the new face, all of one person; a folder of photos; or a saved identity",
    )


def add_confirmation_flags(parser: Parser) -> None:
    """Add the flags that allow overwriting and skip the first-run notice."""
    parser.add_argument("--force", action="store_true", help=Job.model_fields["force"].description)
    parser.add_argument(
        "--accept-terms",
        action="store_true",
        help="confirm that you have consent and skip the first-run notice",
    )


def add_processor_choice(parser: Parser, registry: Registry) -> None:
    """Add the flags that choose an engine and further processors."""
    engines = [spec for spec in registry if spec.engine]
    parser.add_argument(
        "--engine",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help=escape_percent("; ".join(f"{spec.name}: {spec.summary}" for spec in engines))
        + "; none: do not swap, only --enhance or --upscale"
        + f" (default: {Job.model_fields['steps'].default[0].processor})",
    )
    others = [f"{spec.name}: {spec.summary}" for spec in registry if not spec.engine]
    parser.add_argument(
        "--processor",
        nargs="+",
        action="extend",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help=escape_percent("processors to run after the engine, in order: " + "; ".join(others)),
    )


def add_processor_options(parser: Parser, registry: Registry) -> None:
    """Add the options of each engine and processor."""
    engines = [spec for spec in registry if spec.engine]
    for options in dict.fromkeys(spec.options for spec in engines):
        names = [spec.name for spec in engines if spec.options is options]
        add_flags(parser, f"engine {', '.join(names)}", options)
    for spec in [spec for spec in registry if not spec.engine]:
        add_flags(parser, f"processor {spec.name}", spec.options, value_optional=spec.name)
