import { checkpointManifest, datasetManifest, objectKeys, runHead, runResult, topics } from '@minvar/contracts';
import {
  isAnalysisGarbage,
  isBlobGarbage,
  isUploadGarbage,
  nothingReferred,
  refer,
  referUnclear,
  runGarbage,
  unitOf,
  versionGarbage,
} from '@minvar/coordination';
import type { Referred, RunState, Unit } from '@minvar/coordination';
import { DeadLetterError, decodeEvent, readDocument, readThrough } from '@minvar/service-kit';
import type { EventLog, ListedObject, ObjectStore } from '@minvar/service-kit';

export interface Collection {
  readonly log: Pick<EventLog, 'begin' | 'end' | 'read'>;
  readonly store: Pick<ObjectStore, 'get' | 'list' | 'stat' | 'remove'>;
  readonly dryRun: boolean;
  /** objects younger than this stay: whoever made them may not have named them yet */
  readonly graceMs: number;
  readonly now: () => Date;
}

export interface Tally {
  readonly kind: Unit['kind'];
  objects: number;
  bytes: bigint;
}

export interface CollectionReport {
  /** what went, or in a dry run would go, by what it was a part of */
  readonly garbage: readonly Tally[];
  /** of it the first thousand, by key */
  readonly keys: readonly string[];
  readonly kept: { readonly objects: number; readonly bytes: bigint };
}

const mostKeys = 1000;

/** Everything that the command and event topics refer to. */
async function readReferred(log: Collection['log']): Promise<Referred> {
  const referred = nothingReferred();
  const kept = [...topics].filter(([, t]) => t.retentionMs === null).map(([topic]) => topic);
  const begins = await log.begin(kept);
  for (const { topic, partition, offset: to } of await log.end(kept)) {
    const from = begins.find((b) => b.topic === topic && b.partition === partition)?.offset ?? 0;
    for await (const records of readThrough(log, { topic, partition, from, to })) {
      for (const record of records) {
        try {
          refer(referred, decodeEvent(record));
        } catch (e) {
          if (!(e instanceof DeadLetterError)) throw e;
          referUnclear(referred, `${record.key} ${Buffer.from(record.value).toString('latin1')}`);
        }
      }
    }
  }
  return referred;
}

/** Null when the head cannot be read, so that nothing is known. */
async function readRunState(store: Collection['store'], runId: string): Promise<RunState | null> {
  const head = await readDocument(store, objectKeys.runHead(runId), runHead);
  if (head === 'unreadable') return null;
  if (head === null) return { head, result: null, checkpoints: [] };
  const resultKey = head.outcome?.resultKey;
  const result = resultKey ? await readDocument(store, resultKey, runResult) : null;
  const manifests = await Promise.all(
    [head.checkpoint, head.previousCheckpoint].flatMap((c) =>
      c ? [readDocument(store, `${c.prefix}manifest.json`, checkpointManifest)] : [],
    ),
  );
  // What a result names is enough; else a checkpoint that is gone or torn may have named anything.
  const isWhole = manifests.every((m) => m !== 'unreadable' && (m !== null || head.state === 'SUCCEEDED'));
  return {
    head,
    result: result === 'unreadable' ? null : result,
    checkpoints: isWhole ? manifests.filter((m) => m !== null && m !== 'unreadable') : null,
  };
}

async function garbageOf(store: Collection['store'], r: Referred, unit: Unit): Promise<(key: string) => boolean> {
  switch (unit.kind) {
    case 'run': {
      const state = await readRunState(store, unit.id);
      return state ? runGarbage(r, unit.id, state) : () => false;
    }
    case 'version': {
      const key = `${objectKeys.datasetPrefix(unit.datasetId, unit.id)}manifest.json`;
      return versionGarbage(r, unit.id, await readDocument(store, key, datasetManifest));
    }
    case 'analysis':
      return () => isAnalysisGarbage(r, unit.id);
    case 'blob':
      return (key) => isBlobGarbage(r, key);
    case 'upload':
      return () => isUploadGarbage(r, unit.id);
    case 'other':
      return () => false;
  }
}

/** The objects of the store, one unit after the other: keys come in order, so a unit's stand together. */
async function* units(store: Collection['store']): AsyncGenerator<{ unit: Unit; objects: ListedObject[] }> {
  let open: { unit: Unit; objects: ListedObject[] } | null = null;
  for await (const object of store.list('')) {
    const unit = unitOf(object.key);
    if (open && open.unit.kind === unit.kind && open.unit.id === unit.id) open.objects.push(object);
    else {
      if (open) yield open;
      open = { unit, objects: [object] };
    }
  }
  if (open) yield open;
}

/**
 * Mark and sweep: what neither the log nor a live head or manifest names any more goes, once it is older than the grace time.
 * Stopped anywhere it has removed garbage only, and the next one goes on. What is made meanwhile is young, and stays.
 */
export async function collectGarbage({ log, store, dryRun, graceMs, now }: Collection): Promise<CollectionReport> {
  const referred = await readReferred(log);
  const oldest = now().getTime() - graceMs;
  const tallies = new Map<Unit['kind'], Tally>();
  const keys: string[] = [];
  const kept = { objects: 0, bytes: 0n };
  for await (const { unit, objects } of units(store)) {
    const old = objects.filter((o) => o.modifiedAt.getTime() <= oldest);
    const isGarbage = old.length > 0 ? await garbageOf(store, referred, unit) : () => false;
    for (const object of objects) {
      let goes = object.modifiedAt.getTime() <= oldest && isGarbage(object.key);
      // The same content may have been put again since: then somebody is about to name it.
      if (goes && unit.kind === 'blob' && !dryRun)
        goes = ((await store.stat(object.key))?.modifiedAt.getTime() ?? 0) <= oldest;
      if (!goes) {
        kept.objects += 1;
        kept.bytes += BigInt(object.size);
        continue;
      }
      if (!dryRun) await store.remove(object.key);
      const tally = tallies.get(unit.kind) ?? { kind: unit.kind, objects: 0, bytes: 0n };
      tally.objects += 1;
      tally.bytes += BigInt(object.size);
      tallies.set(unit.kind, tally);
      if (keys.length < mostKeys) keys.push(object.key);
    }
  }
  return { garbage: [...tallies.values()], keys, kept };
}
