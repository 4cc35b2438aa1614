import type { RunSpecInput } from '@minvar/contracts';

/** One cell of a grid: a condition, a method, and the spec that both give. Cells × seeds are the runs. */
export interface Cell {
  /** unique within a preset, e.g. `label-smoothing, jitter 0.05` */
  readonly name: string;
  /** what is held equal when methods are compared, e.g. `jitter 0.05` */
  readonly condition: string;
  /** name under which this cell is compared, usually the method's; `erm`, `erm wd 1e-3`, … */
  readonly arm: string;
  readonly spec: Omit<RunSpecInput, 'seed'>;
}

export interface Preset {
  readonly name: string;
  readonly description: string;
  readonly cells: readonly Cell[];
  /** seeds are firstSeed … firstSeed + seeds − 1; verdicts use seeds from 100 on, exploration 0–9 */
  readonly firstSeed: number;
  readonly seeds: number;
}

/** A declared comparison of two arms under one condition, paired by seed. */
export interface Endpoint {
  readonly claim: string;
  readonly primary: boolean;
  readonly metric: string;
  readonly variant: string | null;
  readonly split: string;
  /** `at-train-loss-0.5`: where the loss on training examples crosses .5 nats, on the splits of the live series */
  readonly selection: 'last' | 'last-10-median' | 'best-on-validation' | `at-train-loss-${number}`;
  readonly condition: string;
  readonly a: string;
  readonly b: string;
  /** sign of (mean of a − mean of b) that speaks for the claim */
  readonly direction: 1 | -1;
  /** |difference| below this is not an effect; in the metric's own unit */
  readonly smallestEffect: number;
}

/** The address of an arm: where several cells share one, they are told apart by their condition. */
export interface ArmOf {
  readonly condition: string;
  readonly arm: string;
}

/**
 * An arm that stands for the best of several cells, as a tuned hyperparameter does: the one with the lowest mean of a metric over the preset's
 * seeds, the first of equals. Every method chooses among equally many. Never on a test split.
 */
export interface ChosenArm extends ArmOf {
  readonly among: readonly ArmOf[];
  readonly metric: string;
  readonly split: 'validation';
  readonly selection: Endpoint['selection'];
}

/** An endpoint that theory answers without runs: two exact numbers. Seeds = 0, test = `exact`. */
export interface ExactEndpoint extends Omit<Endpoint, 'selection'> {
  readonly valueA: number;
  readonly valueB: number;
}

/** A number of theory that belongs in the experiment's table, whether or not an endpoint uses it. */
export interface ExactRow {
  readonly problem: string;
  readonly arm: string;
  readonly quantities: Readonly<Record<string, number>>;
}

export interface ClaimDefinition {
  readonly id: string;
  readonly text: string;
  readonly source: string;
}

export interface TableColumn {
  readonly label: string;
  readonly metric: string;
  readonly variant: string | null;
  readonly split: string;
  /** `percent` shows 12.3, `number` four significant digits */
  readonly format: 'percent' | 'number';
}

/** A file of `experiments/`: grid, seeds, presets, claims and primary endpoints, fixed before results are seen. */
export interface ExperimentDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly claims: readonly ClaimDefinition[];
  readonly presets: Readonly<Record<string, Preset>>;
  readonly endpoints: (preset: string) => readonly Endpoint[];
  /** arms that endpoints may name besides those of the cells */
  readonly chosenArms?: (preset: string) => readonly ChosenArm[];
  readonly exact?: (preset: string) => {
    readonly endpoints: readonly ExactEndpoint[];
    readonly rows: readonly ExactRow[];
  };
  /** columns of the result table, one row a cell */
  readonly columns: readonly TableColumn[];
}

/** Declares an experiment; checks that cell names are unique, and that endpoints and choices name existing claims, conditions and arms. */
export function defineExperiment(d: ExperimentDefinition): ExperimentDefinition {
  const claims = new Set(d.claims.map((c) => c.id));
  for (const [name, preset] of Object.entries(d.presets)) {
    const cells = new Set(preset.cells.map((c) => c.name));
    if (cells.size !== preset.cells.length)
      throw new Error(`experiment '${d.name}', preset '${name}': two cells share a name`);
    const address = ({ condition, arm }: ArmOf): string => `${condition}\n${arm}`;
    const arms = new Set(preset.cells.map(address));
    const chosen = d.chosenArms?.(name) ?? [];
    for (const c of chosen) {
      const missing = c.among.find((a) => !arms.has(address(a)));
      if (missing || c.among.length === 0) {
        throw new Error(
          `experiment '${d.name}', preset '${name}': the arm '${c.arm}' under '${c.condition}' chooses among ${missing ? `'${missing.arm}' under '${missing.condition}', which no cell has` : 'none'}`,
        );
      }
    }
    for (const c of chosen) {
      if (arms.has(address(c)))
        throw new Error(
          `experiment '${d.name}', preset '${name}': '${c.arm}' under '${c.condition}' is both a cell and a choice, or two choices`,
        );
      arms.add(address(c));
    }
    for (const e of d.endpoints(name)) {
      if (!claims.has(e.claim))
        throw new Error(
          `experiment '${d.name}': endpoint on ${e.metric} names the claim '${e.claim}', which is not declared`,
        );
      for (const arm of [e.a, e.b]) {
        if (!arms.has(address({ condition: e.condition, arm }))) {
          throw new Error(
            `experiment '${d.name}', preset '${name}': endpoint on ${e.metric} compares the arm '${arm}' under '${e.condition}', which no cell has`,
          );
        }
      }
    }
  }
  return Object.freeze(d);
}
