import type { ProfileFile } from './profiles.ts';

export interface ProfileFileReader {
  /** Rejects with an error that has the code of the system (`ENOENT`, `EACCES`). */
  readonly readFile: (path: string) => Promise<string>;
  /** Whether this user sees that there is something; false in a folder that it may not enter. */
  readonly isThere: (path: string) => Promise<boolean>;
}

export interface ProfilePlace {
  readonly path: string;
  /** Somebody said so, and it is not just where such files usually are. */
  readonly isNamed: boolean;
}

/**
 * A file of profiles, empty where there is none. One that is there and cannot be read is an error: credentials from
 * elsewhere would be those of somebody else. What is in another user's home is nobody's mistake, and counts as none.
 */
export async function readProfileFile(reader: ProfileFileReader, place: ProfilePlace): Promise<ProfileFile> {
  const { path, isNamed } = place;
  try {
    return { path, text: await reader.readFile(path) };
  } catch (error) {
    const code = codeOf(error);
    const isAbsent = code === 'ENOENT' || code === 'ENOTDIR' || !(isNamed || (await reader.isThere(path)));
    if (isAbsent) return { path, text: '' };
    throw new Error(
      `the AWS profiles in ${path} cannot be read by the controller (${code}); let its user read this file, or take it away`,
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
