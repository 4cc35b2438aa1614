import { createFolderStore } from '../object-store/folder';
import { runSwapChild } from './swap-child';

await runSwapChild(() => createFolderStore({ dir: process.argv[2]! }));
