import { existsSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { chromium } from '@playwright/test';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { graphql, startLaboratory, temporaryHome, until } from './support';

const executablePath = '/usr/bin/chromium';
const hasBrowser = existsSync(executablePath);
const { home, dispose } = temporaryHome();

let lab: Awaited<ReturnType<typeof startLaboratory>>;
let browser: Browser;

interface Opened {
  readonly page: Page;
  readonly context: BrowserContext;
  /** addresses outside the laboratory, and what the browser complained about */
  readonly foreign: string[];
  readonly complaints: string[];
}

async function open(path: string, { width = 1280, dark = false } = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: dark ? 'dark' : 'light' });
  const page = await context.newPage();
  const foreign: string[] = [];
  const complaints: string[] = [];
  page.on('request', (r) => {
    if (!r.url().startsWith(lab.url)) foreign.push(r.url());
  });
  page.on('console', (m) => m.type() === 'error' && complaints.push(m.text()));
  page.on('pageerror', (e) => complaints.push(e.message));
  await page.goto(`${lab.url}/#${path}`);
  return { page, context, foreign, complaints };
}

const points = async (page: Page): Promise<number> => Number(await page.locator('.curve').getAttribute('data-points'));

describe('the web page, in a real browser', () => {
  beforeAll(async () => {
    if (!hasBrowser) return;
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    lab = await startLaboratory(home);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    dispose();
  }, 60_000);
  beforeEach((ctx) => ctx.skip(!hasBrowser, `no browser at ${executablePath} (Debian: apt-get install chromium)`));

  it('shows experiments and claims, and says that nothing was run', async () => {
    const { page, context, foreign, complaints } = await open('/');
    const card = page.locator('[data-experiment="spurious-colour"]');
    await card.getByText('Claim 4').first().waitFor();
    expect(await card.locator('.claims .chip').first().innerText()).toBe('not run');
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await page.getByText('No runs yet').waitFor();
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  }, 60_000);

  it('runs an experiment from its button: progress, then verdicts with their reasons', async () => {
    const { page, context, complaints } = await open('/');
    const card = page.locator('[data-experiment="linear-low-high"]');
    await card.getByRole('button', { name: /^Run / }).click();
    await card.locator('.controls .chip', { hasText: /^done$/ }).waitFor({ timeout: 120_000 });
    const verdict = card.locator('.claims li').first();
    await until('a verdict', async () => (await verdict.locator('.chip').innerText()) !== 'not run');
    expect(await verdict.locator('.because').innerText()).not.toBe('');
    expect(complaints).toEqual([]);
    await context.close();
  }, 180_000);

  it('draws a curve while the run goes on, misses nothing when the connection breaks, and cancels from the button', async () => {
    const epochs = 400;
    const { data } = await graphql<{ runExperiment: { __typename: string; message?: string } }>(
      lab.url,
      'mutation ($input: RunExperimentInput!) { runExperiment(input: $input) { __typename ... on Error { message } } }',
      { input: { name: 'spurious-colour', preset: 'quick', seeds: 1, set: [`epochs=${epochs}`, 'data.limit=500'] } },
    );
    expect(data.runExperiment.__typename, data.runExperiment.message).toBe('RunExperimentPayload');
    const id = await until(
      'a running run',
      async () => {
        const found = await graphql<{ runs: { edges: { node: { id: string } }[] } }>(
          lab.url,
          '{ runs(first: 1, filter: { experiment: "spurious-colour", state: [RUNNING] }) { edges { node { id } } } }',
        );
        return found.data.runs.edges[0]?.node.id;
      },
      120,
    );
    const { page, context } = await open(`/runs/${id}`);
    await until('three points', async () => (await points(page)) >= 3, 90);
    const before = await points(page);
    await context.setOffline(true);
    await new Promise((r) => setTimeout(r, 1500));
    await context.setOffline(false);
    await until('more points', async () => (await points(page)) > before + 2, 90);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('main > .controls .chip', { hasText: /^cancelled$/ }).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Retry' }).waitFor();
    const curve = await page.locator('select').inputValue();
    const [metric, split] = [curve.split(' · ')[0], curve.split(' · ').at(-1)];
    const { data: stored } = await graphql<{ run: { series: { steps: number[] } | null } }>(
      lab.url,
      'query ($id: ID!, $metric: String!, $split: String) { run(id: $id) { series(metric: $metric, split: $split, maxPoints: 5000, downsampling: NONE) { steps } } }',
      { id, metric, split },
    );
    const steps = stored.run.series!.steps;
    expect(new Set(steps).size).toBe(steps.length);
    // A page opened after the end offers the curves that there are.
    await page.reload();
    await page.locator('select').selectOption(curve);
    await until('every stored point on the page', async () => (await points(page)) >= steps.length, 30);
    await context.close();
  }, 300_000);

  it('keeps filter and order of the runs in the address', async () => {
    const { page, context } = await open('/runs');
    await page.getByLabel('Method').selectOption('mixup');
    await page.getByRole('button', { name: 'Seed' }).click();
    await until('the address', () => /method=mixup/.test(page.url()) && /order=seed/.test(page.url()));
    await page.locator('tbody tr').first().waitFor();
    await until('rows of mixup only', async () => {
      const methods = await page.locator('tbody tr td:nth-child(3)').allInnerTexts();
      return methods.length > 0 && methods.every((m) => m === 'mixup');
    });
    await page.reload();
    await page.locator('tbody tr').first().waitFor();
    expect(await page.getByLabel('Method').inputValue()).toBe('mixup');
    expect(await page.locator('th[aria-sort="descending"]').innerText()).toContain('Seed');
    await context.close();
  }, 60_000);

  it('fits 390 px in dark and light, without scrolling sideways', async () => {
    const { data } = await graphql<{ runs: { edges: { node: { id: string } }[] } }>(
      lab.url,
      '{ runs(first: 1) { edges { node { id } } } }',
    );
    for (const path of ['/', '/runs', `/runs/${data.runs.edges[0]!.node.id}`]) {
      for (const dark of [true, false]) {
        const { page, context, complaints } = await open(path, { width: 390, dark });
        await page.locator('h1').waitFor();
        await page.waitForLoadState('networkidle');
        const [content, paper] = await page.evaluate(
          () => [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor] as const,
        );
        expect(content, path).toBeLessThanOrEqual(390);
        const lightness =
          /(\d+), (\d+), (\d+)/
            .exec(paper)!
            .slice(1)
            .reduce((sum, x) => sum + Number(x), 0) / 3;
        expect(lightness < 128, `${path} ${paper}`).toBe(dark);
        expect(complaints).toEqual([]);
        await context.close();
      }
    }
  }, 120_000);

  it('opens with the preset that was run last, and says of a claim without results why it has none', async () => {
    const unfinished = await graphql<{ runs: { edges: { node: { id: string } }[] } }>(
      lab.url,
      '{ runs(first: 200, filter: { experiment: "spurious-colour", state: [QUEUED, CLAIMED, RUNNING] }) { edges { node { id } } } }',
    );
    for (const { node } of unfinished.data.runs.edges)
      await graphql(lab.url, 'mutation ($id: ID!) { cancelRun(input: { id: $id }) { __typename } }', { id: node.id });
    const { data } = await graphql<{ runExperiment: { preset: string } }>(
      lab.url,
      'mutation ($input: RunExperimentInput!) { runExperiment(input: $input) { ... on RunExperimentPayload { preset } } }',
      { input: { name: 'linear-low-high', preset: 'ci' } },
    );
    expect(data.runExperiment.preset).toBe('ci');
    const { page, context } = await open('/');
    const card = page.locator('[data-experiment="linear-low-high"]');
    await card.locator('.controls .chip', { hasText: /^done$/ }).waitFor({ timeout: 120_000 });
    expect(await card.locator('select').inputValue()).toBe('ci');
    await card.getByRole('button', { name: 'Run ci' }).waitFor();
    expect(await card.locator('.claims .because').count()).toBe(await card.locator('.claims > li').count());
    // its runs were cancelled, under a preset that --set had changed
    const other = page.locator('[data-experiment="spurious-colour"]');
    expect(await other.locator('select').inputValue()).toMatch(/^quick\+[0-9a-f]{8}$/);
    expect(await other.getByRole('button', { name: /^Run / }).count()).toBe(0);
    expect(await other.locator('.claims li .because').first().innerText()).not.toBe('');
    await context.close();
  }, 180_000);

  it('works from the keyboard: skip link, pages, controls, each with a visible focus', async () => {
    const { page, context } = await open('/');
    // a button that is still disabled takes no focus
    await page.locator('[data-experiment] .claims').last().waitFor();
    const seen: string[] = [];
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press('Tab');
      const [name, outline] = await page.evaluate(() => {
        const e = document.activeElement as HTMLElement;
        return [e.innerText || e.getAttribute('aria-label') || e.tagName, getComputedStyle(e).outlineStyle] as const;
      });
      seen.push(name.trim());
      expect(outline, name).not.toBe('none');
    }
    expect(seen[0]).toBe('Skip to the content');
    expect(seen).toEqual(expect.arrayContaining(['Overview', 'Runs']));
    expect(seen.some((s) => s.startsWith('Run '))).toBe(true);
    await context.close();
  }, 60_000);

  it('says so when the laboratory does not answer, and recovers', async () => {
    const { page, context } = await open('/');
    await page.locator('[data-experiment]').first().waitFor();
    await context.setOffline(true);
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await page.getByText('does not answer').first().waitFor();
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).first().click();
    await page.locator('tbody tr').first().waitFor();
    await context.close();
  }, 60_000);
});
