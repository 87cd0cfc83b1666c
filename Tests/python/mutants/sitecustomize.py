"""Switches the mock hook on; `ORACLE_MUTANT` chooses what is wrong with it."""

try:
    from importahead import activate

    activate()
except BaseException:
    pass
