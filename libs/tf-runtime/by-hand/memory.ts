import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetManifest, runSpecSchema } from '@minvar/contracts';
import { loadTensorFlow, openSession, trainRun } from '../src';

// Where the memory of a training process goes, in MiB: `node tools/by-hand.mjs libs/tf-runtime/by-hand/memory.ts MANIFEST DATA SPEC`, a
// dataset version's manifest.json, the folder with its data/, and a run's spec as JSON. Start it with the environment of a training child
// (TF_NUM_INTRAOP_THREADS=1 …), which the library reads when it is loaded.

const [manifestPath = '', dataDir = '', specText = ''] = process.argv.slice(2);
const manifest = datasetManifest.parse(JSON.parse(readFileSync(manifestPath, 'utf8')));
const spec = runSpecSchema.parse(JSON.parse(specText));
const scratchDir = mkdtempSync(join(tmpdir(), 'minvar-memory-'));

function say(what: string): void {
  const status = readFileSync('/proc/self/status', 'utf8');
  const of = (key: string): string =>
    (Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024).toFixed(0).padStart(5);
  const js = (process.memoryUsage().arrayBuffers / 2 ** 20).toFixed(0).padStart(4);
  console.log(
    `${what.padEnd(30)} resident ${of('VmRSS')} (own ${of('RssAnon')}, mapped ${of('RssFile')})  peak ${of('VmHWM')}  JavaScript’s arrays ${js}`,
  );
}

say('start');
loadTensorFlow();
say('TensorFlow loaded');
const counts = new Map<string, number>();
try {
  await trainRun({
    start: { runId: 'run_1', spec, manifest, dataDir, scratchDir, initFile: null, resume: null },
    openSession: (options) => {
      const session = openSession(options);
      say('graph loaded');
      return {
        close: session.close,
        run: (name, feeds) => {
          const result = session.run(name, feeds);
          const count = (counts.get(name) ?? 0) + 1;
          counts.set(name, count);
          if (count === 1 || count === 10) say(`${name}, call ${count}`);
          return result;
        },
      };
    },
    emit: (message) => {
      if (message.kind === 'points' || message.kind === 'finished') say(message.kind);
    },
    control: { stopping: () => false, abandoned: () => false },
  });
} finally {
  rmSync(scratchDir, { recursive: true, force: true });
}
