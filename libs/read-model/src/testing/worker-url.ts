import { bundleWorker as bundled } from '@minvar/service-kit/testing';

/** The worker's program as the build makes it, for tests: Node runs no TypeScript. */
export const bundleWorker = (): Promise<URL> => bundled(new URL('../worker/main.ts', import.meta.url));
