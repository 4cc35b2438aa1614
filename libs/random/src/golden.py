"""Golden values for libs/random, by an implementation that shares nothing with it. python3 golden.py > golden.json
Philox is checked against the vectors of Random123 1.14 (kat_vectors) and, where it is installed, against the package randomgen."""
import json
import struct

M = 0xFFFFFFFF


def philox(counter, key):
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & M, (p0 >> 32) ^ c3 ^ k1, p0 & M
        k0, k1 = (k0 + 0x9E3779B9) & M, (k1 + 0xBB67AE85) & M
    return [c0, c1, c2, c3]


random123 = [
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([M] * 4, [M] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0], [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
]
for counter, key, out in random123:
    assert philox(counter, key) == out, (counter, key)
try:
    from randomgen import Philox

    generator = Philox(key=0xA4093822 | 0x299F31D0 << 32, counter=0, number=4, width=32)
    got = [int(x) for x in generator.random_raw(8)]
    assert got == philox([1, 0, 0, 0], [0xA4093822, 0x299F31D0]) + philox([2, 0, 0, 0], [0xA4093822, 0x299F31D0]), got
except ImportError:
    pass


def derived(key, name):
    data = name.encode()
    size = -(-(len(data) + 5) // 16) * 16
    padded = data + b"\x80" + b"\0" * (size - len(data) - 5) + struct.pack("<I", len(data))
    state = [0] * 4
    for at in range(0, size, 16):
        state = [s ^ w for s, w in zip(state, struct.unpack("<4I", padded[at : at + 16]))]
        state = [s ^ w for s, w in zip(state, philox(state, key))]
    return state[:2]


def words(seed, purpose, epoch, step, *forks):
    key = derived([seed, 0], purpose)
    for name in forks:
        key = derived(key, name)
    block = 0
    while True:
        yield from philox([block & M, block >> 32, epoch, step], key)
        block += 1


def below(source, n):
    while True:
        product = next(source) * n
        if (product & M) >= (1 << 32) % n:
            return product >> 32


def permutation(source, n):
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = below(source, i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def case(seed, purpose, epoch, step, *forks):
    at = (seed, purpose, epoch, step, *forks)
    source = words(*at)
    raw = [next(source) for _ in range(10)]
    source = words(*at)
    uniform = [((next(source) >> 5) * 2**26 + (next(source) >> 6)) / 2**53 for _ in range(4)]
    return dict(seed=seed, purpose=purpose, epoch=epoch, step=step, forks=forks, uint32=raw, uniform=uniform, permutation=permutation(words(*at), 12))


print(
    json.dumps(
        dict(
            philox=[dict(counter=c, key=k, out=philox(c, k)) for c, k, _ in random123]
            + [dict(counter=[i, 2**31 + i, 3 * i, M - i], key=[i * 2654435761 & M, M - i], out=philox([i, 2**31 + i, 3 * i, M - i], [i * 2654435761 & M, M - i])) for i in range(1, 9)],
            streams=[
                case(0, "init", 0, 0),
                case(100, "order", 3, 0),
                case(100, "mix", 3, 17),
                case(2**31 - 1, "augment", 199, 390),
                case(7, "init", 0, 0, "layer4.1.bn2.running_mean"),
                case(7, "data", 0, 0, "a", "ü"),
            ],
        ),
        indent=1,
    )
)
