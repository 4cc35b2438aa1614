/** An error about one place of one file: what was found there, what was expected, and the way out. */
export function sourceError(file: string, offset: number | null, problem: string, wayOut: string): Error {
  return Object.assign(new Error(`${file}${offset === null ? '' : `, offset ${offset}`}: ${problem}. ${wayOut}`), {
    file,
    offset,
  });
}
