"""Processors: each folder is one; this list is the whole built-in set."""

from roop.processors.mesh import MESH

BUILTIN = (MESH,)
"""Every processor shipped with the package, in the order shown to users."""
