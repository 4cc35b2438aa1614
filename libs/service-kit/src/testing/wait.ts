/** Waits until `condition` is true; fails with what `describe` says after `timeoutMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  describe: () => string = () => condition.toString(),
  timeoutMs = 20_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`still not so after ${timeoutMs} ms: ${describe()}`);
    await new Promise((next) => setTimeout(next, 5));
  }
}
