/** Progress in [0, 1]. */
export const Bar = ({ value, label }: { readonly value: number; readonly label: string }) => (
  <span className="bar">
    <progress max={1} value={value} aria-label={label} />
    <span>{Math.floor(100 * value)} %</span>
  </span>
);
