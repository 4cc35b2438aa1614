export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  /** why not, else null */
  readonly because: string | null;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly checks: readonly CheckResult[];
}

export interface Health {
  /**
   * Adds a check, which answers null when all is well, else why not. `live`: a failure means that a restart helps; `ready`: that no work should
   * come here now (a store that is down).
   */
  add(name: string, kind: 'live' | 'ready', check: () => Promise<string | null> | string | null): void;
  /** `/healthz` */
  live(): Promise<HealthReport>;
  /** `/readyz`: all checks; not ready before `started` */
  ready(): Promise<HealthReport>;
  /** start-up is complete */
  started(): void;
}

/** Checks of a service by name. A check that throws or takes longer than `timeoutMs` counts as failed. */
export function createHealth({ timeoutMs = 5_000 }: { timeoutMs?: number } = {}): Health {
  const checks = new Map<string, { kind: 'live' | 'ready'; check: () => Promise<string | null> | string | null }>();
  let starting = true;

  async function run(name: string, check: () => Promise<string | null> | string | null): Promise<CheckResult> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>(
      (done) => (timer = setTimeout(() => done(`no answer within ${timeoutMs} ms`), timeoutMs)),
    );
    try {
      const because = await Promise.race([Promise.resolve().then(check), late]);
      return { name, ok: because === null, because };
    } catch (error) {
      return { name, ok: false, because: error instanceof Error ? error.message : String(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  async function report(kinds: readonly string[]): Promise<CheckResult[]> {
    return Promise.all([...checks].filter(([, c]) => kinds.includes(c.kind)).map(([name, c]) => run(name, c.check)));
  }

  const summary = (results: readonly CheckResult[]): HealthReport => ({
    ok: results.every((c) => c.ok),
    checks: results,
  });

  return {
    add(name, kind, check) {
      if (checks.has(name)) throw new Error(`there is a health check '${name}' already`);
      checks.set(name, { kind, check });
    },
    live: async () => summary(await report(['live'])),
    async ready() {
      const started: CheckResult = {
        name: 'started',
        ok: !starting,
        because: starting ? 'it is still starting' : null,
      };
      return summary([started, ...(await report(['live', 'ready']))]);
    },
    started: () => void (starting = false),
  };
}
