/** Outputs of one forward pass over n examples, in evaluation mode. Rows are examples, row-major. */
export interface MetricBatch {
  /** n class indices */
  readonly labels: Int32Array;
  /** n × K */
  readonly logits?: Float32Array | Float64Array | null;
  /** n × D: what the last linear layer sees */
  readonly activations?: Float32Array | Float64Array | null;
  /** n × C each, by stage in the order of the network: its output, averaged over positions where it has any */
  readonly stages?: Readonly<Record<string, Float32Array | Float64Array>> | null;
  /** n attribute indices, −1 = none */
  readonly attributes?: Int32Array | null;
  /** for a pass over mixed inputs λx_i + (1 − λ)x_j: each example's λ and the label of j; `labels` are those of i */
  readonly mix?: { readonly lambda: Float32Array | Float64Array; readonly partnerLabels: Int32Array } | null;
}

/** What does not change from batch to batch. */
export interface MetricContext {
  /** names of the K classes */
  readonly classes: readonly string[];
  /** names of the attribute's values; empty without an attribute */
  readonly attributes: readonly string[];
  /** the targets that the model was trained towards on unmixed inputs; α = 0 for ERM and Mixup */
  readonly smoothing: { readonly alpha: number; readonly convention: 'all' | 'others' };
  /** weights of the last linear layer, K × D; null where they are not at hand */
  readonly lastLayer?: Float32Array | Float64Array | null;
  /** which activations are the low- and which the high-variance part; only where the model is linear, so that activations are inputs */
  readonly features?: {
    readonly low: readonly number[];
    readonly high: readonly number[];
    /** those that tell the attribute; empty or missing where none does */
    readonly spurious?: readonly number[];
  } | null;
}

/** A batch with what several folds need worked out once, in float64. */
export interface PreparedBatch {
  readonly n: number;
  readonly classes: number;
  readonly labels: Int32Array;
  readonly attributes: Int32Array | null;
  readonly mix: MetricBatch['mix'];
  readonly activations: Float32Array | Float64Array | null;
  readonly width: number;
  /** stages in the order of the network, `penultimate` (the activations) last */
  readonly stages: readonly {
    readonly name: string;
    readonly values: Float32Array | Float64Array;
    readonly width: number;
  }[];
  readonly logits: Float32Array | Float64Array | null;
  /** n × K, softmax of the logits */
  readonly probabilities: Float64Array | null;
  /** n: log Σ exp of the logits */
  readonly logSumExp: Float64Array | null;
  /** n: the class with the largest logit, the first of equals; −1 where a logit is NaN */
  readonly predictions: Int32Array | null;
}

function rowsOf(name: string, length: number, n: number): number {
  if (length % n !== 0) throw new Error(`${name}: ${length} values are no whole number of columns for ${n} examples`);
  return length / n;
}

function indices(name: string, values: Int32Array, n: number, from: number, count: number): void {
  if (values.length !== n) throw new Error(`${name}: ${values.length} values for ${n} examples`);
  const bad = values.findIndex((v) => v < from || v >= count);
  if (bad >= 0) throw new Error(`${name}[${bad}] is ${values[bad]}; there are ${count}, counted from 0`);
}

/** Checks shapes and ranges, and works out softmax, log Σ exp and predictions. Throws an error naming array, index and value. */
export function prepareBatch(batch: MetricBatch, context: MetricContext): PreparedBatch {
  const n = batch.labels.length;
  const classes = context.classes.length;
  indices('labels', batch.labels, n, 0, classes);
  if (batch.attributes) indices('attributes', batch.attributes, n, -1, context.attributes.length);
  if (batch.mix) {
    indices('mix.partnerLabels', batch.mix.partnerLabels, n, 0, classes);
    if (batch.mix.lambda.length !== n)
      throw new Error(`mix.lambda: ${batch.mix.lambda.length} values for ${n} examples`);
  }
  const columns = batch.logits && n > 0 ? rowsOf('logits', batch.logits.length, n) : classes;
  if (columns !== classes) throw new Error(`logits: ${columns} columns, but ${classes} classes`);
  return {
    n,
    classes,
    labels: batch.labels,
    attributes: batch.attributes ?? null,
    mix: batch.mix,
    activations: batch.activations ?? null,
    width: batch.activations && n > 0 ? rowsOf('activations', batch.activations.length, n) : 0,
    stages: stagesOf(batch, n),
    logits: batch.logits ?? null,
    ...(batch.logits
      ? softmaxOf(batch.logits, n, classes)
      : { probabilities: null, logSumExp: null, predictions: null }),
  };
}

function stagesOf({ stages, activations }: MetricBatch, n: number): PreparedBatch['stages'] {
  // Without stages there is no depth to look at, whatever the activations are.
  if (!stages || n === 0 || Object.keys(stages).length === 0) return [];
  const named = { ...stages, ...(activations ? { penultimate: activations } : {}) };
  return Object.entries(named).map(([name, values]) => ({ name, values, width: rowsOf(name, values.length, n) }));
}

function softmaxOf(logits: Float32Array | Float64Array, n: number, classes: number) {
  const probabilities = new Float64Array(n * classes);
  const logSumExp = new Float64Array(n);
  const predictions = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const at = i * classes;
    let best = 0;
    let broken = false;
    for (let k = 0; k < classes; k++) {
      if (logits[at + k]! > logits[at + best]!) best = k;
      broken ||= Number.isNaN(logits[at + k]!);
    }
    const largest = broken ? Number.NaN : logits[at + best]!;
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += probabilities[at + k] = Math.exp(logits[at + k]! - largest);
    for (let k = 0; k < classes; k++) probabilities[at + k]! /= sum;
    logSumExp[i] = largest + Math.log(sum);
    predictions[i] = broken ? -1 : best;
  }
  return { probabilities, logSumExp, predictions };
}
