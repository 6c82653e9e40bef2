import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { CommitRequest } from '../../ports/git.ts';

const NO_OBJECT = '0'.repeat(40);

/** Runs git in the folder of one repository. */
export interface GitCommands {
  readonly folder: string;
  run(
    deed: string,
    args: readonly string[],
    more?: { readonly input?: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<string>;
}

/** Builds a commit by plumbing alone: blobs, an index of its own, a tree, the commit. No file is checked out and no hook runs. */
export async function writeCommit(git: GitCommands, request: CommitRequest): Promise<string> {
  const index = join(git.folder, `headgate-index-${request.parent}`);
  const env = { GIT_INDEX_FILE: index };
  try {
    await rm(index, { force: true });
    await git.run('reading the tree', ['read-tree', '--end-of-options', request.parent], { env });
    const lines: string[] = [];
    for (const edit of request.edits) {
      lines.push(
        edit.text === undefined
          ? `0 ${NO_OBJECT}\t${edit.path}`
          : `${await modeOf(git, request.parent, edit.path)} ${await writeBlob(git, edit.text)}\t${edit.path}`,
      );
    }
    await git.run('changing the tree', ['update-index', '-z', '--index-info'], {
      env,
      input: lines.map((line) => `${line}\0`).join(''),
    });
    const tree = (await git.run('writing the tree', ['write-tree', '--missing-ok'], { env })).trim();
    const person = {
      NAME: oneLine(request.author.name),
      EMAIL: oneLine(request.author.email),
      DATE: `@${Math.floor(request.atMs / 1_000)} +0000`,
    };
    const people = Object.fromEntries(
      Object.entries(person).flatMap(([key, value]) => [
        [`GIT_AUTHOR_${key}`, value],
        [`GIT_COMMITTER_${key}`, value],
      ]),
    );
    return (
      await git.run('writing the commit', ['commit-tree', '--no-gpg-sign', tree, '-p', request.parent, '-F', '-'], {
        env: people,
        input: request.message,
      })
    ).trim();
  } finally {
    await rm(index, { force: true });
  }
}

async function writeBlob(git: GitCommands, text: string): Promise<string> {
  return (await git.run('writing a file', ['hash-object', '-w', '--no-filters', '--stdin'], { input: text })).trim();
}

async function modeOf(git: GitCommands, commit: string, path: string): Promise<string> {
  const listed = await git.run('looking at a file', ['ls-tree', '-z', '--full-tree', '--end-of-options', commit, path]);
  return listed.startsWith('100755') ? '100755' : '100644';
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n<>\0]+/g, ' ').trim();
}
