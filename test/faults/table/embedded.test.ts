import { runTable } from './run-table';
import { embedded } from './system';

runTable('a laboratory in one process', 'home', embedded);
