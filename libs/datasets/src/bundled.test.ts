import { readFileSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mnist } from './mnist';
import { readMnist } from './mnist-files';
import { channelStatistics, countClasses } from './statistics';
import { bundledFiles, localFiles } from './testing/digits';

const folder = fileURLToPath(new URL('../bundled/', import.meta.url));

describe('the bundled digits', () => {
  it('are 5,000 and 1,000 digits of about a megabyte, with their licence', () => {
    const archives = readdirSync(folder).filter((f) => f.endsWith('.gz'));
    expect(archives.map((f) => statSync(folder + f).size).reduce((a, b) => a + b)).toBeLessThan(1_000_000);
    expect(readFileSync(`${folder}LICENCE.md`, 'utf8')).toMatch(/CC BY-SA 3\.0/);
  });
  it('look like MNIST: published mean and deviation, every class between 8 and 13 %', async () => {
    const { train, test } = readMnist(await bundledFiles());
    expect([train.examples, test.examples]).toEqual([5000, 1000]);
    const { mean, std } = channelStatistics(train.ink, 1);
    // .1307 and .3081 are published for the 60,000; a sample of 5,000 is within a few per mille
    expect(Math.abs(mean[0]! - 0.1307)).toBeLessThan(0.003);
    expect(Math.abs(std[0]! - 0.3081)).toBeLessThan(0.003);
    for (const n of countClasses(train.labels, 10)) expect(n / 5000 > 0.08 && n / 5000 < 0.13).toBe(true);
  });
  it('are called what they are', async () => {
    const built = await mnist.build({ parameters: { validation: false }, files: await bundledFiles() });
    expect(built.note).toBe('5,000 of 60,000 digits, bundled subset; 1,000 of 10,000 test digits, bundled subset');
  });
});

describe('MNIST from the published files', () => {
  const root = process.env.MINVAR_DATA_DIR;
  it.skipIf(!root)(
    'has the published statistics and labels, and says how many digits there are (needs MINVAR_DATA_DIR)',
    async () => {
      const files = (await localFiles(root!))!;
      const { train, test, note } = readMnist(files);
      // of the 10,000 test digits: mean .13251, deviation .31048, first labels 7 2 1 0 4 1 4 9 5 9
      expect(files.get('t10k-images-idx3-ubyte.gz')!.official).toBe(true);
      const { mean, std } = channelStatistics(test.ink, 1);
      expect(mean[0]).toBeCloseTo(0.13251, 5);
      expect(std[0]).toBeCloseTo(0.31048, 5);
      expect([...test.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
      expect(note).toBe(
        train.examples === 60_000
          ? null
          : `${train.examples.toLocaleString('en-US')} of 60,000 digits, not the official file`,
      );
    },
  );
});
