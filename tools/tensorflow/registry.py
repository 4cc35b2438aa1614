"""TensorFlow's C library and the protocol-buffer messages in which its registries answer, for scripts that a person runs."""

import ctypes
import pathlib


class Buffer(ctypes.Structure):
    """TF_Buffer."""

    _fields_ = [("data", ctypes.c_void_p), ("length", ctypes.c_size_t), ("free", ctypes.c_void_p)]

    @property
    def bytes(self):
        return ctypes.string_at(self.data, self.length)


def load(folder):
    """The library of a folder that holds libtensorflow_cc.so.2 and libtensorflow_framework.so.2."""
    framework, library = (
        ctypes.CDLL(str(pathlib.Path(folder) / name), mode=ctypes.RTLD_GLOBAL)
        for name in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2")
    )
    return library


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """(number, value) of a protocol-buffer message; only varints and length-delimited fields have values."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            value, at = None, at + (8 if kind == 1 else 4)
        yield key >> 3, value
