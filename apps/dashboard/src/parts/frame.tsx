import { NavLink, Outlet } from 'react-router';
import { useConnected } from '../live/connection';

export function Frame() {
  const connected = useConnected();
  return (
    <>
      <a className="skip" href="#main" onClick={(e) => (e.preventDefault(), document.getElementById('main')?.focus())}>
        Skip to the content
      </a>
      <header className="top">
        <NavLink to="/" className="brand" aria-label="minvar, overview">
          minvar
        </NavLink>
        <nav aria-label="Pages">
          <NavLink to="/" end>
            Overview
          </NavLink>
          <NavLink to="/runs">Runs</NavLink>
        </nav>
        <span className={connected ? 'link-state' : 'link-state lost'} role="status">
          {connected ? '' : 'reconnecting …'}
        </span>
      </header>
      <main id="main" tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}
