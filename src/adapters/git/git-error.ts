import { redact } from '../../lib/redact.ts';
import type { GitError, GitErrorReason } from '../../ports/git.ts';

const MESSAGE_CHARACTERS_MAX = 400;

/** What git wrote to stderr (or, for a push, its porcelain lines), and the reason that it stands for; the first match wins. */
const PATTERNS: readonly (readonly [RegExp, GitErrorReason])[] = [
  [/transport '[^']*' not allowed/i, 'protocol-refused'],
  [
    /protected branch|pre-receive hook declined|hook declined|GH00\d|not allowed to (force )?push|deny updating/i,
    'declined',
  ],
  [
    /\[rejected\]|non-fast-forward|fetch first|incorrect old value|cannot lock ref|failed to update ref|reference already exists/i,
    'moved',
  ],
  [/host key verification failed|host key is (unknown|not)|remote host identification/i, 'host-key'],
  [
    /authentication failed|could not read (username|password)|permission denied|returned error: 40[13]|access denied|terminal prompts disabled/i,
    'auth-failed',
  ],
  [/couldn't find remote ref|remote ref does not exist/i, 'ref-not-found'],
  [
    /repository not found|returned error: 404|does not appear to be a git repository|repository '.*' (not found|does not exist)/i,
    'repository-not-found',
  ],
  [
    /could not resolve|failed to connect|couldn't connect|connection (refused|reset|timed out|closed)|timed out|unreachable|no route to host|returned error: 5\d\d|early eof|hung up|empty reply|ssl|tls|unable to access|could not read from remote/i,
    'unreachable',
  ],
  [/\[remote rejected\]/i, 'declined'],
];

/** An error of Git, its reason taken from git's own words. `secrets` are blotted out wherever they turn up. */
export function gitErrorFrom(deed: string, output: string, secrets: readonly string[]): GitError {
  const reason = PATTERNS.find(([pattern]) => pattern.test(output))?.[1] ?? 'failed';
  return gitError(reason, `${deed}: ${telling(clean(output, secrets))}`);
}

export function gitError(reason: GitErrorReason, message: string): GitError {
  return Object.assign(new Error(message), { name: 'GitError' as const, reason });
}

/** Without secrets and without the user part of any URL. What is shorter than three characters stands in every text. */
function clean(text: string, secrets: readonly string[]): string {
  const withoutUsers = text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^/\s@]*@/gi, '$1');
  return redact(
    withoutUsers,
    secrets.filter(({ length }) => length >= 3),
  );
}

/** The lines that say what went wrong, without progress and hints. */
function telling(output: string): string {
  const lines = output.split(/[\r\n]+/).map((line) => line.trim());
  const wanted = lines.filter(
    (line) => /^(fatal|error|remote|!|ssh|Host key|.*denied)/i.test(line) && line !== 'remote:',
  );
  const chosen = (wanted.length > 0 ? wanted : lines.filter((line) => line !== '')).join('; ');
  if (chosen === '') return 'git said nothing';
  return chosen.length > MESSAGE_CHARACTERS_MAX ? `${chosen.slice(0, MESSAGE_CHARACTERS_MAX)}…` : chosen;
}
