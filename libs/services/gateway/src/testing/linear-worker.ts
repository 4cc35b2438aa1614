import { bundleWorker } from '@minvar/service-kit/testing';

/** The program of the thread that solves linear problems as the build makes it, for tests: Node runs no TypeScript. */
export const bundleLinearWorker = (): Promise<URL> => bundleWorker(new URL('../linear/worker.ts', import.meta.url));
