/** Where keys come from. */
export interface KeyInput {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export type KeyAction = 'good' | 'bad' | 'abort' | 'promote' | 'promoteFull' | 'kill' | 'quit';

const ACTIONS: ReadonlyMap<string, KeyAction> = new Map([
  ['g', 'good'],
  ['b', 'bad'],
  ['a', 'abort'],
  ['p', 'promote'],
  ['f', 'promoteFull'],
  ['k', 'kill'],
  ['q', 'quit'],
  // Ctrl-C and Ctrl-D arrive as characters while the terminal is raw.
  ['\x03', 'quit'],
  ['\x04', 'quit'],
]);

/** From the longest to the shortest: a narrow terminal gets one that fits. */
export const KEYS_HELP: readonly string[] = [
  'g good release  b bad release  a abort  p promote  f promote --full  k kill the controller  q quit',
  'g good  b bad  a abort  p promote  f full  k kill controller  q quit',
  'g good b bad a abort p promote f full k kill q quit',
];

/** Listens for single keys; does nothing without a terminal. Answers a function that gives the terminal back. */
export function listenForKeys(input: KeyInput, act: (action: KeyAction) => void): () => void {
  if (input.isTTY !== true) return () => undefined;
  const listener = (chunk: Buffer): void => {
    for (const character of chunk.toString('utf8')) {
      const action = ACTIONS.get(character);
      if (action !== undefined) act(action);
    }
  };
  input.setRawMode?.(true);
  input.on('data', listener);
  input.resume();
  return () => {
    input.off('data', listener);
    input.setRawMode?.(false);
    input.pause();
  };
}
