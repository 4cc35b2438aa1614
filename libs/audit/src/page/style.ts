/** The page's whole style: light and dark by what the reader's system asks for, one column on a telephone. */
export const style = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #16202c; --soft: #556270; --line: #d9dfe6; --bar: #2f6fde; --bar2: #d9722b; --track: #e6ebf1; }
@media (prefers-color-scheme: dark) { :root { --page: #10151b; --card: #1a212a; --ink: #e8edf3; --soft: #a3b0be; --line: #313b47; --bar: #76a5ff; --bar2: #f0a062; --track: #2a333e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; margin: 0 0 4px; } h2 { font-size: 1.15rem; margin: 40px 0 12px; }
p { margin: 0 0 12px; } .soft { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(156px, 1fr)); gap: 12px; }
.tile, figure, .notes { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; margin: 0; }
.tile b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; } .tile span { display: block; color: var(--soft); font-size: .85rem; line-height: 1.35; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr)); gap: 12px; align-items: start; }
figcaption { font-weight: 600; margin-bottom: 2px; } figure p { color: var(--soft); font-size: .85rem; line-height: 1.4; margin: 0 0 8px; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 12px; } .bar { fill: var(--bar); } .bar2 { fill: var(--bar2); } .track { fill: var(--track); }
.axis { stroke: var(--line); fill: none; } .dashed { stroke: var(--soft); stroke-dasharray: 4 4; fill: none; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th, td { padding: 6px 12px; text-align: right; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; white-space: nowrap; }
th { color: var(--soft); font-weight: 600; } th:first-child, td:first-child, .left { text-align: left; } td.what { white-space: normal; min-width: 220px; color: var(--soft); text-align: left; }
tr:last-child td { border-bottom: 0; } code { overflow-wrap: anywhere; white-space: normal; }
details { margin-top: 12px; } summary { cursor: pointer; padding: 8px 0; font-weight: 600; } summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--bar); outline-offset: 2px; border-radius: 4px; }
.notes ul { margin: 0; padding-left: 20px; }
`;
