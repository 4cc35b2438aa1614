export const typeDefs = /* GraphQL */ `
  "A method, model, metric, dataset or recipe that can be named in a spec; a form can be drawn from \`parametersSchema\` (JSON Schema)"
  type RegistryEntry {
    name: String!
    title: String!
    description: String!
    source: String
    parametersSchema: JSONObject!
    "Parameters at which a method equals ERM"
    neutral: JSONObject
  }
`;

export const resolvers = {};
