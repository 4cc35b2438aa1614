// Writes what a test run did, file by file, with the reason of every skip, for tools/test.mjs to judge.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';

export default class SummaryReporter {
  constructor({ file } = {}) {
    this.file = file ?? process.env.MINVAR_TEST_SUMMARY ?? 'dist/test-summary.json';
  }

  onTestRunEnd(modules, unhandledErrors) {
    const files = modules.map((module) => {
      const tests = [...module.children.allTests()].map((test) => {
        const result = test.result();
        return {
          name: test.fullName,
          state: result.state,
          reason: result.state === 'skipped' ? (result.note ?? null) : null,
          ms: Math.round(test.diagnostic()?.duration ?? 0),
        };
      });
      return {
        file: relative(process.cwd(), module.moduleId),
        ok: module.ok(),
        errors: module.errors().map((e) => e.message ?? String(e)),
        tests,
      };
    });
    mkdirSync(dirname(this.file), { recursive: true });
    writeFileSync(this.file, JSON.stringify({ files, unhandled: unhandledErrors.map((e) => e.message ?? String(e)) }));
  }
}
