"""Bytecode files of CPython 3.9 and 3.10, without what depends on who else holds an object.

There `marshal` notes that an object may be referred to only if something else refers to it at that
moment, so that one interpreter writes other bytes for the same code than another that has loaded
other modules. From 3.11 on it notes that of every interned string.
"""

# The last magic numbers of the two versions.
_MAGICS = (3425, 3439)
_HEADER = 16
_SIMPLE = "0NFTS."
_FIXED = {"i": 4, "I": 8, "g": 8, "y": 16}
_TEXTS = "stuaA"
_SHORT_TEXTS = "zZ"
_SEQUENCES = "([<>"
# Of a code object: how many numbers, objects, numbers and objects again.
_CODE = (6, 8, 1, 1)


def same_code(first, second):
    """Whether two files hold the same code, if in other bytes; never for what is no such file."""
    for content in (first, second):
        if int.from_bytes(content[:2], "little") not in _MAGICS or content[2:4] != b"\r\n":
            return False
    if first[:_HEADER] != second[:_HEADER]:
        return False
    try:
        return _Reader(first).all() == _Reader(second).all()
    except (IndexError, ValueError, RecursionError):
        return False


class _Reader:
    """Reads one object, references replaced by what they refer to, as nested tuples."""

    def __init__(self, content):
        self._content = content
        self._place = _HEADER
        self._references = []

    def all(self):
        """The one object that a file holds."""
        found = self._object()
        if self._place != len(self._content):
            raise ValueError("something follows")
        return found

    def _take(self, count):
        start = self._place
        self._place += count
        if count < 0 or self._place > len(self._content):
            raise ValueError("cut short")
        return self._content[start : self._place]

    def _number(self, size=4):
        return int.from_bytes(self._take(size), "little", signed=size == 4)

    def _object(self):
        byte = self._take(1)[0]
        kind = chr(byte & 0x7F)
        if kind == "r":
            return self._references[self._number()]
        place = None
        if byte & 0x80:
            place = len(self._references)
            self._references.append(None)
        found = (kind, self._body(kind))
        if place is not None:
            self._references[place] = found
        return found

    def _body(self, kind):
        if kind in _SIMPLE:
            return None
        if kind in _FIXED:
            return self._take(_FIXED[kind])
        if kind == "l":
            count = self._number()
            return count, self._take(2 * abs(count))
        if kind in _TEXTS:
            return self._take(self._number())
        if kind in _SHORT_TEXTS:
            return self._take(self._number(1))
        if kind in _SEQUENCES or kind == ")":
            count = self._number(1) if kind == ")" else self._number()
            return tuple(self._object() for _ in range(count))
        if kind == "c":
            numbers, objects, line, table = _CODE
            head = self._take(4 * numbers), tuple(self._object() for _ in range(objects))
            return *head, self._take(4 * line), tuple(self._object() for _ in range(table))
        raise ValueError("unknown kind %r" % kind)
