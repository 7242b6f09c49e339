"""TODO users."""

if __name__ != "simenv.users":
    raise ImportError("import simenv.users; the folder users/ is a part of the package simenv")
