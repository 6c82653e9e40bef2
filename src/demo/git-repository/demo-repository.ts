import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { git } from './git-command.ts';

export interface Commit {
  readonly sha: string;
  readonly subject: string;
  readonly author: string;
}

/** The demo's developer and the bare repository that the controller pulls from and pushes to. */
export interface DemoRepository {
  readonly url: string;
  readonly branch: string;
  readonly bareDirectory: string;
  /** Changes the image in the Rollout's manifest to this tag on top of the branch's head, and pushes; answers the commit. */
  readonly commitTag: (tag: string, subject: string) => Promise<string>;
  /** Commits of the branch in the bare repository, newest first. */
  readonly log: (count: number) => Promise<readonly Commit[]>;
  readonly head: () => Promise<string>;
  /** The tree of a commit: equal trees are equal contents. */
  readonly treeOf: (sha: string) => Promise<string>;
  /** The whole message of a commit. */
  readonly messageOf: (sha: string) => Promise<string>;
  readonly fileAt: (sha: string, path: string) => Promise<string>;
}

export interface DemoRepositoryOptions {
  /** An empty directory that will hold the bare repository and the developer's clone. */
  readonly directory: string;
  /** Copied into the first commit. */
  readonly manifestsDirectory: string;
  /** The manifest, relative to the repository, whose image changes. */
  readonly rolloutPath: string;
  readonly image: string;
}

const BRANCH = 'main';
/** The controller may push between our fetch and our push; then the commit is made again on top of what it pushed. */
const PUSH_TRIES_MAX = 5;

/** Makes a bare repository whose first commit holds the manifests. Throws Error when git is absent or fails. */
export async function createDemoRepository(options: DemoRepositoryOptions): Promise<DemoRepository> {
  const bare = join(options.directory, 'shop.git');
  const work = join(options.directory, 'developer');
  await mkdir(bare, { recursive: true });
  await mkdir(work, { recursive: true });
  await git(bare, ['init', '--quiet', '--bare', `--initial-branch=${BRANCH}`]);
  await git(work, ['init', '--quiet', `--initial-branch=${BRANCH}`]);
  await git(work, ['remote', 'add', 'origin', bare]);
  await cp(options.manifestsDirectory, work, { recursive: true });
  await git(work, ['add', '--all']);
  await git(work, ['commit', '--quiet', '-m', 'Deploy the shop']);
  await git(work, ['push', '--quiet', 'origin', BRANCH]);

  async function commitTag(tag: string, subject: string): Promise<string> {
    for (let tries = 1; ; tries++) {
      await git(work, ['fetch', '--quiet', 'origin', BRANCH]);
      await git(work, ['reset', '--quiet', '--hard', `origin/${BRANCH}`]);
      await setTag(join(work, options.rolloutPath), options.image, tag);
      await git(work, ['commit', '--quiet', '--all', '-m', subject]);
      try {
        await git(work, ['push', '--quiet', 'origin', BRANCH]);
        return await git(work, ['rev-parse', 'HEAD']);
      } catch (cause) {
        if (tries >= PUSH_TRIES_MAX) throw cause;
      }
    }
  }

  async function log(count: number): Promise<readonly Commit[]> {
    const text = await git(bare, ['log', `--max-count=${count}`, '--format=%H%x00%s%x00%an', BRANCH]);
    return text.split('\n').map((line) => {
      const [sha = '', subject = '', author = ''] = line.split('\0');
      return { sha, subject, author };
    });
  }

  return {
    url: pathToFileURL(bare).href,
    branch: BRANCH,
    bareDirectory: bare,
    commitTag,
    log,
    head: () => git(bare, ['rev-parse', BRANCH]),
    treeOf: (sha) => git(bare, ['rev-parse', `${sha}^{tree}`]),
    messageOf: (sha) => git(bare, ['log', '--max-count=1', '--format=%B', sha]),
    fileAt: (sha, path) => git(bare, ['show', `${sha}:${path}`]),
  };
}

async function setTag(file: string, image: string, tag: string): Promise<void> {
  const before = await readFile(file, 'utf8');
  const after = before.replaceAll(new RegExp(`${image.replace(/[.\\/]/g, '\\$&')}:[\\w.-]+`, 'g'), `${image}:${tag}`);
  if (after === before)
    throw new Error(`${file} does not change with ${image}:${tag}: it is there already, or the image is not`);
  await writeFile(file, after);
}
