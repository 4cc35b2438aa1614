"""Tar archives as Python's tarfile writes them in its three formats, with what is in them.

    python archives.py > archives.json      (standard library only)
"""

import base64
import hashlib
import io
import json
import tarfile

long_name = "/".join(["train", "a class with a long name " * 3, "x" * 120 + ".png"])
members = {
    "data/": None,
    "data/empty.txt": b"",
    "data/one.bin": bytes(range(256)) * 4,
    "data/züri.txt": "Grüezi".encode(),
    "./dotted/./x.txt": b"x" * 513,
}


def archive(name, tar_format, mode):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=tar_format) as tar:
        content = dict(members)
        if tar_format != tarfile.USTAR_FORMAT:
            content[long_name] = b"long"
        else:
            content["p" * 90 + "/" + "q" * 90] = b"prefix"
        for path, data in content.items():
            info = tarfile.TarInfo(path)
            info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            info.size = 0 if data is None else len(data)
            info.mtime = 1.5 if tar_format == tarfile.PAX_FORMAT else 1
            tar.addfile(info, None if data is None else io.BytesIO(data))
    listed = {
        "/".join(s for s in p.split("/") if s not in ("", ".")): None if d is None else {"size": len(d), "sha256": hashlib.sha256(d).hexdigest()}
        for p, d in content.items()
    }
    return {"name": name, "archive": base64.b64encode(out.getvalue()).decode(), "members": listed}


print(
    json.dumps(
        [
            archive("ustar", tarfile.USTAR_FORMAT, "w"),
            archive("GNU", tarfile.GNU_FORMAT, "w:gz"),
            archive("PAX", tarfile.PAX_FORMAT, "w:gz"),
        ],
        indent=1,
    )
)
