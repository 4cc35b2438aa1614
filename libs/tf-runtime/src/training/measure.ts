import type { ChildOutput, DatasetManifest, MetricPoint, PassStatistics } from '@minvar/contracts';
import type { MetricContext } from '@minvar/metrics';
import type { Session } from '../session';
import type { TrainEnd } from './control';
import type { ResidentPlan, ResidentSplit } from './data';
import { equalParts, estimationBatch, evaluationBatch, liveSplits } from './evaluate';
import { trainingError } from './failure';
import type { LiveFold } from './live-fold';
import { createLiveFold } from './live-fold';
import type { PassRows, WholeArray } from './outputs';
import { openPass } from './outputs';
import { arraysOf } from './state';
import type { TrainingProgram } from './training-program';

export interface MeasureInput {
  readonly session: Session;
  readonly made: TrainingProgram;
  readonly plan: ResidentPlan;
  readonly manifest: DatasetManifest;
  readonly smoothing: MetricContext['smoothing'];
  /** where stored passes are written */
  readonly dir: string;
  /** asked before each batch: what ends the run now, if anything does */
  readonly ending: () => Promise<TrainEnd | null>;
  /** called after each batch */
  readonly alive: () => void;
  /** e.g. `step 12 of 40`, for messages */
  readonly where: () => string;
}

export interface Measured {
  readonly points: MetricPoint[];
  readonly outputs: ChildOutput[];
}

/**
 * Measures the network after an epoch, always unmixed, in evaluation mode and float32. Live splits are folded into points. When storing, every
 * split is written to files, with the last layer's weights beside the first, and once more under normalisation statistics re-estimated on the
 * training split where the model has such statistics; the trained ones are put back bit for bit.
 */
export function createMeasure({ session, made, plan, manifest, smoothing, dir, ending, alive, where }: MeasureInput) {
  /** Blocks of rows of a split in order; what ended them early, if anything did. */
  async function eachBlock(
    split: ResidentSplit,
    sizes: readonly number[],
    work: (indices: Int32Array, from: number, k: number) => Promise<void> | void,
  ): Promise<TrainEnd | null> {
    let from = 0;
    for (const [k, n] of sizes.entries()) {
      const end = await ending();
      if (end) return end;
      const start = split.start + from;
      await work(
        Int32Array.from({ length: n }, (_, i) => start + i),
        from,
        k,
      );
      from += n;
      alive();
    }
    return null;
  }

  /** A forward pass over the first `examples` of a split. */
  const forward = (
    split: ResidentSplit,
    examples: number,
    use: (rows: PassRows, from: number) => Promise<void>,
  ): Promise<TrainEnd | null> =>
    eachBlock(split, blocksOf(examples), async (indices, from) => {
      const rows = arraysOf(session.run('eval', { indices }));
      if (!rows.logits!.every(Number.isFinite)) {
        throw trainingError(
          'NON_FINITE',
          `a logit on split '${split.name}' is not finite after ${where()}; lower optimizer.lr or look at the data`,
        );
      }
      await use(rows, from);
    });

  /**
   * Normalisation statistics as the mean over equal parts of the training split, unmixed, not augmented, in its own order (as
   * `torch.optim.swa_utils.update_bn`): part k changes them by 1/k.
   */
  const reEstimate = (): Promise<TrainEnd | null> => {
    const train = plan.splits[0]!;
    return eachBlock(train, equalParts(train.examples, estimationBatch), (indices, _, k) => {
      session.run('statistics', { indices, momentum: 1 / (k + 1) });
    });
  };

  return async (epoch: number, storing: boolean): Promise<TrainEnd | Measured> => {
    const points: MetricPoint[] = [];
    const outputs: ChildOutput[] = [];
    const live = liveSplits(plan);

    /** A pass over all of a split into files, and into the fold where there is one. */
    async function store(
      split: ResidentSplit,
      statistics: PassStatistics,
      fold: LiveFold | null,
    ): Promise<TrainEnd | null> {
      const writer = await openPass(dir, { epoch, split, statistics }, made.widths);
      try {
        const end = await forward(split, split.examples, async (rows, from) => {
          fold?.add(rows, from);
          await writer.add(rows);
        });
        if (end) return end;
        const { labels, attributes, examples } = split;
        outputs.push(
          await writer.finish({
            // The same for every pass over the split.
            ...(statistics === 'as-trained' ? { labels: { data: labels, shape: [examples] } } : {}),
            ...(statistics === 'as-trained' && attributes
              ? { attributes: { data: attributes, shape: [examples] } }
              : {}),
            ...(outputs.length === 0 ? { 'last-layer': lastLayerOf(session) } : {}),
          }),
        );
        return null;
      } finally {
        await writer.close();
      }
    }
    for (const split of storing ? plan.splits : live.map((l) => l.split)) {
      const shown = live.find((l) => l.split === split);
      const fold = shown ? createLiveFold(shown, manifest, smoothing) : null;
      const end = storing
        ? await store(split, 'as-trained', fold)
        : await forward(split, shown!.examples, async (rows, from) => fold!.add(rows, from));
      if (end) return end;
      if (fold) points.push(...fold.points(epoch));
    }
    if (!storing || made.buffers.length === 0) return { points, outputs };

    const trained = arraysOf(session.run('saveStatistics'));
    try {
      const end = await reEstimate();
      if (end) return end;
      for (const split of plan.splits) {
        const end = await store(split, 're-estimated', null);
        if (end) return end;
      }
    } finally {
      session.run('restoreStatistics', trained);
    }
    return { points, outputs };
  };
}

function lastLayerOf(session: Session): WholeArray {
  const { data, shape } = session.run('lastLayer').weights!;
  return { data: data as Float32Array, shape };
}

/** Sizes of blocks of `evaluationBatch` rows; the last one is smaller when they do not divide. */
const blocksOf = (examples: number): number[] =>
  Array.from({ length: Math.ceil(examples / evaluationBatch) }, (_, i) =>
    Math.min(evaluationBatch, examples - i * evaluationBatch),
  );
