import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { number } from './format';
import type { Points } from './series';
import { columnsOf } from './series';

const dark = window.matchMedia('(prefers-color-scheme: dark)');

/** A curve over epochs that grows while the run goes on. */
export function LiveCurve({ points, label }: { readonly points: Points; readonly label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const [scheme, setScheme] = useState(dark.matches);
  useEffect(() => {
    const changed = () => setScheme(dark.matches);
    dark.addEventListener('change', changed);
    return () => dark.removeEventListener('change', changed);
  }, []);

  useEffect(() => {
    const box = place.current!;
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue('--ink-soft').trim();
    const axis = {
      stroke: ink,
      grid: { stroke: style.getPropertyValue('--line').trim(), width: 1 },
      ticks: { stroke: style.getPropertyValue('--line').trim(), width: 1 },
    };
    const size = () => ({ width: Math.max(200, box.clientWidth), height: box.clientWidth < 500 ? 220 : 320 });
    plot.current = new uPlot(
      {
        ...size(),
        scales: { x: { time: false } },
        axes: [
          { ...axis, label: 'epoch' },
          { ...axis, size: 64 },
        ],
        series: [
          { label: 'epoch', value: (_u, v) => (v === null ? '–' : String(Number(v.toFixed(3)))) },
          {
            label,
            stroke: style.getPropertyValue('--accent').trim(),
            width: 2,
            // single points only where they can be told apart
            points: { show: (u) => u.data[0].length * 10 < u.width, size: 5 },
            value: (_u, v) => number(v),
          },
        ],
      },
      [[], []],
      box,
    );
    const observer = new ResizeObserver(() => plot.current?.setSize(size()));
    observer.observe(box);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [label, scheme]);

  const [steps, values] = columnsOf(points);
  useEffect(() => plot.current?.setData([steps, values]));
  const last = values.at(-1);
  const missing = values.filter((v) => v === null).length;
  const spoken =
    steps.length === 0
      ? `${label}: no points yet`
      : `${label}: ${steps.length} points, last ${number(last ?? null)} at epoch ${number(steps.at(-1)!)}`;
  return (
    <figure className="curve" data-points={steps.length}>
      <div ref={place} role="img" aria-label={spoken} />
      <figcaption>
        {spoken}
        {missing > 0 ? `; ${missing} not finite (gaps)` : ''}
      </figcaption>
    </figure>
  );
}
