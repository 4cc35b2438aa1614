import { createHashRouter } from 'react-router';
import { Frame } from './parts/frame';
import { Overview } from './pages/overview';
import { Runs } from './pages/runs';
import { RunPage } from './pages/run';
import { NotFound } from './pages/not-found';

// The page's state is in the part after #, so that a link opens the same view whatever serves the files.
export const router = createHashRouter([
  {
    element: <Frame />,
    children: [
      { path: '/', element: <Overview /> },
      { path: '/runs', element: <Runs /> },
      { path: '/runs/:id', element: <RunPage /> },
      { path: '*', element: <NotFound /> },
    ],
  },
]);
