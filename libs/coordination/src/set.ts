import type { RunSpecInput } from '@minvar/contracts';
import { runSpecSchema } from '@minvar/contracts';
import type { ParameterValue, Registries } from './registries';
import { entryOf, problem } from './spec';
import { SpecError } from './spec-error';

/** Paths that `--set` may name; `method.` and `data.` parameters must exist on the spec they are set on. */
export const settablePaths = [
  'epochs',
  'batchSize',
  'model.width',
  'model.stem',
  'model.normalisation',
  'data.limit',
  'data.strength',
  'data.jitter',
  'data.augmentation',
  'method.<parameter>',
  'optimizer.name',
  'optimizer.lr',
  'optimizer.weightDecay',
  'optimizer.schedule',
  'precision',
  'dataOrder',
  'init.from',
] as const;

export interface Setting {
  readonly path: string;
  readonly value: ParameterValue;
}

function valueOf(text: string): ParameterValue {
  if (text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text;
}

/** `path=value` strings as settings: checked paths, the last of equal ones, sorted, so that equal changes are equal. */
export function parseSet(set: readonly string[]): Setting[] {
  const settings = new Map<string, ParameterValue>();
  for (const text of set) {
    const [, path, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (path === undefined || value === undefined)
      throw new SpecError('set', text, `--set ${text}: expected path=value, e.g. epochs=3`);
    const allowed =
      (settablePaths as readonly string[]).includes(path) || /^method\.(?!name$)[a-z][A-Za-z0-9]*$/.test(path);
    if (!allowed)
      throw new SpecError(
        path,
        value,
        `--set ${text}: '${path}' cannot be set; allowed are ${settablePaths.join(', ')}`,
      );
    const read = valueOf(value);
    if (typeof read === 'number' && !Number.isFinite(read))
      throw new SpecError(
        path,
        value,
        `--set ${text}: ${path} is beyond the largest number there is; give a finite one`,
      );
    settings.set(path, read);
  }
  return [...settings].map(([path, value]) => ({ path, value })).sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether a setting means anything for this spec: its method may lack the parameter, its dataset the dial. */
export function applies(
  setting: Setting,
  spec: Pick<RunSpecInput, 'method' | 'data'>,
  registries: Registries,
): boolean {
  const [part, key] = setting.path.split('.') as [string, string | undefined];
  if (part === 'method') return key! in entryOf(registries.methods, spec.method.name, 'method.name').parameters.shape;
  if (part === 'data' && (key === 'strength' || key === 'jitter'))
    return key in entryOf(registries.datasets, spec.data.name, 'data.name').parameters.shape;
  return true;
}

/** The spec with one setting more. Throws `SpecError` when the value is not one that the path takes. */
export function withSetting(spec: RunSpecInput, { path, value }: Setting): RunSpecInput {
  const [part, key] = path.split('.') as [string, string | undefined];
  const parent = key === undefined ? null : { ...((spec as Record<string, unknown>)[part] as object), [key]: value };
  const next = {
    ...spec,
    [part]: key === undefined ? value : path === 'init.from' && value === null ? null : parent,
  } as RunSpecInput;
  const parsed = runSpecSchema.safeParse(next);
  if (!parsed.success) throw problem(parsed.error, next);
  return next;
}

/**
 * A spec with `path=value` settings applied, as `experiment run --set` gives them. Throws `SpecError` naming path and value
 * for a path that cannot be set, a value out of range, or a parameter that this spec's method or dataset does not have.
 *
 * @example applySet(spec, ['epochs=3', 'method.alpha=0.2'], registries)
 */
export function applySet(input: RunSpecInput, set: readonly string[], registries: Registries): RunSpecInput {
  return parseSet(set).reduce((spec, setting) => {
    if (!applies(setting, spec, registries)) throw notApplicable(setting, [spec]);
    return withSetting(spec, setting);
  }, input);
}

/** The error for a setting that none of these specs takes. */
export function notApplicable(
  { path, value }: Setting,
  specs: readonly Pick<RunSpecInput, 'method' | 'data'>[],
): SpecError {
  const names = [...new Set(specs.map((s) => (path.startsWith('method.') ? s.method.name : s.data.name)))].join(', ');
  return new SpecError(
    path,
    value,
    `--set ${path}=${String(value)}: none of ${names} has '${path.split('.')[1]!}'; allowed are ${settablePaths.join(', ')}`,
  );
}
