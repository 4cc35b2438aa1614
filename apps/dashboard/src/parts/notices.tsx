import type { ReactNode } from 'react';

export const Loading = ({ what }: { readonly what: string }) => (
  <div className="notice loading" role="status" aria-live="polite">
    <span className="bars" aria-hidden="true">
      <i />
      <i />
      <i />
    </span>
    Loading {what} …
  </div>
);

export const Empty = ({ title, children }: { readonly title: string; readonly children: ReactNode }) => (
  <div className="notice empty">
    <strong>{title}</strong>
    <p>{children}</p>
  </div>
);

export const Failure = ({ message, retry }: { readonly message: string; readonly retry?: () => void }) => (
  <div className="notice failure" role="alert">
    <strong>That did not work.</strong>
    <p>{message}</p>
    {retry && (
      <button type="button" onClick={retry}>
        Try again
      </button>
    )}
  </div>
);
