"""The differential oracle: one program, run by stock and by importahead, compared.

A *lane* is one way to run a program: `stock`, `uring` (io_uring back end) or `pools` (threads back
end). Every lane has its own copy of the files, under a folder whose name has five letters in each
lane, so that paths differ only by that word and even bytecode files can be compared byte by byte.
"""

from oracle.case import Case, Link, Zip, case
from oracle.interpreters import Interpreter, discover
from oracle.lanes import Grove, Lane
from oracle.outcome import Outcome

__all__ = ["Case", "Grove", "Interpreter", "Lane", "Link", "Outcome", "Zip", "case", "discover"]
