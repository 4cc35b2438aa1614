import type { Position } from '@minvar/service-kit';

/** How far a reader has come: for each `topic/partition` the next offset wanted. A partition that is missing starts at 0. */
export type Vector = ReadonlyMap<string, number>;

export interface PartitionRange {
  readonly topic: string;
  readonly partition: number;
  /** first offset wanted */
  readonly from: number;
  /** first offset not wanted */
  readonly to: number;
}

export const partitionKey = (topic: string, partition: number): string => `${topic}/${partition}`;

export function parsePartitionKey(key: string): { topic: string; partition: number } {
  const slash = key.lastIndexOf('/');
  return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)) };
}

/** What lies between two vectors on some topics, partition by partition; empty ranges are left out. */
export function rangesBetween(from: Vector, to: Vector, topics: ReadonlySet<string>): PartitionRange[] {
  return [...to]
    .map(([key, end]) => ({ ...parsePartitionKey(key), from: from.get(key) ?? 0, to: end }))
    .filter((r) => topics.has(r.topic) && r.from < r.to)
    .sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition));
}

/** The last records before these ends: what is to be folded for the fold to have caught up with them. */
export const lastBefore = (ends: readonly Position[]): Position[] =>
  ends.filter((p) => p.offset > 0).map((p) => ({ ...p, offset: p.offset - 1 }));
