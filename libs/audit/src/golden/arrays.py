"""Files as NumPy writes them, with the values that they hold.

    python arrays.py > arrays.json          (numpy 2)
"""
import base64
import io
import json
import numpy as np
from numpy.lib import format as npy

rng = np.random.default_rng(3)
m = np.round(rng.standard_normal((5, 3)) * 8) / 8  # exact in half precision
m[0, 0], m[1, 1] = 65504, 6e-08  # the largest half, and a subnormal one
w = rng.integers(0, 100, (5, 3))


def saved(x, version=None):
    f = io.BytesIO()
    npy.write_array(f, np.asanyarray(x) if version is None else x, version=version, allow_pickle=True)
    return base64.b64encode(f.getvalue()).decode()


def case(name, x, version=None):
    values = np.asarray(x).astype(np.float64)
    return {"name": name, "file": saved(x, version), "shape": list(x.shape), "values": values.ravel().tolist()}


good = [case(d, m.astype(d)) for d in ("float16", "float32", "float64", ">f2", ">f4", ">f8")]
good += [case(d, w.astype(d)) for d in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", ">i4", ">i8")]
good += [case("bool", w > 50), case("bool list", w[:, 0] > 50), case("list", m[:, 0].astype(np.float32))]
good += [case("Fortran order", np.asfortranarray(m.astype(np.float32))), case("transposed, big-endian", m.astype(">f8").T)]
good += [case(f"version {v[0]}", m.astype(np.float32), v) for v in ((2, 0), (3, 0))]
good += [case("negative", -w.astype(np.int64)), case("three dimensions", np.arange(12, dtype=np.float32).reshape(2, 3, 2))]

pickled = np.empty(2, object)
pickled[:] = [[1], [2, 3]]
archive = io.BytesIO()
np.savez(archive, x=m)
bad = [
    {"name": "objects", "file": saved(pickled), "says": "np.stack(list(x))"},
    {"name": "structured", "file": saved(np.zeros(2, [("a", "f4"), ("b", "i4")])), "says": "x['field']"},
    {"name": "complex", "file": saved(m.astype(np.complex64)), "says": "complex numbers"},
    {"name": "text", "file": saved(np.array(["cat", "dog"])), "says": "np.unique(x, return_inverse=True)[1]"},
    {"name": "bfloat16", "file": saved(np.zeros((2, 2), "V2")), "says": "x.astype(np.float32)"},
    {"name": "dates", "file": saved(np.array(["2026-01-01"], "datetime64[D]")), "says": "convert with x.astype"},
    {"name": "an archive", "file": base64.b64encode(archive.getvalue()[:400]).decode(), "says": "zip archive"},
    {"name": "a pickle", "file": base64.b64encode(b"\x80\x04\x95" + b"\0" * 40).decode(), "says": "a pickle"},
]
print(json.dumps({"good": good, "bad": bad}))
