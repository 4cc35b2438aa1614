/** What a person gives and can give otherwise: exit code 2, as for a wrong command line. */
const wrongUsage = new Set(['ConfigurationError', 'UnusableHomeError', 'UnsuitableFileSystemError']);

/** Runs an app's `main`. When it cannot go on, one line on stderr says why; exit code 2 for a wrong configuration, else 1. */
export function runApp(name: string, main: () => Promise<void>): void {
  main().catch((error: Error) => {
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(wrongUsage.has(error.name) ? 2 : 1);
  });
}
