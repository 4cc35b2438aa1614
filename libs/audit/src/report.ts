import type { MetricValue } from '@minvar/contracts';

/** What an array was. */
export interface AuditedFile {
  readonly option: string;
  readonly path: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** A measured number without the run that other measurements belong to. */
export type AuditMetric = Pick<MetricValue, 'name' | 'variant' | 'value' | 'nonFinite' | 'perClass' | 'perGroup'>;

/** One bin of the largest probability that has examples. */
export interface ReliabilityRow {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly confidence: number;
  readonly accuracy: number;
}

/** One direction of feature space: the shares of its variance within classes, and between values of the attribute. */
export interface SpectrumRow {
  readonly direction: number;
  readonly within: number;
  /** null without an attribute on every example */
  readonly attribute: number | null;
}

/** The result of `minvar audit`: one JSON document. */
export interface AuditReport {
  readonly files: readonly AuditedFile[];
  readonly examples: number;
  readonly dimensions: number;
  readonly classes: number;
  readonly perClass: readonly number[];
  readonly metrics: readonly AuditMetric[];
  /** null without logits */
  readonly reliability: readonly ReliabilityRow[] | null;
  /** null where it was left out; a note says why */
  readonly spectrum: {
    readonly rank: number;
    /** how S_T was worked out */
    readonly precision: 'float64' | 'float32 products added in float64';
    readonly directions: readonly SpectrumRow[];
  } | null;
  /** what was unusual, and what was left out and why */
  readonly notes: readonly string[];
  readonly seconds: number;
}
