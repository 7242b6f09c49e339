"""Experiments, one question a file: the file is the configuration, and its name is what `load` takes."""

if __name__ != "simenv.scenarios":
    raise ImportError("import simenv.scenarios; the folder scenarios/ is a part of the package simenv")

from simenv.scenarios._registry import available, load

__all__ = ["available", "load"]
