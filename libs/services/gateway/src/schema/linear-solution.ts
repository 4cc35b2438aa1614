import { linearLosses } from '@minvar/theory';
import type { LinearProblem, LinearSolution } from '@minvar/theory';
import type { Context } from '../context';
import { badInput } from '../errors';

export const typeDefs = /* GraphQL */ `
  "Exact optimum of a linear model on a finite distribution"
  type LinearSolution {
    weights: [Float!]!
    bias: Float
    lowNorm: Float
    highNorm: Float
    "Without, and with (λ/2)‖w‖²"
    loss: Float!
    objective: Float!
    "Mean entropy of the targets"
    floor: Float!
    outputVariance: Float!
    "false: the minimum is at infinity, \`weights\` is its direction"
    converged: Boolean!
  }
  input LinearProblemInput {
    points: [LinearPointInput!]!
    loss: String!
    alpha: Float
    weightDecay: Float
    low: [Int!]
    high: [Int!]
    bias: Boolean
  }
  input LinearPointInput {
    x: [Float!]!
    y: Int!
    weight: Float
  }
`;

const maxPoints = 2000;
const maxDimensions = 256;

interface LinearProblemInput {
  readonly points: readonly { readonly x: readonly number[]; readonly y: number; readonly weight?: number | null }[];
  readonly loss: string;
  readonly alpha?: number | null;
  readonly weightDecay?: number | null;
  readonly low?: readonly number[] | null;
  readonly high?: readonly number[] | null;
  readonly bias?: boolean | null;
}

/** Left out and null mean the same. */
const withoutNulls = (value: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== null && v !== undefined));

/** Solves a problem in a thread of its own; what is wrong with it, too large or too slow is `BAD_USER_INPUT`. */
export async function linearSolution(
  { input }: { input: LinearProblemInput },
  { linear }: Context,
): Promise<LinearSolution> {
  if (!(linearLosses as readonly string[]).includes(input.loss))
    throw badInput(`loss: '${input.loss}' is none of ${linearLosses.join(', ')}`);
  if (input.points.length < 1 || input.points.length > maxPoints) {
    throw badInput(
      `points: ${input.points.length} given; 1 to ${maxPoints} can be solved here, more with 'npx minvar linear'`,
    );
  }
  const wide = input.points.find((p) => p.x.length > maxDimensions);
  if (wide) throw badInput(`points: x has ${wide.x.length} dimensions; at most ${maxDimensions} can be solved here`);
  const problem = { ...withoutNulls(input), points: input.points.map(withoutNulls) } as unknown as LinearProblem;
  return linear.solve(problem);
}

export const resolvers = {};
