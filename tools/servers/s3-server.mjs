import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { goProgram, missingGo } from './go.mjs';
import { freePorts, startUntil } from './processes.mjs';

export const region = 'us-east-1';
export const bucket = 'minvar';

const newKey = (kind) => ({
  accessKey: `${kind}${randomBytes(6).toString('hex')}`,
  secretKey: randomBytes(20).toString('hex'),
});

/**
 * An S3 server that is a Go program: built once, started on a free port with a bucket, a key that may do everything and one for links that may
 * only read. `program({ port, own, root })` answers its `args` and `env`; `folders` of its own are made first; `addReadKey` makes the second key;
 * `variables` is how the names of its settings begin.
 */
export function s3Server({ name, title, version, package: path, variables, folders, program, addReadKey }) {
  async function start({ installed, dir, say }) {
    say(`${title} ${version}: starting`);
    const { Client } = await import('minio'); // here, so that it can be built before the packages are installed
    const [port] = await freePorts(1);
    const own = join(dir, name);
    for (const folder of folders) mkdirSync(join(own, folder), { recursive: true });
    const [root, reader] = [newKey('root'), newKey('read')];
    const endpoint = `http://127.0.0.1:${port}`;
    const retryOptions = { disableRetry: true };
    const client = new Client({ endPoint: '127.0.0.1', port, useSSL: false, region, retryOptions, ...root });
    const pid = await startUntil({
      name,
      command: installed,
      ...program({ port, own, root }),
      folder: own,
      answers: async () => {
        if (!(await client.bucketExists(bucket))) await client.makeBucket(bucket, region);
      },
    });
    try {
      await addReadKey({ client, installed, endpoint, root, reader });
    } catch (error) {
      process.kill(pid, 'SIGKILL');
      throw new Error(`${title} gave no key for links: ${error.message}`, { cause: error });
    }
    return {
      pids: [pid],
      settings: {
        [`${variables}_ENDPOINT`]: endpoint,
        [`${variables}_BUCKET`]: bucket,
        [`${variables}_ACCESS_KEY`]: root.accessKey,
        [`${variables}_SECRET_KEY`]: root.secretKey,
        [`${variables}_READ_ACCESS_KEY`]: reader.accessKey,
        [`${variables}_READ_SECRET_KEY`]: reader.secretKey,
      },
    };
  }
  const install = ({ cache, say }) => goProgram({ cache, say, name, version, package: path });
  return { name, install, start, missing: async () => missingGo() };
}
