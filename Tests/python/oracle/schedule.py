"""Runs cases ahead of the tests that look at them, several at a time."""

import heapq
import os
import threading
import time
from collections import deque
from concurrent.futures import Future
from itertools import count


class Schedule:
    """Threads that make calls: those whose time has come first, then those that have none."""

    def __init__(self, threads=None):
        self._timed = []
        self._untimed = deque()
        self._numbers = count()
        self._changed = threading.Condition()
        self._closed = False
        threads = threads or os.cpu_count() or 1
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def add(self, function, *arguments, at=None):
        """Notes a call, to be made not before a time (of `time.time()`); returns its future."""
        future = Future()
        with self._changed:
            call = function, arguments, future
            if at is None:
                self._untimed.append(call)
            else:
                heapq.heappush(self._timed, (at, next(self._numbers), call))
            self._changed.notify()
        return future

    def close(self):
        """Drops what has not begun and waits for the rest."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self):
        while True:
            call = self._next()
            if call is None:
                return
            function, arguments, future = call
            try:
                future.set_result(function(*arguments))
            except BaseException as error:  # a skip among them
                future.set_exception(error)

    def _next(self):
        """The next call; None when there will be none."""
        with self._changed:
            while not self._closed:
                delay = self._timed[0][0] - time.time() if self._timed else None
                if delay is not None and delay <= 0:
                    return heapq.heappop(self._timed)[2]
                if self._untimed:
                    return self._untimed.popleft()
                self._changed.wait(delay)
            return None
