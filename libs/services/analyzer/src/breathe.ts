/** Lets whoever else is served by this process have a turn. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
