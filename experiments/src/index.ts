export { recipes } from './recipes';
export type { Recipe } from './recipes';
export { experiments } from './registry.gen';
