import { defineMetric } from './define-metric';
import { groupsOf, present } from './groups';
import type { Group } from './groups';

const share = (groups: readonly Group[]): number =>
  groups.reduce((s, g) => s + g.followed, 0) / groups.reduce((s, g) => s + g.count, 0);

export const followsColour = defineMetric({
  name: 'follows-colour',
  title: 'Follows the colour',
  description:
    'Share of examples whose prediction is the class that their spurious attribute belongs to: accuracy against the attribute. Variant conflicting: of the examples whose attribute belongs to another class. Measured where each class has an attribute value of its own.',
  source: null,
  variants: [null, 'conflicting'],
  needs: ['outcomes'],
  measure: ({ outcomes }, context) => {
    const groups = present(groupsOf(outcomes, context));
    if (groups.length === 0 || context.attributes.length !== context.classes.length) return [];
    const conflicting = groups.filter((g) => g.attribute !== g.class);
    return [
      {
        variant: null,
        value: share(groups),
        perClass: context.classes.map((_, k) => share(groups.filter((g) => g.class === k))),
      },
      ...(conflicting.length > 0 ? [{ variant: 'conflicting', value: share(conflicting) }] : []),
    ];
  },
});
