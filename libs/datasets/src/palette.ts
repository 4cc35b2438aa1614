/** A colour as red, green, blue on the scale [0, 1]. */
export type Rgb = readonly [number, number, number];

/**
 * The background colours, one a class. They were placed to be as far apart as ten points in the cube [.1, .8]³ can be: the
 * closest two are .495 apart (green and olive), every one is at least .74 from the white of the ink and .40 from black. They keep
 * away from the faces of the RGB cube, so that a jitter of σ ≤ .05 is almost never clipped and its variance is what it says.
 */
export const palette: readonly { readonly name: string; readonly rgb: Rgb }[] = [
  { name: 'red', rgb: [0.8, 0.1, 0.18] },
  { name: 'green', rgb: [0.1, 0.8, 0.1] },
  { name: 'violet', rgb: [0.3, 0.1, 0.8] },
  { name: 'yellow', rgb: [0.8, 0.8, 0.1] },
  { name: 'azure', rgb: [0.1, 0.56, 0.8] },
  { name: 'magenta', rgb: [0.8, 0.1, 0.8] },
  { name: 'sage', rgb: [0.41, 0.8, 0.49] },
  { name: 'olive', rgb: [0.44, 0.44, 0.1] },
  { name: 'salmon', rgb: [0.8, 0.49, 0.49] },
  { name: 'navy', rgb: [0.1, 0.17, 0.35] },
];

/** Euclidean distance in RGB; the cube's diagonal is √3. */
export const colourDistance = (a: Rgb, b: Rgb): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/** Index of the palette's nearest colour. */
export function nearestColour(rgb: Rgb): number {
  let best = 0;
  for (let i = 1; i < palette.length; i++)
    if (colourDistance(rgb, palette[i]!.rgb) < colourDistance(rgb, palette[best]!.rgb)) best = i;
  return best;
}
