import { GraphQLError, Kind } from 'graphql';
import type {
  ASTVisitor,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionSetNode,
  ValidationContext,
  ValidationRule,
} from 'graphql';

/** What one operation may ask for, over HTTP and WebSocket alike. */
export const limits = {
  tokens: 4000,
  depth: 12,
  aliases: 60,
  directives: 30,
  rootFields: 40,
  /** fields answered, at most, if every list is as long as its `first` says */
  cost: 60_000,
  bodyBytes: 1024 * 1024,
} as const;

interface Weight {
  depth: number;
  cost: number;
  aliases: number;
  directives: number;
}

/** `extensions.code` of what is refused for its size; Apollo gives every error of validation and parsing a code of its own. */
export const tooLarge = 'OPERATION_TOO_LARGE';

const refused = (what: string, found: number, limit: number): GraphQLError =>
  new GraphQLError(`the operation has ${found} ${what}; at most ${limit} are allowed: ask for less at a time`, {
    extensions: { code: tooLarge, limit },
  });

/** The limit that an error of validation or parsing is about; null when it is about none. */
export function brokenLimit(message: string, extensions: Record<string, unknown>): number | null {
  if (typeof extensions.limit === 'number') return extensions.limit;
  // graphql's parser stops at the first token that is too many
  return /^Syntax Error: Document contains more tha[nt] \d+ tokens/.test(message) ? limits.tokens : null;
}

/** How many children a field's list may have: what `first` says, or its default. */
function multiplier(field: FieldNode, context: ValidationContext, parent: string): number {
  const given = field.arguments?.find((a) => a.name.value === 'first' || a.name.value === 'tail');
  if (given?.value.kind === Kind.INT) return Math.min(Number(given.value.value), 10_000);
  const type = context.getSchema().getType(parent);
  const args = type && 'getFields' in type ? type.getFields()[field.name.value] : undefined;
  const declared = args && 'args' in args ? args.args.find((a) => a.name === 'first' || a.name === 'tail') : undefined;
  if (!declared) return 1;
  // A variable can be as large as is allowed at all.
  return given ? 200 : Number(declared.defaultValue ?? 50);
}

function namedType(context: ValidationContext, parent: string, field: string): string {
  const type = context.getSchema().getType(parent);
  const found = type && 'getFields' in type ? type.getFields()[field] : undefined;
  return found ? String(found.type).replace(/[[\]!]/g, '') : '';
}

/** A validation rule that bounds depth, aliases, directives, root fields and cost. Introspection counts its tokens only. */
export const limitsRule: ValidationRule = (context: ValidationContext): ASTVisitor => {
  const fragments = new Map<string, Weight | 'open'>();

  function ofFragment(f: FragmentDefinitionNode): Weight {
    const known = fragments.get(f.name.value);
    // A cycle is another rule's error; here it ends.
    if (known) return known === 'open' ? { depth: 0, cost: 0, aliases: 0, directives: 0 } : known;
    fragments.set(f.name.value, 'open');
    const weight = weigh(f.selectionSet, f.typeCondition.name.value);
    fragments.set(f.name.value, weight);
    return weight;
  }

  function weigh(set: SelectionSetNode, parent: string): Weight {
    const total: Weight = { depth: 0, cost: 0, aliases: 0, directives: 0 };
    const add = (w: Weight) => {
      total.depth = Math.max(total.depth, w.depth);
      total.cost += w.cost;
      total.aliases += w.aliases;
      total.directives += w.directives;
    };
    for (const s of set.selections) {
      total.directives += s.directives?.length ?? 0;
      if (s.kind === Kind.INLINE_FRAGMENT) add(weigh(s.selectionSet, s.typeCondition?.name.value ?? parent));
      else if (s.kind === Kind.FRAGMENT_SPREAD) {
        const fragment = context.getFragment(s.name.value);
        if (fragment) add(ofFragment(fragment));
      } else {
        if (s.alias) total.aliases += 1;
        if (s.name.value.startsWith('__')) continue;
        const below = s.selectionSet
          ? weigh(s.selectionSet, namedType(context, parent, s.name.value))
          : { depth: 0, cost: 0, aliases: 0, directives: 0 };
        add({ ...below, depth: below.depth + 1, cost: 1 + multiplier(s, context, parent) * below.cost });
      }
    }
    return total;
  }

  return {
    OperationDefinition(node: OperationDefinitionNode) {
      const root = context.getSchema().getRootType(node.operation)?.name ?? '';
      const w = weigh(node.selectionSet, root);
      const checks: readonly [string, number, number][] = [
        ['levels of fields', w.depth, limits.depth],
        ['aliases', w.aliases, limits.aliases],
        ['directives', w.directives + (node.directives?.length ?? 0), limits.directives],
        ['fields at its root', node.selectionSet.selections.length, limits.rootFields],
        ['fields to answer', w.cost, limits.cost],
      ];
      for (const [what, found, limit] of checks) if (found > limit) context.reportError(refused(what, found, limit));
      return false;
    },
  };
};
