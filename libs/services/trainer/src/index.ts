export { createTrainer } from './create-trainer';
export type { Trainer, TrainerOptions } from './create-trainer';
