"""TODO scenarios."""

if __name__ != "simenv.scenarios":
    raise ImportError("import simenv.scenarios; the folder scenarios/ is a part of the package simenv")
