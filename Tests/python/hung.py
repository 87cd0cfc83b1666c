"""A file system whose server answers nothing."""

import ctypes
import os
import struct
import threading

import pytest


def hung_mount(folder, hears=False):
    """Mounts a FUSE file system whose server answers INIT and nothing else; returns its end.

    What it `hears`, no signal ends any more: the kernel waits for the answer (fs/fuse/dev.c).
    """
    folder.mkdir(exist_ok=True)
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip("no FUSE here: %s" % error)
    libc = ctypes.CDLL(None, use_errno=True)
    options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % device
    if libc.mount(b"hung", bytes(folder), b"fuse.hung", 0, options):
        os.close(device)
        pytest.skip("no mount here: %s" % os.strerror(ctypes.get_errno()))
    request = os.read(device, 8192)
    unique = struct.unpack_from("<Q", request, 8)[0]
    answer = struct.pack("<IIIIHHIIHHIII24x", 7, 26, 65536, 0, 12, 9, 65536, 1, 1, 1, 0, 0, 0)[:64]
    os.write(device, struct.pack("<IiQ", 16 + len(answer), 0, unique) + answer)

    def listen():
        try:
            while os.read(device, 1 << 20):
                pass
        except OSError:
            os.close(device)

    listener = threading.Thread(target=listen)
    if hears:
        listener.start()

    def end():
        # Aborts what is under way, so that the listener hears of the end, too.
        libc.umount2(bytes(folder), 1 | 2)
        if hears:
            listener.join(20)
        else:
            os.close(device)

    return end
