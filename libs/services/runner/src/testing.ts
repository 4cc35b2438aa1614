export { storeDataset } from './testing/stored-dataset';
