"""Memory that is there when a program writes a copy into it."""

import ctypes
import os

KEEP_SIZE_AND_PUNCH_HOLE = 3
PAGE = 4096
# The host is given free memory back in blocks of 2 MiB, so one page in use holds a block; two hold it
# where pages are not laid in order.
STEP = 1 << 20


class TouchedMemory:
    """Has the host of a virtual machine give the memory that a copy will lie in, and keeps it from taking
    it back before the copy is there: who is first to touch it would wait for that, seconds for a gigabyte.

    Writes a file of `size` bytes on tmpfs, and gives all but a page of each mebibyte free again."""

    def __init__(self, path, size):
        self.path = path
        self.size = size

    def __enter__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
        with open(self.path, "wb", buffering=0) as file:
            for _ in range(0, self.size, STEP):
                file.write(bytes(STEP))
            for start in range(0, self.size, STEP):
                if libc.fallocate(file.fileno(), KEEP_SIZE_AND_PUNCH_HOLE, start + PAGE, STEP - PAGE) != 0:
                    raise OSError(ctypes.get_errno(), "punching holes into touched memory")

    def __exit__(self, *_):
        os.unlink(self.path)
