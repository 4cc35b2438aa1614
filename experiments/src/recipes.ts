import type { RunSpecInput } from '@minvar/contracts';

/** A named way of training: everything of a spec that is neither data, model size, method nor weight decay. This project’s choice, not the paper’s. */
export interface Recipe {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly source: string;
  readonly stem: 'cifar' | 'imagenet';
  readonly augmentation: 'none' | 'crop-flip';
  readonly batchSize: number;
  readonly epochs: number;
  readonly optimizer: { readonly name: 'adamw'; readonly lr: number; readonly schedule: 'constant' | 'warmup-cosine' };
}

export const recipes = {
  'author-like': {
    name: 'author-like',
    title: 'Like the author’s',
    description:
      'torchvision’s ImageNet stem on 32 × 32 images, no augmentation, batch 500, AdamW at a constant learning rate of 1e-3, 200 epochs.',
    source: 'the author’s other public code of the same month, with AdamW for its Adam',
    stem: 'imagenet',
    augmentation: 'none',
    batchSize: 500,
    epochs: 200,
    optimizer: { name: 'adamw', lr: 1e-3, schedule: 'constant' },
  },
  standard: {
    name: 'standard',
    title: 'Standard',
    description:
      'CIFAR stem, random crop and flip, batch 128, AdamW at 1e-3 with a warm-up over a twentieth of the steps and a cosine after it, 200 epochs.',
    source: 'usual for residual networks on CIFAR, with AdamW',
    stem: 'cifar',
    augmentation: 'crop-flip',
    batchSize: 128,
    epochs: 200,
    optimizer: { name: 'adamw', lr: 1e-3, schedule: 'warmup-cosine' },
  },
} as const satisfies Record<string, Recipe>;

/** The spec of a recipe for a network on a dataset. */
export function specOf(
  recipe: Recipe,
  wanted: {
    readonly data: { readonly name: string; readonly limit?: number; readonly validation?: boolean };
    readonly model: { readonly name: string; readonly width?: number };
    readonly method: RunSpecInput['method'];
    readonly weightDecay: number;
    /** instead of the recipe’s own */
    readonly epochs?: number;
  },
): Omit<RunSpecInput, 'seed'> {
  const { data, model, method, weightDecay, epochs } = wanted;
  return {
    data: {
      name: data.name,
      limit: data.limit ?? null,
      augmentation: recipe.augmentation,
      ...(data.validation ? { parameters: { validation: true } } : {}),
    },
    model: { name: model.name, width: model.width ?? null, stem: recipe.stem, normalisation: 'batch' },
    method,
    optimizer: { ...recipe.optimizer, weightDecay },
    epochs: epochs ?? recipe.epochs,
    batchSize: recipe.batchSize,
  };
}
