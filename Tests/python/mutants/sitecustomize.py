"""Switches the mock hook on; `ORACLE_MUTANT` chooses what is wrong with it."""

try:
    import importahead.hook  # noqa: F401
except BaseException:
    pass
