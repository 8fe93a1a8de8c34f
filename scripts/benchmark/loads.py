"""What is moved: made of random bytes, so that nothing can be compressed or left out."""

import os
import pathlib
import random
import subprocess


class Load:
    """A file or a folder. `bytes` and `files` are what it holds."""

    def __init__(self, name, path, size, files):
        self.name, self.path, self.bytes, self.files = name, path, size, files


def random_file(path, size):
    with open(path, "wb") as file, open("/dev/urandom", "rb") as source:
        left = size
        while left:
            piece = source.read(min(left, 4 << 20))
            file.write(piece)
            left -= len(piece)


def big_file(folder, size):
    path = pathlib.Path(folder, "big")
    random_file(path, size)
    return Load(f"one file, {readable(size)}", path, size, 1)


def many_files(folder, count=10_000, size=4096):
    path = pathlib.Path(folder, "many")
    path.mkdir()
    for number in range(count):
        (path / f"{number:05}").write_bytes(os.urandom(size))
    return Load(f"{count:,} × {readable(size)}", path, count * size, count)


def deep_tree(folder, files=2_000, depth=24, seed=1):
    """Files from nothing to 1 MiB, small ones far more often, spread over folders up to `depth` deep."""
    path = pathlib.Path(folder, "deep")
    path.mkdir()
    draw = random.Random(seed)
    total = 0
    folders = [path]
    for number in range(files):
        if number % 8 == 0:
            parent = draw.choice(folders[-6:])
            if len(parent.relative_to(path).parts) < depth:
                folders.append(parent / f"d{number}")
                folders[-1].mkdir()
        size = min(1 << 20, int(draw.expovariate(1 / 65536)) if number % 50 else 0)
        (draw.choice(folders) / f"f{number}").write_bytes(os.urandom(size))
        total += size
    return Load(f"deep tree, {files:,} files, {readable(total)}", path, total, files)


def same(source, copy):
    """Whether both hold the same names with the same bytes."""
    command = ["diff", "-r", "-q"] if pathlib.Path(source).is_dir() else ["cmp", "-s"]
    return subprocess.run([*command, str(source), str(copy)], stdout=subprocess.DEVNULL).returncode == 0


def readable(size):
    """A size in words, exact: binary units where they fit, else decimal."""
    for name, unit in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    for name, unit in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= unit:
            return f"{size / unit:.4g} {name}"
    return f"{size} B"


def byte_count(text):
    """The inverse: "2GiB", "7.5GB", "500MB" or plain bytes."""
    units = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10, "GB": 10**9, "MB": 10**6, "kB": 10**3, "B": 1}
    for name, unit in units.items():
        if text.endswith(name):
            return int(float(text[: -len(name)]) * unit)
    return int(float(text))
