import type { DType, Port } from '@minvar/graph';
import { describe, expect, it } from 'vitest';
import type { JsTensor, TensorFlow } from './addon';
import { toTensor } from './wire';

/** What would be handed to TensorFlow. */
function sent(dtype: DType, feed: readonly number[] | Float32Array): Float32Array | Int32Array {
  let data: unknown;
  const tensor = (given: unknown) => {
    data = given;
    return {} as JsTensor;
  };
  const wire = dtype === 'float32' ? 'float32' : 'int32';
  const port: Port = { tensor: 'x:0', dtype, shape: [null], wire };
  toTensor({ tensor } as unknown as TensorFlow, 'x', port, feed);
  return data as Float32Array;
}

describe('feeds', () => {
  // TensorFlow adopts memory at a multiple of 64 bytes. An adopted array becomes the variable's memory and is freed on a
  // thread of TensorFlow's, which ends the process: seen within a few hundred assignments when this was taken out.
  it.each(['float32', 'float64', 'int32', 'int64', 'uint8', 'bool'] as const)(
    'of %s lie where TensorFlow copies them',
    (dtype) => {
      for (const length of [1, 4, 1000]) {
        const { byteOffset, buffer } = sent(
          dtype,
          Array.from({ length }, () => 1),
        );
        expect(byteOffset % 16).toBe(4);
        expect(buffer.byteLength).toBe(byteOffset + (dtype === 'float64' || dtype === 'int64' ? 8 : 4) * length);
      }
    },
  );

  it('are a copy, so that the caller may go on writing to its array', () => {
    const mine = Float32Array.of(1, 2);
    const data = sent('float32', mine);
    mine[0] = 9;
    expect(Array.from(data)).toEqual([1, 2]);
  });
});
