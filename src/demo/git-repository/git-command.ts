import { execFile } from 'node:child_process';

/** Nothing here takes long; what does hangs. */
const TIMEOUT_MS = 20_000;
const OUTPUT_BYTES_MAX = 4_194_304;

/** Runs git in a directory, untouched by the user's own configuration. Throws Error with git's own words. */
export function git(directory: string, args: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: directory,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Demo Developer',
    GIT_AUTHOR_EMAIL: 'developer@demo.local',
    GIT_COMMITTER_NAME: 'Demo Developer',
    GIT_COMMITTER_EMAIL: 'developer@demo.local',
  };
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      [...args],
      { cwd: directory, env, timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout.trimEnd());
        else if ('code' in error && error.code === 'ENOENT')
          reject(new Error('the demo needs git; install it and start again'));
        else reject(new Error(`git ${args[0]} failed: ${stderr.trim() || error.message}`));
      },
    );
  });
}
