/** The command line was wrong: exit code 2. The message names the wrong value and the way out. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The work itself failed: exit code 1. */
export class WorkError extends Error {
  override readonly name = 'WorkError';
}

/** The user stopped it (ctrl-C): exit code 130; `howToGoOn` is the last line that they see. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

export const exitCodeOf = (error: unknown): number =>
  error instanceof UsageError ? 2 : error instanceof InterruptedError ? 130 : 1;

/** Edit distance with transpositions (optimal string alignment), for near misses. */
function distance(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) d[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(d[i - 1]![j]! + 1, d[i]![j - 1]! + 1, d[i - 1]![j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, d[i - 2]![j - 2]! + 1);
      d[i]![j] = best;
    }
  }
  return d[a.length]![b.length]!;
}

/** The name that was probably meant, or null. A third of the letters may differ, or the one may begin with the other. */
export function nearMiss(wrong: string, names: readonly string[]): string | null {
  const near = names
    .map((name) => ({
      name,
      d: name.startsWith(wrong) && wrong.length > 2 ? 0 : distance(wrong.toLowerCase(), name.toLowerCase()),
    }))
    .filter(({ name, d }) => d <= Math.max(1, Math.floor(Math.max(name.length, wrong.length) / 3)))
    .sort((a, b) => a.d - b.d);
  return near[0]?.name ?? null;
}

/** What an option's value chooses, in small letters or large; a UsageError with a near miss and all that there are when it is none of them. */
export function chosenOf<T extends string>(option: string, given: string, allowed: readonly T[]): T {
  const chosen = allowed.find((a) => a.toLowerCase() === given.toLowerCase());
  if (chosen !== undefined) return chosen;
  const near = nearMiss(given, allowed);
  throw new UsageError(
    `${option} is '${given}'${near ? `; did you mean '${near}'?` : '.'} There are: ${allowed.join(', ')}.`,
  );
}

/** "there is no experiment 'spurius'; did you mean 'spurious-colour'? There are: …" */
export function unknownName(kind: string, wrong: string, names: readonly string[]): UsageError {
  const near = nearMiss(wrong, names);
  const all = names.length > 0 ? `There are: ${names.join(', ')}.` : 'There is none yet.';
  return new UsageError(`there is no ${kind} '${wrong}'${near ? `; did you mean '${near}'?` : '.'} ${all}`);
}
