import { bundleWorker } from '@minvar/service-kit/testing';

/** The worker's program as the build makes it, for tests: Node runs no TypeScript. */
export const bundledWorker = (): Promise<URL> => bundleWorker(new URL('../worker/main.ts', import.meta.url));
