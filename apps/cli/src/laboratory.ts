import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Servers } from '@minvar/contracts';
import { localProject } from '@minvar/contracts';
import { datasets } from '@minvar/datasets';
import { experiments, recipes } from '@minvar/experiments';
import { methods } from '@minvar/methods';
import { metrics } from '@minvar/metrics';
import { models } from '@minvar/models';
import { createReadModel, readModelDatabase, readObjects } from '@minvar/read-model';
import { createAnalyzer } from '@minvar/service-analyzer';
import { createDataIngest } from '@minvar/service-data-ingest';
import { createGateway } from '@minvar/service-gateway';
import {
  createLinkSigner,
  createLocalExecutor,
  findLaboratory,
  isFull,
  makeFolders,
  openHome,
  openPlace,
  probeConditionalWrites,
  UnusableHomeError,
} from '@minvar/service-kit';
import { createTrainer } from '@minvar/service-trainer';
import { tensorflowEnvironment, threadSettings } from '@minvar/tf-runtime';
import type { Context } from './context';
import { dataDirOf } from './connection';
import { InterruptedError, UsageError, WorkError } from './errors';
import { laboratoryLog, passOn } from './laboratory-log';
import { ensureTensorFlow } from './tensorflow';
import { createUndo } from './undo';

export interface LaboratorySettings {
  readonly home: string;
  /** 0 picks a free one */
  readonly port: number;
  readonly host: string;
  /** runs at a time, one thread each */
  readonly slots: number;
  readonly dataDir: string | null;
  /** MINVAR_CACHE: what was downloaded, for all homes */
  readonly cacheDir: string;
  readonly token: string | null;
  readonly leaseSeconds: number;
  readonly checkpointSeconds: number;
  /** Kafka, S3 and PostgreSQL; null: everything lies in the home */
  readonly servers: Servers | null;
  readonly serversForRunners: Readonly<Record<string, string>>;
  readonly logLevel: Context['environment']['logLevel'];
}

export interface Laboratory {
  readonly url: string;
  readonly home: string;
  readonly token: string | null;
  /** it runs in this process, and ends with it */
  readonly isOwn: boolean;
  /** Runs write a checkpoint, services stop, the home is free. */
  close(): Promise<void>;
}

// The bundles lie beside each other in dist/.
const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// What a laboratory reads is written down in its home, so that a command that names another folder can be told.
const dataFolderFile = (home: string): string => join(home, 'data-folder');

export async function laboratorySettings(
  ctx: Context,
  options: { home: string; port: number; slots: number; host?: string | undefined; data?: string | undefined },
): Promise<LaboratorySettings> {
  const e = ctx.environment;
  return {
    home: options.home,
    port: options.port,
    host: options.host ?? e.host,
    slots: options.slots,
    dataDir: await dataDirOf(ctx, options),
    cacheDir: e.cache,
    token: e.token,
    leaseSeconds: e.leaseSeconds,
    checkpointSeconds: e.checkpointSeconds,
    servers: e.servers,
    serversForRunners: e.serversForRunners,
    logLevel: e.logLevel,
  };
}

/**
 * Every service in this process, runs in child processes: log and objects in the home, the read model in a thread, or all three on servers. Whatever
 * was started is stopped again, in the reverse order, also when something does not start.
 */
export async function createLaboratory(settings: LaboratorySettings): Promise<Laboratory> {
  const { leaseSeconds, checkpointSeconds, servers, slots, token } = settings;
  const undo = createUndo();
  try {
    await makeFolders(settings.cacheDir).catch((e: Error) => {
      throw new UsageError(
        `MINVAR_CACHE is '${settings.cacheDir}', which cannot be made (${e.message}): choose another`,
      );
    });
    const home = await openHome(settings.home);
    undo.later(() => home.close());
    const { folders } = home;
    const logger = laboratoryLog(folders.root, settings.logLevel, token);
    let url = '';

    const signer = servers ? null : createLinkSigner(await home.secret('links'));
    const { log, store, close } = await openPlace(
      { home: folders.root, servers },
      signer ? { signer, baseUrl: () => url } : undefined,
    );
    undo.later(close);
    await probeConditionalWrites(store);

    const readModel = createReadModel({
      database: readModelDatabase(servers, {
        workerUrl: new URL('read-model-worker.mjs', import.meta.url),
        dir: folders.readModel,
      }),
      log,
      objects: readObjects(store),
      onNotice: (message) => logger.warn({}, message),
    });
    await readModel.start();
    undo.later(() => readModel.stop());

    const executor = createLocalExecutor({
      command: [process.execPath, '--enable-source-maps', beside('runner.mjs')],
      slots,
      env: () => ({
        ...tensorflowEnvironment({ ...threadSettings(1), deterministic: false }),
        ...settings.serversForRunners,
        MINVAR_HOME: folders.root,
        MINVAR_LEASE_SECONDS: String(leaseSeconds),
        MINVAR_CHECKPOINT_SECONDS: String(checkpointSeconds),
      }),
      onLine: ({ executionId, text }) => passOn(logger, executionId, text),
    });
    undo.later(() => executor.stop());

    const registries = { methods, models, datasets };
    const services = [
      createDataIngest({
        log,
        store,
        dataDir: settings.dataDir,
        cacheDir: settings.cacheDir,
        scratchDir: folders.scratch,
        bundledDir: beside('../libs/datasets/bundled'),
        logger: logger.child({ service: 'data-ingest' }),
      }),
      createAnalyzer({ log, store, experiments, logger: logger.child({ service: 'analyzer' }) }),
      createTrainer({
        projectId: localProject,
        log,
        store,
        executor,
        experiments,
        registries,
        leaseSeconds,
        logger: logger.child({ service: 'trainer' }),
      }),
    ];
    for (const service of services) {
      await service.start();
      undo.later(() => service.stop());
    }

    const gateway = createGateway({
      projectId: localProject,
      log,
      store,
      readModel,
      experiments,
      registries: { ...registries, metrics, recipes },
      linear: { workerUrl: new URL('linear-worker.mjs', import.meta.url) },
      port: settings.port,
      host: settings.host,
      token,
      dashboardDir: beside('dashboard'),
      linkSigner: signer,
      logger: logger.child({ service: 'gateway' }),
    });
    await gateway.start();
    undo.later(() => gateway.stop());
    url = gateway.url();
    await writeFile(dataFolderFile(folders.root), settings.dataDir ?? '');
    await home.announce({ url, ...(token ? { token } : {}) });
    return { url, home: folders.root, token, isOwn: true, close: () => undo.all() };
  } catch (e) {
    await undo.all();
    throw await startFailure(e, settings.home);
  }
}

const expected = ['HomeInUseError', 'UnsuitableFileSystemError'];

/** What a person can do something about is failed work; anything else is a bug and keeps its stack. */
async function startFailure(e: unknown, home: string): Promise<unknown> {
  if (!(e instanceof Error)) return e;
  if (isFull(e)) {
    const way = 'free some, or choose another home with --home';
    return new WorkError(`no space left in ${home}: nothing was started; ${way}`, { cause: e });
  }
  if (e instanceof UnusableHomeError) return new UsageError(e.message, { cause: e });
  const running = inUse(e) ? await findLaboratory(home) : null;
  if (running) {
    const way = 'open it, use it with `minvar experiment run --all`, or stop it with ctrl-C';
    return new WorkError(`a laboratory runs on ${home} already (process ${running.pid}), at ${running.url}: ${way}`, {
      cause: e,
    });
  }
  const isExpected =
    expected.includes(e.name) || /^(port \d+ on|the gateway is to listen on|the home|the object store)/.test(e.message);
  return isExpected ? new WorkError(e.message, { cause: e }) : e;
}

const inUse = (e: unknown): boolean => e instanceof Error && e.name === 'HomeInUseError';

/** Refuses a --data that the laboratory on the home does not read: it would have no effect. */
async function checkDataFolder(ctx: Context, home: string, data: string | undefined, url: string): Promise<void> {
  if (data === undefined) return;
  const read = await readFile(dataFolderFile(home), 'utf8').catch(() => '');
  if ((await dataDirOf(ctx, { data })) === read) return;
  throw new UsageError(
    `--data is '${data}', but the laboratory that runs on ${home}, at ${url}, ${read ? `reads ${read}` : 'reads no data folder'}: leave --data out, or stop it and start it with \`minvar up --data ${data}\``,
  );
}

/** The laboratory that runs on a home, or one of this process for as long as it is needed. */
export async function openLaboratory(
  ctx: Context,
  { home, data }: { readonly home: string; readonly data?: string | undefined },
): Promise<Laboratory> {
  for (let tries = 0; ; tries++) {
    const running = await findLaboratory(home);
    if (running) {
      await checkDataFolder(ctx, home, data, running.url);
      return { url: running.url, home, token: running.token ?? null, isOwn: false, close: async () => undefined };
    }
    // Runs may wait in the home, whatever the command: they would fail without it.
    await ensureTensorFlow(ctx);
    try {
      const { slots } = ctx.environment;
      const settings = await laboratorySettings(ctx, { home, port: 0, slots, data });
      return await createLaboratory({ ...settings, host: '127.0.0.1' });
    } catch (e) {
      // One that is starting or stopping holds the home and has no address: wait a little for either.
      if (!inUse((e as Error).cause) || tries > 100) throw e;
      await sleep(200, undefined, { signal: ctx.signal }).catch(() => undefined);
      if (ctx.signal.aborted) throw new InterruptedError('interrupted before anything was started');
    }
  }
}
