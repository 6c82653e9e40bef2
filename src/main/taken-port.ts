export interface Listening {
  /** That of the controller which chooses the port. */
  readonly option: string;
  readonly port: number;
}

/** What `listen` gives; rejects with the option to change where another program has the port. */
export async function onPort<T>({ option, port }: Listening, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new Error(`port ${port} is taken by another program; choose one with ${option}`, { cause: error });
  }
}
