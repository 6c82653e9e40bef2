import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appendDocument, removeDocument, splitDocuments } from './yaml-documents.ts';

const texts = (file: string): readonly string[] => splitDocuments(file).map((document) => document.text);

describe('documents of a YAML file', () => {
  it('are split at lines that start with three dashes, and know their first line', () => {
    const file = '# top\na: 1\n---\nb: 2\n--- # note\nc: 3\n';

    assert.deepEqual(texts(file), ['# top\na: 1\n', 'b: 2\n', 'c: 3\n']);
    assert.deepEqual(
      splitDocuments(file).map((document) => document.line),
      [1, 4, 6],
    );
  });

  it('keep what follows the dashes on the same line, and dashes within text', () => {
    assert.deepEqual(texts('--- {a: 1}\n---\nb: |\n  ---\n  x\n'), [' {a: 1}\n', 'b: |\n  ---\n  x\n']);
  });

  it('are not made of comments and blank lines alone', () => {
    assert.deepEqual(texts('# only a comment\n---\n\n---\na: 1\n...\n'), ['a: 1\n']);
    assert.deepEqual(texts(''), []);
  });

  it('stand at their offsets', () => {
    const file = 'a: 1\n---\nb: 2';
    for (const document of splitDocuments(file)) assert.equal(file.slice(document.start, document.end), document.text);
  });

  for (const [index, left] of ['b: 2\n---\nc: 3\n', 'a: 1\n---\nc: 3\n', 'a: 1\n---\nb: 2\n'].entries()) {
    it(`can be removed with one separator (${index + 1} of 3)`, () => {
      const file = 'a: 1\n---\nb: 2\n---\nc: 3\n';
      const document = splitDocuments(file)[index];
      assert.ok(document);

      assert.equal(removeDocument(file, document), left);
    });
  }

  it('leave no file when the last one goes, and can be added again', () => {
    const [only] = splitDocuments('a: 1\n');
    assert.ok(only);

    assert.equal(removeDocument('a: 1\n', only), undefined);
    assert.equal(appendDocument('a: 1', 'b: 2\n'), 'a: 1\n---\nb: 2\n');
    assert.equal(appendDocument('', 'b: 2\n'), 'b: 2\n');
  });
});
