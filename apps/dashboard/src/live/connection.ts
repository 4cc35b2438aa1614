import { useSyncExternalStore } from 'react';
import { socket } from '../graphql/client';

let connected = true;
const listeners = new Set<() => void>();

export function setConnected(now: boolean): void {
  if (now === connected) return;
  connected = now;
  for (const listener of listeners) listener();
}
socket.on('connected', () => setConnected(true));

/** false while live updates are interrupted */
export const useConnected = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => connected,
  );
