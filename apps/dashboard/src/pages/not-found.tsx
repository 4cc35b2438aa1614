import { Link } from 'react-router';
import { Empty } from '../parts/notices';

export const NotFound = () => (
  <Empty title="There is no such page">
    Go to the <Link to="/">overview</Link> or to the <Link to="/runs">runs</Link>.
  </Empty>
);
