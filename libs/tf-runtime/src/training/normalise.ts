import type { DatasetManifest } from '@minvar/contracts';
import { add, cast, constant, mul } from '@minvar/graph';
import type { Value } from '@minvar/graph';

/** Bytes of images on the scale [0, 1]; vectors as they are. float32. */
export const unitScale = (raw: Value, kind: DatasetManifest['input']['kind']): Value => {
  const x = cast(raw, 'float32');
  return kind === 'image' ? mul(x, 1 / 255) : x;
};

/**
 * (x − mean) / std per channel or dimension, as the manifest's training split gives them. A constant channel (std 0) is only centred.
 * Of images a whole row at a time: spreading a vector of three numbers over them would copy three numbers at a time.
 */
export function standardise(x: Value, { mean, std }: DatasetManifest['input']): Value {
  const scale = std.map((s) => (s > 0 ? 1 / s : 1));
  const offset = mean.map((m, i) => -m * scale[i]!);
  const columns = x.shape.length === 4 ? x.shape[2] : null;
  const spread = (perChannel: readonly number[]): Value =>
    columns
      ? constant(
          Float32Array.from({ length: columns * perChannel.length }, (_, i) => perChannel[i % perChannel.length]!),
          {
            shape: [columns, perChannel.length],
          },
        )
      : constant(perChannel);
  return add(mul(x, spread(scale)), spread(offset));
}
