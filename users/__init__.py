"""Listeners: hidden columns and the response model, one mechanism a file, compiled into one kernel."""

if __name__ != "simenv.users":
    raise ImportError("import simenv.users; the folder users/ is a part of the package simenv")
