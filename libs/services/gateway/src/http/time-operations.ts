import type { ApolloServerPlugin } from '@apollo/server';
import type { Context } from '../context';
import type { Telemetry } from './telemetry';

/** Measures how long operations take. The label is the kind of operation: names are the client's, and could be any number. */
export const timeOperations = ({ operations }: Telemetry): ApolloServerPlugin<Context> => ({
  async requestDidStart() {
    const end = operations.startTimer();
    return {
      async willSendResponse({ operation, errors }) {
        end({ operation: operation?.operation ?? 'none', outcome: errors && errors.length > 0 ? 'errors' : 'ok' });
      },
    };
  },
});
