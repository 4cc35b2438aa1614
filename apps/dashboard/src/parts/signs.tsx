import type { RunPageQuery } from '../graphql/operations.gen';

type Sign = NonNullable<RunPageQuery['run']>['signs'][number];

const shown = 3;

const text = (s: Sign) => `${s.epoch === null ? '' : `epoch ${s.epoch}: `}${s.because}`;

/** Failure signs, one notice a kind; the first few in full, the others one click away. */
export function Signs({ signs }: { readonly signs: readonly Sign[] }) {
  const names = [...new Set(signs.map((s) => s.name))];
  return names.map((name) => {
    const mine = signs.filter((s) => s.name === name).map(text);
    const list = (items: readonly string[]) => (
      <ul>
        {items.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
    );
    return (
      <section className="notice sign" key={name} aria-label={`Failure sign ${name}`}>
        <strong>{name}</strong>
        {list(mine.slice(0, shown))}
        {mine.length > shown && (
          <details>
            <summary>{mine.length - shown} more</summary>
            {list(mine.slice(shown))}
          </details>
        )}
      </section>
    );
  });
}
