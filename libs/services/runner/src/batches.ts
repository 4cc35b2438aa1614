/** Largest JSON of one message's list; messages stay under 256 KB with their envelope. */
const maxBytes = 200 * 1024;
const maxItems = 2000;

/** Cuts a list into consecutive lists whose JSON stays small enough for one message. An item that alone is too large throws. */
export function inBatches<T>(items: readonly T[]): T[][] {
  const batches: T[][] = [];
  let size = maxBytes;
  for (const item of items) {
    const bytes = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes > maxBytes)
      throw new Error(
        `an item of ${bytes} bytes does not fit into a message of ${maxBytes}; store it as an object and send its key`,
      );
    const open = batches.at(-1);
    if (open === undefined || size + bytes > maxBytes || open.length >= maxItems) {
      batches.push([item]);
      size = bytes;
    } else {
      open.push(item);
      size += bytes;
    }
  }
  return batches;
}

/** Longest text of a line that is sent while a run goes on, in UTF-16 units: at most three times as many bytes, six when it is all control characters. */
const longestText = 16_000;

/** A line that fits a message whatever a library printed into it; log.txt keeps the whole. */
export const clipped = <L extends { readonly text: string }>(line: L): L =>
  line.text.length <= longestText
    ? line
    : {
        ...line,
        text: `${line.text.slice(0, longestText)} … ${line.text.length - longestText} characters more in log.txt`,
      };
