"""The flags of every command that swaps."""

import argparse

from roop.cli.parsing.flags import add_flags, literal
from roop.cli.parsing.original_options import add_classic
from roop.cli.parsing.parser import Parser
from roop.options import FaceOptions, FrameOptions, Job, LabelOptions, Settings, VideoOptions
from roop.processors.base import Registry


def add_job_flags(parser: Parser, registry: Registry) -> None:
    """Add a flag for each option of a job, and for those of this machine."""
    add_consent(parser)
    add_processors(parser, registry)
    add_flags(parser, "faces", FaceOptions)
    add_flags(parser, "video", VideoOptions)
    add_flags(parser, "label", LabelOptions)
    add_flags(parser, "frames", FrameOptions)
    add_processor_options(parser, registry)
    add_flags(parser, "machine", Settings)
    add_classic(parser)


def add_source(parser: Parser) -> None:
    """Add the flag that names the new face."""
    parser.add_argument(
        "-s",
        "--source",
        nargs="+",
        action="extend",
        default=argparse.SUPPRESS,
        metavar="PHOTO",
        help="photo of the new face; several of the same person, from different sides, become one",
    )


def add_consent(parser: Parser) -> None:
    """Add the flags about what may be done."""
    parser.add_argument("--force", action="store_true", help=Job.model_fields["force"].description)
    parser.add_argument(
        "--accept-terms",
        action="store_true",
        help="you know that the people shown have to agree: don't say so at the first job",
    )


def add_processors(parser: Parser, registry: Registry) -> None:
    """Add the flags that choose what is done."""
    engines = [spec for spec in registry if spec.engine]
    parser.add_argument(
        "--engine",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help=literal("; ".join(f"{spec.name}: {spec.summary}" for spec in engines))
        + "; none: swap nothing, for --enhance and --upscale alone"
        + f" (default: {Job.model_fields['steps'].default[0].processor})",
    )
    more = [f"{spec.name}: {spec.summary}" for spec in registry if not spec.engine]
    parser.add_argument(
        "--processor",
        nargs="+",
        action="extend",
        metavar="NAME",
        default=argparse.SUPPRESS,
        help=literal("what else to do, in this order: " + "; ".join(more)),
    )


def add_processor_options(parser: Parser, registry: Registry) -> None:
    """Add the flags of engines and processors."""
    engines = [spec for spec in registry if spec.engine]
    for options in dict.fromkeys(spec.options for spec in engines):
        names = [spec.name for spec in engines if spec.options is options]
        add_flags(parser, f"engine {', '.join(names)}", options)
    for spec in [spec for spec in registry if not spec.engine]:
        add_flags(parser, f"processor {spec.name}", spec.options, switch=spec.name)
