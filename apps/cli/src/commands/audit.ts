import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { audit, auditPage } from '@minvar/audit';
import type { AuditFiles, AuditReport } from '@minvar/audit';
import { fromCaller } from '../connection';
import type { Context } from '../context';
import { outJson } from '../context';
import { UsageError } from '../errors';
import { textTable } from '../output/text-table';
import { writeOut } from '../output/write-out';
import { tensorFlowState } from '../tensorflow';
import type { Registrar } from './shared';

interface AuditCommand extends AuditFiles {
  readonly json?: boolean;
  readonly html?: string;
}

/** Threads beyond these wait for memory. */
const mostThreads = 8;

async function measure(ctx: Context, files: AuditFiles): Promise<AuditReport> {
  const { dir } = await tensorFlowState();
  try {
    return await audit(files, {
      workerUrl: new URL('audit-worker.mjs', import.meta.url),
      threads: Math.min(mostThreads, availableParallelism()),
      gramProgram: dir === null ? null : fileURLToPath(new URL('audit-gram.mjs', import.meta.url)),
      onStep: (text) => ctx.progress.line(`audit: ${text}`),
    });
  } catch (e) {
    if (e instanceof Error && e.name === 'AuditInputError') throw new UsageError(e.message);
    throw e;
  }
}

function textOf({ metrics, notes, examples, dimensions, classes, seconds }: AuditReport): string {
  const columns = [
    { label: 'measurement', align: 'left' as const },
    { label: 'variant', align: 'left' as const },
    { label: 'value', align: 'right' as const },
  ];
  const rows = metrics.map((m) => [
    m.name,
    m.variant ?? '',
    m.value === null ? (m.nonFinite ?? '') : String(Number(m.value.toPrecision(6))),
  ]);
  const head = `${examples} examples, ${dimensions} dimensions, ${classes} classes, ${seconds.toFixed(1)} s`;
  return `${head}\n\n${textTable(columns, rows)}\n${notes.map((n) => `\n- ${n}`).join('')}\n`;
}

async function run(ctx: Context, { json, html, ...given }: AuditCommand): Promise<void> {
  const path = (p: string | null | undefined): string | null => (p ? fromCaller(ctx, p) : null);
  const report = await measure(ctx, {
    activations: fromCaller(ctx, given.activations),
    labels: fromCaller(ctx, given.labels),
    attribute: path(given.attribute),
    logits: path(given.logits),
    weights: path(given.weights),
  });
  if (html !== undefined) await writeOut(fromCaller(ctx, html), auditPage(report));
  if (json) return outJson(ctx, report);
  if (html === undefined) return ctx.out(textOf(report));
  ctx.progress.line(`audit: wrote ${html}`);
}

export function registerAudit({ program, action }: Registrar): void {
  program
    .command('audit')
    .description('every measurement on anybody’s features (.npy files), without training')
    .requiredOption('--activations <h.npy>', 'penultimate activations, examples × dimensions')
    .requiredOption('--labels <y.npy>', 'class of each example, counted from 0')
    .option('--attribute <a.npy>', 'spurious attribute of each example, −1 for none')
    .option('--logits <z.npy>', 'outputs before softmax, examples × classes')
    .option('--weights <W.npy>', 'weights of the last layer, classes × dimensions')
    .option('--json', 'one JSON document on stdout')
    .option('--html <file>', 'a page that needs nothing else')
    .action(action(run));
}
