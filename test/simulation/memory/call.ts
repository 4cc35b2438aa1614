/**
 * How a client reaches its server: `work` is what the server does, at once and whole. Contract tests call directly; the
 * simulation puts a network between, with delays, losses and crashes.
 */
export type Call = <T>(what: string, work: () => T) => Promise<T>;

export const direct: Call = async (_what, work) => work();
