"""Switches importahead on where this directory is on PYTHONPATH; chains to what it shadows."""


def _chain():
    """Run the `sitecustomize` that this one stands in front of, as if it had been found first."""
    import sys
    from os import path

    here = path.dirname(path.abspath(__file__))
    own = sys.modules.get("sitecustomize")
    places = [i for i, entry in enumerate(sys.path) if path.abspath(entry or ".") == here]
    removed = [(place, sys.path[place]) for place in places]
    for place in reversed(places):
        del sys.path[place]
    sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        for place, entry in removed:
            sys.path.insert(place, entry)
        if own is not None:
            sys.modules.setdefault("sitecustomize", own)


try:
    from importahead.hook import activate

    activate()
except BaseException:
    pass

_chain()
