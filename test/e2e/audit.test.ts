import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encodeNpy } from '@minvar/contracts';
import type { NpyData } from '@minvar/contracts';
import { createMetricFold } from '@minvar/metrics';
import { stream } from '@minvar/random';
import { chromium } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { minvar } from './support';

const executablePath = '/usr/bin/chromium';
const dir = mkdtempSync(join(tmpdir(), 'minvar-audit-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const save = (name: string, data: NpyData, shape: readonly number[]): string => {
  writeFileSync(join(dir, name), encodeNpy(data, shape));
  return join(dir, name);
};

// Wide enough for the spectrum to go to TensorFlow: 4,000 × 1,024² multiplications.
const [n, width, classes] = [4000, 1024, 5];
const random = stream({ seed: 12, purpose: 'data' });
const labels = Int32Array.from({ length: n }, (_, i) => i % classes);
const centres = Float32Array.from({ length: classes * width }, () => random.normal());
const activations = Float32Array.from({ length: n * width }, (_, at) => {
  const [i, j] = [Math.floor(at / width), at % width];
  // some dimensions vary more than others
  return 3 + centres[labels[i]! * width + j]! * 0.3 + random.normal() * (1 + 4 / (1 + j));
});
const logits = Float32Array.from(
  { length: n * classes },
  (_, at) => random.normal() + (at % classes === labels[Math.floor(at / classes)] ? 2 : 0),
);

describe('minvar audit', () => {
  let args: string[];
  beforeAll(() => {
    args = [
      'audit',
      ...['--activations', save('h.npy', activations, [n, width])],
      ...['--labels', save('y.npy', labels, [n])],
      ...['--logits', save('z.npy', logits, [n, classes])],
      ...[
        '--attribute',
        save(
          'a.npy',
          Int32Array.from(labels, (y, i) => (i % 3 === 0 ? y : (y + 1) % classes)),
          [n],
        ),
      ],
    ];
  });

  it('has the spectrum from TensorFlow, as float64 has it to float32’s digits', async (ctx) => {
    const { status, stdout, stderr } = await minvar(dir, [...args, '--json']);
    expect(stderr).not.toMatch(/Error/);
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as {
      metrics: { name: string; variant: string | null; value: number }[];
      spectrum: { rank: number; precision: string; directions: { within: number }[] } | null;
    };
    ctx.skip(/TensorFlow, which is not set up/.test(stdout), 'TensorFlow is not set up');
    const fold = createMetricFold({
      context: { classes: ['0', '1', '2', '3', '4'], attributes: [], smoothing: { alpha: 0, convention: 'all' } },
      split: 'test',
      metrics: ['variance-spectrum', 'activation-variance'],
    });
    fold.add({ labels, activations });
    expect(report.spectrum?.precision).toBe('float32 products added in float64');
    const expected = fold.tables().find((t) => t.name === 'variance-spectrum')!.rows;
    expect(report.spectrum!.directions.map((d) => d.within)).toEqual(
      expected.map((r) => expect.closeTo(r.within as number, 3)),
    );
    for (const row of fold.rows().filter((r) => r.variant !== 'within/participation-ratio')) {
      const found = report.metrics.find((m) => m.name === row.name && m.variant === row.variant)!.value;
      expect(Math.abs(found / row.value - 1), `${row.name} ${row.variant}`).toBeLessThan(
        row.name === 'activation-variance' ? 1e-9 : 5e-3,
      );
    }
  });

  it('writes a page that a browser shows without fetching anything, at 390 pixels too', async (ctx) => {
    ctx.skip(!existsSync(executablePath), `no browser at ${executablePath} (Debian: apt-get install chromium)`);
    const file = join(dir, 'deep/report.html');
    const { status, stdout } = await minvar(dir, [...args, '--html', file]);
    expect([status, stdout]).toEqual([0, '']);
    expect(readFileSync(file, 'utf8')).toMatch(/^<!doctype html>/);
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      for (const [size, colorScheme] of [
        [1280, 'light'],
        [390, 'dark'],
      ] as const) {
        const page = await browser.newPage({ viewport: { width: size, height: 800 }, colorScheme });
        const [asked, complaints]: string[][] = [[], []];
        page.on('request', (r) => asked!.push(r.url()));
        page.on('console', (m) => complaints!.push(m.text()));
        await page.goto(pathToFileURL(file).href);
        expect(await page.locator('svg').count()).toBe(3);
        expect(await page.locator('[data-metric="error"] b').innerText()).toMatch(/%$/);
        const [scroll, background] = await page.evaluate(
          () => [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor] as const,
        );
        expect(scroll).toBe(size);
        expect(background).toBe(colorScheme === 'dark' ? 'rgb(16, 21, 27)' : 'rgb(246, 247, 249)');
        await page.getByText('All measurements').click();
        expect(await page.getByRole('cell', { name: 'cdnv', exact: true }).isVisible()).toBe(true);
        expect(asked).toHaveLength(1);
        expect(complaints).toEqual([]);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  });

  it('refuses wrong files as wrong usage, by name and with the way out', async () => {
    const shifted = save(
      'shifted.npy',
      Int32Array.from(labels, (y) => y + 1),
      [n],
    );
    const { status, stderr, stdout } = await minvar(dir, [
      'audit',
      '--activations',
      join(dir, 'h.npy'),
      '--labels',
      shifted,
    ]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(
      `minvar: --labels ${shifted}: labels go from 1 to 5; classes are counted from 0: save y - 1`,
    );
  });
});
