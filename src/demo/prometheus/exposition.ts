import { NAME } from './model.ts';
import type { VectorElement } from './model.ts';

/** More lines than this in one scrape are a defect of the target. */
const LINES_MAX = 10_000;

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y;

/**
 * Reads Prometheus' text exposition format (version 0.0.4). Comments are skipped; a sample's own timestamp is ignored.
 * Throws Error that names the line which cannot be read.
 */
export function parseExposition(text: string): VectorElement[] {
  const lines = text.split('\n');
  if (lines.length > LINES_MAX) throw new Error(`more than ${LINES_MAX} lines`);
  const elements: VectorElement[] = [];
  lines.forEach((line, index) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return;
    const [, name, labels = '', value = ''] = SAMPLE.exec(trimmed) ?? [];
    const parsed = parseLabels(labels);
    if (name === undefined || parsed === undefined)
      throw new Error(`line ${index + 1} is not a sample: ${trimmed.slice(0, 200)}`);
    elements.push({ labels: { [NAME]: name, ...parsed }, value: parseValue(value, index + 1) });
  });
  return elements;
}

function parseLabels(text: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match === null) return undefined;
    labels[match[1] ?? ''] = (match[2] ?? '').replace(/\\(.)/g, (_all, escape: string) =>
      escape === 'n' ? '\n' : escape,
    );
  }
  return labels;
}

function parseValue(text: string, line: number): number {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (Number.isNaN(value) && !/^nan$/i.test(text)) throw new Error(`line ${line} has no number: ${text.slice(0, 50)}`);
  return value;
}
