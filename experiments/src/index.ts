export { experiments } from './registry.gen';
