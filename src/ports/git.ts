/**
 * Git, YAML and Kustomize as the Git loop sees them. A repository is hostile input: implementations run no hooks, no
 * filters, no submodules and no checkout of the tree, and bound the time and the bytes of every call.
 */
export interface Git {
  /** Names a repository; nothing is contacted yet. Equal `cacheKey` and `url` share one cache on disk. */
  open(remote: GitRemote): GitRepository;
  /** Removes the caches of all other remotes, except what another process may be using. Throws when the disk refuses. */
  keepOnly(remotes: readonly Pick<GitRemote, 'cacheKey' | 'url'>[]): Promise<void>;
}

export interface GitRemote {
  /** One owner works on a cache at a time; `namespace/name` of the GitSource. */
  readonly cacheKey: string;
  readonly url: string;
  readonly branch: string;
  readonly credentials?: GitCredentials;
}

/** What a credentials Secret holds. Nothing of it ever reaches an argument list, a URL, a log or a message. */
export interface GitCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly bearerToken?: string;
  /** An OpenSSH private key without a passphrase. */
  readonly identity?: string;
  /** Lines of an OpenSSH known_hosts file; required for ssh. */
  readonly knownHosts?: string;
  /** PEM certificates to trust for https, instead of the system's. */
  readonly certificateAuthority?: string;
}

/** All calls throw GitError. Commits are full hexadecimal object ids; paths are relative to the root, with `/`. */
export interface GitRepository {
  /** The commit that the branch points at on the server (one `ls-remote`). */
  head(): Promise<string>;
  /** Makes a commit's tree readable, as shallow and sparse as the server allows. */
  fetch(commit: string): Promise<void>;
  /** Regular files, symbolic links and submodules under any of the folders or files (all of the tree for ''). */
  entries(commit: string, paths: readonly string[]): Promise<readonly TreeEntry[]>;
  /** Contents by object id, UTF-8. An object over the size limit maps to undefined. */
  contents(objects: readonly string[]): Promise<ReadonlyMap<string, string | undefined>>;
  /**
   * First-parent commits after `from` up to and including `to` that touch one of the paths, the latest first. Reads more history
   * from the server if it is needed; undefined when `from` is no ancestor of `to`.
   */
  history(range: {
    readonly from: string;
    readonly to: string;
    readonly paths: readonly string[];
  }): Promise<readonly GitCommit[] | undefined>;
  /** Regular files that differ between two commits under the paths. */
  changes(range: {
    readonly from: string;
    readonly to: string;
    readonly paths: readonly string[];
  }): Promise<readonly FileChange[]>;
  /** Writes a commit on top of `parent` into the cache; the same request gives the same id. */
  commit(request: CommitRequest): Promise<string>;
  /** Pushes a commit to the branch, fast-forward only. */
  push(commit: string): Promise<void>;
}

export interface TreeEntry {
  readonly path: string;
  readonly object: string;
  readonly type: 'file' | 'executable' | 'symlink' | 'submodule';
}

export interface GitCommit {
  readonly id: string;
  /** The first parent; absent at a root commit. */
  readonly parent?: string;
  readonly message: string;
}

export interface FileChange {
  readonly path: string;
  /** Object ids; absent when the file does not exist on that side. */
  readonly before?: string;
  readonly after?: string;
}

export interface CommitRequest {
  readonly parent: string;
  readonly edits: readonly FileEdit[];
  readonly message: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly atMs: number;
}

export interface FileEdit {
  readonly path: string;
  /** The whole new content; undefined deletes the file. */
  readonly text: string | undefined;
}

export type GitErrorReason =
  | 'unreachable' // no connection, or the server failed: try again
  | 'timeout'
  | 'auth-failed' // the credentials are missing or refused
  | 'host-key' // the ssh host key is unknown or changed
  | 'repository-not-found'
  | 'ref-not-found'
  | 'protocol-refused' // the URL's protocol is not allowed
  | 'too-large'
  | 'moved' // a push lost against somebody else's
  | 'declined' // the server refuses the push: a protected branch or a hook
  | 'failed';

/** Thrown by repositories. The message names the host and never holds a secret. */
export interface GitError extends Error {
  readonly name: 'GitError';
  readonly reason: GitErrorReason;
}

/** Parses one YAML document with Kubernetes' scalar rules. */
export interface YamlParser {
  /** `line` counts from 1 within the text. */
  parse(text: string): { readonly value: unknown } | { readonly error: string; readonly line: number };
}

export interface Kustomize {
  /**
   * Renders a folder of the given files, without network, plug-ins or files from elsewhere. The caller has checked that they hold local
   * references only. Throws KustomizeError.
   */
  build(files: ReadonlyMap<string, string>, directory: string): Promise<string>;
}

export interface KustomizeError extends Error {
  readonly name: 'KustomizeError';
  readonly reason: 'absent' | 'timeout' | 'too-large' | 'failed';
}
