/** Why a verdict is what it is: the count first, endpoint by endpoint one click away. */
export function Because({ text }: { readonly text: string }) {
  const [summary, ...endpoints] = text.split('; ');
  return (
    <div className="because">
      {summary}
      {endpoints.length > 0 && (
        <details>
          <summary>
            {endpoints.length} endpoint{endpoints.length === 1 ? '' : 's'}
          </summary>
          <ul>
            {endpoints.map((e) => (
              <li key={e}>{e}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
