/** Counts the bytes of each channel of n×H×W×C images, block by block. */
export interface ChannelCounter {
  /** `bytes` begins with the first channel of a pixel and ends with the last one */
  readonly add: (bytes: Uint8Array) => void;
  /**
   * Mean and standard deviation per channel on the scale [0, 1], over all pixels (divisor n·H·W). Exact up to the last rounding: bytes are
   * counted, not summed. A channel that never changes gets 1, so that (x − mean) / std is 0 there.
   */
  readonly statistics: () => { mean: number[]; std: number[] };
}

export function createChannelCounter(channels: number): ChannelCounter {
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  return {
    add: (bytes) => {
      for (let i = 0; i < bytes.length;) for (let c = 0; c < channels; c++) counts[c]![bytes[i++]!]!++;
    },
    statistics: () => {
      const pixels = counts[0]!.reduce((a, b) => a + b, 0);
      const mean = counts.map((n) => n.reduce((sum, k, v) => sum + k * v, 0) / (pixels * 255));
      const std = counts.map(
        (n, c) => Math.sqrt(n.reduce((sum, k, v) => sum + k * (v / 255 - mean[c]!) ** 2, 0) / pixels) || 1,
      );
      return { mean, std };
    },
  };
}

/** `ChannelCounter` over all images at once. */
export function channelStatistics(bytes: Uint8Array, channels: number): { mean: number[]; std: number[] } {
  const counter = createChannelCounter(channels);
  counter.add(bytes);
  return counter.statistics();
}

/** Examples per class. */
export function countClasses(labels: Int32Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const y of labels) counts[y]!++;
  return counts;
}

/** Examples per group `<class>/<attribute value>`, in class-then-value order, groups without examples included; [] without attributes. */
export function countGroups(
  labels: Int32Array,
  attributes: Int32Array | null,
  classes: readonly string[],
  values: readonly string[] | null,
): { group: string; count: number }[] {
  if (!attributes || !values || attributes.every((a) => a < 0)) return [];
  const counts = new Float64Array(classes.length * values.length);
  labels.forEach((y, i) => {
    if (attributes[i]! >= 0) counts[y * values.length + attributes[i]!]!++;
  });
  return classes.flatMap((c, k) =>
    values.map((v, a) => ({ group: `${c}/${v}`, count: counts[k * values.length + a]! })),
  );
}

/** Rows of an array in another order; `order` may hold fewer rows than there are. */
export function takeRows<A extends Uint8Array | Int32Array | Float32Array>(
  data: A,
  rowSize: number,
  order: ArrayLike<number>,
): A {
  // A Buffer is a Uint8Array too, whose own constructor is not to be called.
  const Rows = (data instanceof Uint8Array ? Uint8Array : data.constructor) as new (n: number) => A;
  const out = new Rows(order.length * rowSize);
  for (let i = 0; i < order.length; i++)
    out.set(data.subarray(order[i]! * rowSize, (order[i]! + 1) * rowSize), i * rowSize);
  return out;
}
